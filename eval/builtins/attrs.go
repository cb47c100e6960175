package builtins

import (
	"cmp"
	"slices"

	"gonix.dev/gonix/eval"
)

func attrSets() []eval.Builtin {
	return append(global(op2("removeAttrs", 0, removeAttrs)),
		op1("attrNames", 0, attrNames),
		op1("attrValues", 0, attrValues),
		op2("getAttr", 0, getAttr),
		op2("hasAttr", 0, hasAttr),
		op2("unsafeGetAttrPos", 0, unsafeGetAttrPos),
		op1("listToAttrs", 0, listToAttrs),
		op2("intersectAttrs", 0, intersectAttrs),
		op2("catAttrs", 0, catAttrs),
		op1("functionArgs", 0, functionArgs),
		op2("mapAttrs", 0, mapAttrs),
		op2("zipAttrsWith", 0, zipAttrsWith),
	)
}

func attrNames(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, pos, "while evaluating the argument passed to builtins.attrNames")
	if err != nil {
		return eval.Value{}, err
	}
	attrs := st.Sorted(set)
	out := st.NewElems(len(attrs))
	for i, at := range attrs {
		out[i] = st.SymValue(at.Sym)
	}
	return st.NewList(out), nil
}

func attrValues(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, pos, "while evaluating the argument passed to builtins.attrValues")
	if err != nil {
		return eval.Value{}, err
	}
	attrs := st.Sorted(set)
	out := st.NewElems(len(attrs))
	for i, at := range attrs {
		out[i] = *at.Value
	}
	return st.NewList(out), nil
}

func getAttr(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	name, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.getAttr")
	if err != nil {
		return eval.Value{}, err
	}
	set, err := st.ForceAttrs(b, pos, "while evaluating the second argument passed to builtins.getAttr")
	if err != nil {
		return eval.Value{}, err
	}
	slot := st.Get(set, name)
	if slot == nil {
		return eval.Value{}, st.MissingAttr(set, name, 0).AddTrace(0, "in the attribute set under consideration")
	}
	return st.ForceSlot(slot)
}

func hasAttr(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	name, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.hasAttr")
	if err != nil {
		return eval.Value{}, err
	}
	set, err := st.ForceAttrs(b, pos, "while evaluating the second argument passed to builtins.hasAttr")
	if err != nil {
		return eval.Value{}, err
	}
	return eval.Bool(st.Get(set, name) != nil), nil
}

func unsafeGetAttrPos(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	name, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.unsafeGetAttrPos")
	if err != nil {
		return eval.Value{}, err
	}
	set, err := st.ForceAttrs(b, pos, "while evaluating the second argument passed to builtins.unsafeGetAttrPos")
	if err != nil {
		return eval.Value{}, err
	}
	at := set.GetAttr(st.Sym(name))
	if at.Value == nil {
		return eval.Null, nil
	}
	return st.PosValue(at.Pos), nil
}

func removeAttrs(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, pos, "while evaluating the first argument passed to builtins.removeAttrs")
	if err != nil {
		return eval.Value{}, err
	}
	names, err := st.ForceList(b, pos, "while evaluating the second argument passed to builtins.removeAttrs")
	if err != nil {
		return eval.Value{}, err
	}
	drop := make([]eval.Sym, 0, len(names))
	for i := range names {
		name, err := st.ForceStringNoContext(names[i], pos, "while evaluating the values of the second argument passed to builtins.removeAttrs")
		if err != nil {
			return eval.Value{}, err
		}
		drop = append(drop, st.Sym(name))
	}
	slices.Sort(drop)
	out := st.NewAttrs(set.Len())
	for _, at := range set.All() {
		if _, found := slices.BinarySearch(drop, at.Sym); !found {
			out.Add(at.Sym, at.Pos, *at.Value)
		}
	}
	return out.Value(), nil
}

func listToAttrs(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	elems, err := st.ForceList(a, pos, "while evaluating the argument passed to builtins.listToAttrs")
	if err != nil {
		return eval.Value{}, err
	}
	const what = "in a {name=...; value=...;} pair"
	out := st.NewAttrs(len(elems))
	nameSym, valueSym := st.Sym("name"), st.Sym("value")
	var seen map[eval.Sym]bool // of long lists
	if len(elems) > 16 {
		seen = make(map[eval.Sym]bool, len(elems))
	}
	for i := range elems {
		pair, err := st.ForceAttrs(elems[i], pos, "while evaluating an element of the list passed to builtins.listToAttrs")
		if err != nil {
			return eval.Value{}, err
		}
		n := pair.GetAttr(nameSym)
		if n.Value == nil {
			return eval.Value{}, st.MissingAttr(pair, "name", 0).AddTrace(0, what)
		}
		name, err := st.ForceStringNoContext(*n.Value, n.Pos, "while evaluating the `name` attribute of an element of the list passed to builtins.listToAttrs")
		if err != nil {
			return eval.Value{}, err
		}
		k := st.Sym(name)
		if seen == nil && out.Has(k) || seen[k] {
			continue
		}
		if seen != nil {
			seen[k] = true
		}
		v := pair.GetAttr(valueSym)
		if v.Value == nil {
			return eval.Value{}, st.MissingAttr(pair, "value", 0).AddTrace(0, what)
		}
		out.Add(k, v.Pos, *v.Value)
	}
	return out.Value(), nil
}

func intersectAttrs(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	x, err := st.ForceAttrs(a, pos, "while evaluating the first argument passed to builtins.intersectAttrs")
	if err != nil {
		return eval.Value{}, err
	}
	y, err := st.ForceAttrs(b, pos, "while evaluating the second argument passed to builtins.intersectAttrs")
	if err != nil {
		return eval.Value{}, err
	}
	return st.Intersect(x, y), nil
}

func catAttrs(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	name, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.catAttrs")
	if err != nil {
		return eval.Value{}, err
	}
	elems, err := st.ForceList(b, pos, "while evaluating the second argument passed to builtins.catAttrs")
	if err != nil {
		return eval.Value{}, err
	}
	k := st.Sym(name)
	var out []eval.Value
	for i := range elems {
		set, err := st.ForceAttrs(elems[i], pos, "while evaluating an element in the list passed as second argument to builtins.catAttrs")
		if err != nil {
			return eval.Value{}, err
		}
		if v := set.GetSym(k); v != nil {
			out = append(out, *v)
		}
	}
	return st.NewList(out), nil
}

func functionArgs(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	a, err := st.Force(a)
	if err != nil {
		return eval.Value{}, err
	}
	v, ok := st.FunctionArgs(a)
	if !ok {
		return eval.Value{}, st.Errorf(eval.ErrType, pos, "'functionArgs' requires a function")
	}
	return v, nil
}

func mapAttrs(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, pos, "while evaluating the second argument passed to builtins.mapAttrs")
	if err != nil {
		return eval.Value{}, err
	}
	out := st.NewElems(set.Len())
	for i, at := range set.All() {
		out[i] = st.Lazy2(f, st.SymValue(at.Sym), *at.Value)
	}
	return st.WithValues(set, out), nil
}

func zipAttrsWith(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
	if _, err := st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.zipAttrsWith"); err != nil {
		return eval.Value{}, err
	}
	sets, err := st.ForceList(a, pos, "while evaluating the second argument passed to builtins.zipAttrsWith")
	if err != nil {
		return eval.Value{}, err
	}
	type group struct {
		sym  eval.Sym
		vals []eval.Value
	}
	index := make(map[eval.Sym]int)
	var groups []group
	for i := range sets {
		set, err := st.ForceAttrs(sets[i], 0, "while evaluating a value of the list passed as second argument to builtins.zipAttrsWith")
		if err != nil {
			return eval.Value{}, err
		}
		for _, at := range set.All() {
			j, ok := index[at.Sym]
			if !ok {
				j = len(groups)
				index[at.Sym] = j
				groups = append(groups, group{sym: at.Sym})
			}
			groups[j].vals = append(groups[j].vals, *at.Value)
		}
	}
	slices.SortFunc(groups, func(x, y group) int { return cmp.Compare(x.sym, y.sym) })
	out := st.NewAttrs(len(groups))
	for _, g := range groups {
		out.Add(g.sym, 0, st.Lazy2(f, st.SymValue(g.sym), st.NewList(g.vals)))
	}
	return out.Value(), nil
}
