package builtins

import (
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/flakeref"
)

func flakes() []eval.Builtin {
	return feature("flakes",
		op1("getFlake", 0, getFlake),
		op1("parseFlakeRef", 0, parseFlakeRef),
		op1("flakeRefToString", 0, flakeRefToString),
	)
}

// getFlake checks its argument; locking and fetching flakes is yet to come.
func getFlake(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	a, err := st.Force(a)
	if err != nil {
		return eval.Value{}, err
	}
	name := ""
	if a.Kind() == eval.KindPath {
		name = a.AsPath()
	} else {
		if name, err = st.ForceStringNoContext(a, pos, "while evaluating the argument passed to builtins.getFlake"); err != nil {
			return eval.Value{}, err
		}
		if _, perr := flakeref.Parse(name); perr != nil {
			return eval.Value{}, st.Errorf(eval.ErrEval, 0, "%s", perr)
		}
	}
	return eval.Value{}, st.Errorf(eval.ErrUnsupported, 0, "gonix cannot fetch flakes yet, such as '%s'", name)
}

func parseFlakeRef(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	s, err := st.ForceStringNoContext(a, pos, "while evaluating the argument passed to builtins.parseFlakeRef")
	if err != nil {
		return eval.Value{}, err
	}
	ref, perr := flakeref.Parse(s)
	if perr != nil {
		return eval.Value{}, st.Errorf(eval.ErrEval, 0, "%s", perr)
	}
	attrs := ref.Attrs()
	out := st.NewAttrs(len(attrs))
	for k, v := range attrs {
		switch v := v.(type) {
		case string:
			out.Set(k, st.NewString(v, nil))
		case uint64:
			out.Set(k, eval.Int(int64(v)))
		case bool:
			out.Set(k, eval.Bool(v))
		}
	}
	return out.Value(), nil
}

func flakeRefToString(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, pos, "while evaluating the argument passed to builtins.flakeRefToString")
	if err != nil {
		return eval.Value{}, err
	}
	attrs := make(flakeref.Attrs)
	for _, at := range st.Sorted(set) {
		v, err := st.ForceSlot(at.Value)
		if err != nil {
			return eval.Value{}, err
		}
		name := st.SymName(at.Sym)
		switch v.Kind() {
		case eval.KindInt:
			if v.AsInt() < 0 {
				return eval.Value{}, st.Errorf(eval.ErrEval, 0, "negative value given for flake ref attr %s: %d", name, v.AsInt())
			}
			attrs[name] = uint64(v.AsInt())
		case eval.KindBool:
			attrs[name] = v.AsBool()
		case eval.KindString:
			attrs[name] = v.AsString()
		default:
			return eval.Value{}, st.Errorf(eval.ErrEval, 0, "flake reference attribute sets may only contain integers, Booleans, "+
				"and strings, but attribute '%s' is %s", name, st.ShowType(v))
		}
	}
	ref, perr := flakeref.FromAttrs(attrs)
	if perr != nil {
		return eval.Value{}, st.Errorf(eval.ErrEval, 0, "%s", perr)
	}
	url, perr := ref.URL()
	if perr != nil {
		return eval.Value{}, st.Errorf(eval.ErrEval, 0, "%s", perr)
	}
	return st.NewString(url, nil), nil
}
