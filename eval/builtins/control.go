package builtins

import (
	"fmt"

	"gonix.dev/gonix/eval"
)

func control() []eval.Builtin {
	return append(global(
		noTrace(op1("import", 0, importFile)),
		noTrace(op2("scopedImport", 0, scopedImport)),
		op1("abort", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, _, err := st.CoerceToString(a, pos, "while evaluating the error message passed to builtins.abort", 0)
			if err != nil {
				return eval.Value{}, err
			}
			return eval.Value{}, st.Errorf(eval.ErrAbort, 0, "evaluation aborted with the following error message: '%s'", s)
		}),
		op1("throw", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, _, err := st.CoerceToString(a, pos, "while evaluating the error message passed to builtin.throw", 0)
			if err != nil {
				return eval.Value{}, err
			}
			return eval.Value{}, st.Errorf(eval.ErrThrow, 0, "%s", s)
		}),
		op1("break", 0, func(st *eval.State, _ eval.Pos, a eval.Value) (eval.Value, *eval.Error) { return st.Force(a) }),
	),
		noTrace(op2("addErrorContext", 0, addErrorContext)),
		op1("tryEval", 0, tryEval),
		op2("seq", 1, func(st *eval.State, _ eval.Pos, _, b eval.Value) (eval.Value, *eval.Error) { return st.Force(b) }),
		op2("deepSeq", 0, func(st *eval.State, _ eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
			if _, err := st.ForceDeep(a); err != nil {
				return eval.Value{}, err
			}
			return st.Force(b)
		}),
		noTrace(op2("trace", 1, trace)),
		noTrace(op2("traceVerbose", 0, func(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
			if !st.Options().TraceVerbose {
				return st.Force(b)
			}
			a, err := st.Force(a)
			if err != nil {
				return eval.Value{}, err
			}
			return trace(st, pos, a, b)
		})),
		op2("warn", 0, warn),
		op1("getEnv", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			name, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.getEnv")
			if err != nil {
				return eval.Value{}, err
			}
			if st.Options().Pure || st.Options().Restricted {
				return eval.EmptyString, nil
			}
			s, _ := st.Options().World.Getenv(name)
			return eval.String(s), nil
		}),
	)
}

// importPath turns the argument of import into a file that is there.
func importPath(st *eval.State, pos eval.Pos, a eval.Value) (string, *eval.Error) {
	return realisePath(st, a, pos)
}

func importFile(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	name, err := importPath(st, pos, a)
	if err != nil {
		return eval.Value{}, err
	}
	if v, ok, err := importDerivation(st, name, pos); ok || err != nil {
		return v, err
	}
	return st.EvalFile(name, pos)
}

func scopedImport(st *eval.State, pos eval.Pos, scope, a eval.Value) (eval.Value, *eval.Error) {
	name, err := importPath(st, pos, a)
	if err != nil {
		return eval.Value{}, err
	}
	vars, err := st.ForceAttrs(scope, pos, "while evaluating the first argument passed to builtins.scopedImport")
	if err != nil {
		return eval.Value{}, err
	}
	return st.EvalFileIn(name, pos, vars)
}

func addErrorContext(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	v, err := st.Force(b)
	if err == nil {
		return v, nil
	}
	msg, _, err2 := st.CoerceToString(a, pos, "while evaluating the error message passed to builtins.addErrorContext", 0)
	if err2 != nil {
		return eval.Value{}, err2
	}
	err.Trace = append(err.Trace, eval.Frame{Msg: msg, Forced: true})
	return eval.Value{}, err
}

func tryEval(st *eval.State, _ eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	v, err := st.Force(a)
	if err == nil {
		return st.NewAttrs(2).Set("success", eval.True).Set("value", v).Value(), nil
	}
	if err.Kind != eval.ErrThrow && err.Kind != eval.ErrAssert {
		return eval.Value{}, err
	}
	return st.NewAttrs(2).Set("success", eval.False).Set("value", eval.False).Value(), nil
}

func trace(st *eval.State, _ eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	var msg string
	if a.Kind() == eval.KindString {
		msg = a.AsString()
	} else {
		msg = st.ShowForTrace(a)
	}
	if st.Options().Trace != nil {
		st.Options().Trace(msg)
	}
	return st.Force(b)
}

func warn(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	msg, _, err := st.ForceString(a, pos, "while evaluating the first argument; the message passed to builtins.warn")
	if err != nil {
		return eval.Value{}, err
	}
	if st.Options().AbortOnWarn {
		return eval.Value{}, st.Errorf(eval.ErrAbort, pos, "%s", "aborting to reveal stack trace of warning, as abort-on-warn is set")
	}
	st.Warn("%s", "evaluation warning: "+msg)
	return st.Force(b)
}

// argument words what an argument is needed for, as Nix does.
func argument(n int, builtin string) string {
	return fmt.Sprintf("while evaluating the %s argument passed to builtins.%s", [...]string{"first", "second", "third"}[n-1], builtin)
}
