package builtins

import "gonix.dev/gonix/eval"

// outputOf names an output of a derivation that is itself an output, or may be.
func outputOf(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	const doing = "while evaluating the first argument to builtins.outputOf"
	s, ctx, err := st.ForceString(a, pos, doing)
	if err != nil {
		return eval.Value{}, err
	}
	fail := func(format string, args ...any) (eval.Value, *eval.Error) {
		return eval.Value{}, st.Errorf(eval.ErrEval, 0, format, args...).AddTrace(pos, doing)
	}
	elems := ctx.Elems()
	if len(elems) != 1 {
		return fail("string '%s' has %d entries in its context. It should only have exactly one entry", s, len(elems))
	}
	base := elems[0]
	if base.Kind == eval.ContextDrvDeep {
		return fail("string '%s' has a context which refers to a complete source and binary closure. This is not supported at this time", s)
	}
	expected, err := derivedPathString(st, base)
	if err != nil {
		return eval.Value{}, err
	}
	if s != expected {
		if base.Kind == eval.ContextPath {
			return fail("path string '%s' has context with the different path '%s'", s, expected)
		}
		return fail("string '%s' has context with the output '%s' from derivation '%s', but the string is not the right placeholder for this derivation output. It should be '%s'",
			s, base.Output, base.Path, expected)
	}
	name, err := st.ForceStringNoContext(b, pos, "while evaluating the second argument to builtins.outputOf")
	if err != nil {
		return eval.Value{}, err
	}
	out := st.ContextElem(eval.ContextOutput, base.Path, name, nil)
	if base.Kind == eval.ContextOutput {
		out = st.ContextElem(eval.ContextOutput, "", name, base)
	}
	text, err := derivedPathString(st, out)
	if err != nil {
		return eval.Value{}, err
	}
	return st.NewString(text, eval.NewContext(out)), nil
}

// derivedPathString is the text of a string that refers to e alone: a store path,
// or a placeholder where that is not known.
func derivedPathString(st *eval.State, e *eval.ContextElem) (string, *eval.Error) {
	if e.Kind == eval.ContextPath {
		return e.Path, nil
	}
	if e.Base == nil {
		p, perr := st.StoreDir().Parse(e.Path)
		if perr != nil {
			return "", st.StoreError(perr, 0)
		}
		d, perr := st.Derivation(p)
		if perr != nil {
			return "", st.StoreError(perr, 0)
		}
		o := d.Output(e.Output)
		if o == nil {
			return "", st.Errorf(eval.ErrEval, 0, "derivation '%s' does not have output '%s'", e.Path, e.Output)
		}
		if !o.Path.IsZero() {
			return st.StoreDir().Format(o.Path), nil
		}
	}
	return outputPlaceholder(st, e), nil
}
