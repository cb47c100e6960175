package builtins

import (
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/store"
)

func contexts() []eval.Builtin {
	return []eval.Builtin{
		op1("unsafeDiscardStringContext", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, _, err := st.CoerceToString(a, pos, "while evaluating the argument passed to builtins.unsafeDiscardStringContext", eval.CopyToStore)
			if err != nil {
				return eval.Value{}, err
			}
			return st.NewString(s, nil), nil
		}),
		op1("hasContext", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			_, ctx, err := st.ForceString(a, pos, "while evaluating the argument passed to builtins.hasContext")
			return eval.Bool(ctx != nil), err
		}),
		op1("unsafeDiscardOutputDependency", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, ctx, err := st.CoerceToString(a, pos, "while evaluating the argument passed to builtins.unsafeDiscardOutputDependency", eval.CopyToStore)
			if err != nil {
				return eval.Value{}, err
			}
			elems := ctx.Elems()
			for i, e := range elems {
				if e.Kind == eval.ContextDrvDeep {
					elems[i] = st.ContextElem(eval.ContextPath, e.Path, "", nil)
				}
			}
			return st.NewString(s, eval.NewContext(elems...)), nil
		}),
		op1("addDrvOutputDependencies", 0, addDrvOutputDependencies),
		op1("getContext", 0, getContext),
		op2("appendContext", 0, appendContext),
	}
}

func addDrvOutputDependencies(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	s, ctx, err := st.CoerceToString(a, pos, "while evaluating the argument passed to builtins.addDrvOutputDependencies", eval.CopyToStore)
	if err != nil {
		return eval.Value{}, err
	}
	elems := ctx.Elems()
	if len(elems) != 1 {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "context of string '%s' must have exactly one element, but has %d", s, len(elems))
	}
	switch e := elems[0]; e.Kind {
	case eval.ContextPath:
		if !strings.HasSuffix(e.Path, store.DrvExtension) {
			return eval.Value{}, st.Errorf(eval.ErrEval, pos, "path '%s' is not a derivation", e.Path)
		}
		elems[0] = st.ContextElem(eval.ContextDrvDeep, e.Path, "", nil)
	case eval.ContextOutput:
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "`addDrvOutputDependencies` can only act on derivations, not on a derivation output such as '%s'", e.Output)
	}
	return st.NewString(s, eval.NewContext(elems...)), nil
}

func getContext(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	_, ctx, err := st.ForceString(a, pos, "while evaluating the argument passed to builtins.getContext")
	if err != nil {
		return eval.Value{}, err
	}
	type info struct {
		path, all bool
		outputs   []eval.Value
	}
	infos := make(map[string]*info)
	var order []string
	at := func(path string) *info {
		if infos[path] == nil {
			infos[path] = &info{}
			order = append(order, path)
		}
		return infos[path]
	}
	for _, e := range ctx.Elems() {
		switch e.Kind {
		case eval.ContextPath:
			at(e.Path).path = true
		case eval.ContextDrvDeep:
			at(e.Path).all = true
		default:
			if e.Base != nil {
				return eval.Value{}, st.Errorf(eval.ErrUnsupported, pos, "builtins.getContext cannot show outputs of dynamic derivations")
			}
			i := at(e.Path)
			i.outputs = append(i.outputs, eval.String(e.Output))
		}
	}
	out := st.NewAttrs(len(order))
	for _, path := range order {
		i := infos[path]
		b := st.NewAttrs(3)
		if i.path {
			b.Set("path", eval.True)
		}
		if i.all {
			b.Set("allOutputs", eval.True)
		}
		if len(i.outputs) > 0 {
			b.Set("outputs", st.NewList(i.outputs))
		}
		out.Set(path, b.Value())
	}
	return out.Value(), nil
}

func appendContext(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	s, ctx, err := st.ForceString(a, 0, "while evaluating the first argument passed to builtins.appendContext")
	if err != nil {
		return eval.Value{}, err
	}
	set, err := st.ForceAttrs(b, pos, "while evaluating the second argument passed to builtins.appendContext")
	if err != nil {
		return eval.Value{}, err
	}
	elems := ctx.Elems()
	for _, at := range st.Sorted(set) {
		path := st.SymName(at.Sym)
		if _, perr := st.StoreDir().Parse(path); perr != nil {
			return eval.Value{}, st.Errorf(eval.ErrEval, at.Pos, "context key '%s' is not a store path", path)
		}
		info, err := st.ForceAttrs(*at.Value, at.Pos, "while evaluating the value of a string context")
		if err != nil {
			return eval.Value{}, err
		}
		flag := func(name string) (bool, *eval.Error) {
			v := info.GetAttr(st.Sym(name))
			if v.Value == nil {
				return false, nil
			}
			return st.ForceBool(*v.Value, v.Pos, "while evaluating the `"+name+"` attribute of a string context")
		}
		if is, err := flag("path"); err != nil {
			return eval.Value{}, err
		} else if is {
			elems = append(elems, st.ContextElem(eval.ContextPath, path, "", nil))
		}
		if is, err := flag("allOutputs"); err != nil {
			return eval.Value{}, err
		} else if is {
			if !strings.HasSuffix(path, store.DrvExtension) {
				return eval.Value{}, st.Errorf(eval.ErrEval, at.Pos, "tried to add all-outputs context of %s, which is not a derivation, to a string", path)
			}
			elems = append(elems, st.ContextElem(eval.ContextDrvDeep, path, "", nil))
		}
		outs := info.GetAttr(st.Sym("outputs"))
		if outs.Value == nil {
			continue
		}
		names, err := st.ForceList(*outs.Value, outs.Pos, "while evaluating the `outputs` attribute of a string context")
		if err != nil {
			return eval.Value{}, err
		}
		if len(names) > 0 && !strings.HasSuffix(path, store.DrvExtension) {
			return eval.Value{}, st.Errorf(eval.ErrEval, at.Pos, "tried to add derivation output context of %s, which is not a derivation, to a string", path)
		}
		for i := range names {
			name, err := st.ForceStringNoContext(names[i], outs.Pos, "while evaluating an output name within a string context")
			if err != nil {
				return eval.Value{}, err
			}
			elems = append(elems, st.ContextElem(eval.ContextOutput, path, name, nil))
		}
	}
	return st.NewString(s, eval.NewContext(elems...)), nil
}
