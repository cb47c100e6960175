package builtins

import (
	"slices"

	"gonix.dev/gonix/eval"
)

func lists() []eval.Builtin {
	return append(global(op2("map", 0, mapList)),
		op2("elemAt", 0, elemAt),
		op1("head", 1, head),
		op1("tail", 1, tail),
		op2("filter", 0, filter),
		op2("elem", 0, elem),
		op1("concatLists", 0, concatLists),
		op1("length", 1, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			l, err := st.ForceList(a, pos, "while evaluating the first argument passed to builtins.length")
			return eval.Int(int64(len(l))), err
		}),
		op3("foldl'", 0, foldlStrict),
		anyAll("any", true),
		anyAll("all", false),
		op2("genList", 0, genList),
		op2("sort", 0, sortList),
		op2("partition", 0, partition),
		op2("groupBy", 0, groupBy),
		op2("concatMap", 0, concatMap),
		op1("genericClosure", 0, genericClosure),
	)
}

func mapList(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
	l, err := st.ForceList(a, pos, "while evaluating the second argument passed to builtins.map")
	if err != nil {
		return eval.Value{}, err
	}
	if len(l) == 0 {
		return eval.EmptyList, nil
	}
	if _, err := st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.map"); err != nil {
		return eval.Value{}, err
	}
	out := st.NewElems(len(l))
	for i, v := range l {
		out[i] = st.Lazy1(f, v)
	}
	return st.NewList(out), nil
}

func elemAt(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	n, err := st.ForceInt(b, pos, "while evaluating the second argument passed to builtins.elemAt")
	if err != nil {
		return eval.Value{}, err
	}
	l, err := st.ForceList(a, pos, "while evaluating the first argument passed to 'builtins.elemAt'")
	if err != nil {
		return eval.Value{}, err
	}
	if n < 0 || n >= int64(len(l)) {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "'builtins.elemAt' called with index %d on a list of size %d", n, len(l))
	}
	return st.ForceSlot(&l[n])
}

func head(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	l, err := st.ForceList(a, pos, "while evaluating the first argument passed to 'builtins.head'")
	if err != nil {
		return eval.Value{}, err
	}
	if len(l) == 0 {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "'builtins.head' called on an empty list")
	}
	return st.ForceSlot(&l[0])
}

func tail(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	l, err := st.ForceList(a, pos, "while evaluating the first argument passed to 'builtins.tail'")
	if err != nil {
		return eval.Value{}, err
	}
	if len(l) == 0 {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "'builtins.tail' called on an empty list")
	}
	return st.NewList(l[1:]), nil
}

// callBool calls a predicate.
func callBool(st *eval.State, f, v eval.Value, pos eval.Pos, doing string) (bool, *eval.Error) {
	r, err := st.Call1(f, v, pos)
	if err != nil {
		return false, err
	}
	return st.ForceBool(r, pos, doing)
}

func filter(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
	l, err := st.ForceList(a, pos, "while evaluating the second argument passed to builtins.filter")
	if err != nil {
		return eval.Value{}, err
	}
	if len(l) == 0 {
		return eval.EmptyList, nil
	}
	if f, err = st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.filter"); err != nil {
		return eval.Value{}, err
	}
	out := make([]eval.Value, 0, len(l))
	for i := range l {
		keep, err := callBool(st, f, l[i], pos, "while evaluating the return value of the filtering function passed to builtins.filter")
		if err != nil {
			return eval.Value{}, err
		}
		if keep {
			out = append(out, l[i])
		}
	}
	if len(out) == len(l) {
		return st.Force(a)
	}
	return st.NewList(out), nil
}

func elem(st *eval.State, pos eval.Pos, x, a eval.Value) (eval.Value, *eval.Error) {
	l, err := st.ForceList(a, pos, "while evaluating the second argument passed to builtins.elem")
	if err != nil {
		return eval.Value{}, err
	}
	for i := range l {
		eq, err := st.EqualElems(x, l[i], pos, "while searching for the presence of the given element in the list")
		if err != nil {
			return eval.Value{}, err
		}
		if eq {
			return eval.True, nil
		}
	}
	return eval.False, nil
}

func concatLists(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	l, err := st.ForceList(a, pos, "while evaluating the first argument passed to builtins.concatLists")
	if err != nil {
		return eval.Value{}, err
	}
	return concat(st, l, pos, "while evaluating a value of the list passed to builtins.concatLists")
}

func concat(st *eval.State, l []eval.Value, pos eval.Pos, doing string) (eval.Value, *eval.Error) {
	n := 0
	for i := range l {
		part, err := st.ForceList(l[i], pos, doing)
		if err != nil {
			return eval.Value{}, err
		}
		n += len(part)
	}
	out := st.NewElems(n)[:0]
	for i := range l {
		part, _ := st.ForceList(l[i], pos, doing)
		out = append(out, part...)
	}
	return st.NewList(out), nil
}

func foldlStrict(st *eval.State, pos eval.Pos, f, start, a eval.Value) (eval.Value, *eval.Error) {
	f, err := st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.foldlStrict")
	if err != nil {
		return eval.Value{}, err
	}
	l, err := st.ForceList(a, pos, "while evaluating the third argument passed to builtins.foldlStrict")
	if err != nil {
		return eval.Value{}, err
	}
	acc := start
	for i := range l {
		if acc, err = st.Call2(f, acc, l[i], 0); err != nil {
			return eval.Value{}, err
		}
	}
	return st.Force(acc)
}

// anyAll is any and all: stop is what ends the search.
func anyAll(name string, stop bool) eval.Builtin {
	first, second := argument(1, name), argument(2, name)
	doing := "while evaluating the return value of the function passed to builtins." + name
	return op2(name, 0, func(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
		f, err := st.ForceFunction(f, pos, first)
		if err != nil {
			return eval.Value{}, err
		}
		l, err := st.ForceList(a, pos, second)
		if err != nil {
			return eval.Value{}, err
		}
		for i := range l {
			b, err := callBool(st, f, l[i], pos, doing)
			if err != nil {
				return eval.Value{}, err
			}
			if b == stop {
				return eval.Bool(stop), nil
			}
		}
		return eval.Bool(!stop), nil
	})
}

func genList(st *eval.State, pos eval.Pos, f, n eval.Value) (eval.Value, *eval.Error) {
	size, err := st.ForceInt(n, pos, "while evaluating the second argument passed to builtins.genList")
	if err != nil {
		return eval.Value{}, err
	}
	if size < 0 || size > 1<<27 {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "cannot create list of size %d", size)
	}
	// Forced here so that the result does not depend on whether elements are used.
	if f, err = st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.genList"); err != nil {
		return eval.Value{}, err
	}
	out := st.NewElems(int(size))
	for i := range out {
		out[i] = st.Lazy1(f, eval.Int(int64(i)))
	}
	return st.NewList(out), nil
}

func sortList(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
	l, err := st.ForceList(a, pos, "while evaluating the second argument passed to builtins.sort")
	if err != nil {
		return eval.Value{}, err
	}
	if len(l) == 0 {
		return eval.EmptyList, nil
	}
	if f, err = st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.sort"); err != nil {
		return eval.Value{}, err
	}
	out := make([]eval.Value, len(l))
	for i := range l {
		if out[i], err = st.ForceSlot(&l[i]); err != nil {
			return eval.Value{}, err
		}
	}
	plain := st.IsLessThan(f)
	less := func(x, y eval.Value) (bool, *eval.Error) {
		if plain {
			return st.Less(x, y, pos, "while evaluating the ordering function passed to builtins.sort")
		}
		r, err := st.Call2(f, x, y, 0)
		if err != nil {
			return false, err
		}
		return st.ForceBool(r, pos, "while evaluating the return value of the sorting function passed to builtins.sort")
	}
	if out, err = mergeSort(out, less); err != nil {
		return eval.Value{}, err
	}
	return st.NewList(out), nil
}

// mergeSort sorts stably, using runs that are sorted already. Whatever less
// answers, every element comes out exactly once.
func mergeSort(vals []eval.Value, less func(x, y eval.Value) (bool, *eval.Error)) ([]eval.Value, *eval.Error) {
	if len(vals) < 2 {
		return vals, nil
	}
	var bounds []int // starts of ascending runs
	for i := 0; i < len(vals); {
		bounds = append(bounds, i)
		j := i + 1
		if j == len(vals) {
			break
		}
		down, err := less(vals[j], vals[j-1])
		if err != nil {
			return nil, err
		}
		j++
		for ; j < len(vals); j++ {
			lt, err := less(vals[j], vals[j-1])
			if err != nil {
				return nil, err
			}
			if lt != down {
				break
			}
		}
		if down {
			for x, y := i, j-1; x < y; x, y = x+1, y-1 {
				vals[x], vals[y] = vals[y], vals[x]
			}
		}
		i = j
	}
	buf := make([]eval.Value, len(vals))
	for len(bounds) > 1 {
		var next []int
		for i := 0; i < len(bounds); i += 2 {
			lo, hi := bounds[i], len(vals)
			next = append(next, lo)
			if i+1 == len(bounds) {
				copy(buf[lo:], vals[lo:])
				break
			}
			mid := bounds[i+1]
			if i+2 < len(bounds) {
				hi = bounds[i+2]
			}
			x, y, o := lo, mid, lo
			for ; x < mid && y < hi; o++ {
				lt, err := less(vals[y], vals[x])
				if err != nil {
					return nil, err
				}
				if lt {
					buf[o] = vals[y]
					y++
				} else {
					buf[o] = vals[x]
					x++
				}
			}
			o += copy(buf[o:], vals[x:mid])
			copy(buf[o:], vals[y:hi])
		}
		vals, buf = buf, vals
		bounds = next
	}
	return vals, nil
}

func partition(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
	f, err := st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.partition")
	if err != nil {
		return eval.Value{}, err
	}
	l, err := st.ForceList(a, pos, "while evaluating the second argument passed to builtins.partition")
	if err != nil {
		return eval.Value{}, err
	}
	var right, wrong []eval.Value
	for i := range l {
		is, err := callBool(st, f, l[i], pos, "while evaluating the return value of the partition function passed to builtins.partition")
		if err != nil {
			return eval.Value{}, err
		}
		if is {
			right = append(right, l[i])
		} else {
			wrong = append(wrong, l[i])
		}
	}
	return st.NewAttrs(2).Set("right", st.NewList(right)).Set("wrong", st.NewList(wrong)).Value(), nil
}

func groupBy(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
	f, err := st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.groupBy")
	if err != nil {
		return eval.Value{}, err
	}
	l, err := st.ForceList(a, pos, "while evaluating the second argument passed to builtins.groupBy")
	if err != nil {
		return eval.Value{}, err
	}
	groups := make(map[string][]eval.Value)
	var names []string
	for i := range l {
		r, err := st.Call1(f, l[i], pos)
		if err != nil {
			return eval.Value{}, err
		}
		name, err := st.ForceStringNoContext(r, pos, "while evaluating the return value of the grouping function passed to builtins.groupBy")
		if err != nil {
			return eval.Value{}, err
		}
		if _, ok := groups[name]; !ok {
			names = append(names, name)
		}
		groups[name] = append(groups[name], l[i])
	}
	out := st.NewAttrs(len(names))
	for _, name := range names {
		out.Set(name, st.NewList(groups[name]))
	}
	return out.Value(), nil
}

func concatMap(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
	f, err := st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.concatMap")
	if err != nil {
		return eval.Value{}, err
	}
	l, err := st.ForceList(a, pos, "while evaluating the second argument passed to builtins.concatMap")
	if err != nil {
		return eval.Value{}, err
	}
	parts := make([]eval.Value, len(l))
	at := st.FunctionPos(f)
	for i := range l {
		if parts[i], err = st.Call1(f, l[i], pos); err != nil {
			return eval.Value{}, err
		}
		if _, err := st.ForceList(parts[i], at, "while evaluating the return value of the function passed to builtins.concatMap"); err != nil {
			return eval.Value{}, err
		}
	}
	return concat(st, parts, pos, "while evaluating the return value of the function passed to builtins.concatMap")
}

func genericClosure(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, 0, "while evaluating the first argument passed to builtins.genericClosure")
	if err != nil {
		return eval.Value{}, err
	}
	get := func(from *eval.Attrs, name, what string) (eval.Value, *eval.Error) {
		slot := st.Get(from, name)
		if slot == nil {
			return eval.Value{}, st.MissingAttr(from, name, 0).AddTrace(0, "%s", what)
		}
		return *slot, nil
	}
	start, err := get(set, "startSet", "in the attrset passed as argument to builtins.genericClosure")
	if err != nil {
		return eval.Value{}, err
	}
	work, err := st.ForceList(start, 0, "while evaluating the 'startSet' attribute passed as argument to builtins.genericClosure")
	if err != nil {
		return eval.Value{}, err
	}
	if len(work) == 0 {
		return eval.EmptyList, nil
	}
	op, err := get(set, "operator", "in the attrset passed as argument to builtins.genericClosure")
	if err != nil {
		return eval.Value{}, err
	}
	if op, err = st.ForceFunction(op, 0, "while evaluating the 'operator' attribute passed as argument to builtins.genericClosure"); err != nil {
		return eval.Value{}, err
	}
	var out []eval.Value
	keys := newKeySet(st, pos)
	queue := append([]eval.Value(nil), work...)
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		item, err := st.ForceAttrs(v, 0, "")
		var key eval.Value
		if err == nil {
			key, err = get(item, "key", "")
		}
		if err != nil {
			err.Suggestions = nil
			return eval.Value{}, err.AddTrace(0, "in genericClosure element %s", st.ShowForError(v))
		}
		if key, err = st.Force(key); err != nil {
			return eval.Value{}, err
		}
		fresh, err := keys.add(key, v)
		if err != nil {
			return eval.Value{}, err
		}
		if !fresh {
			continue
		}
		out = append(out, v)
		more, err := successors(st, op, v, pos)
		if err != nil {
			return eval.Value{}, err.AddTrace(0, "while calling operator on genericClosure element %s", st.ShowForError(v))
		}
		queue = append(queue, more...)
	}
	return st.NewList(out), nil
}

// successors calls the operator of genericClosure.
func successors(st *eval.State, op, v eval.Value, pos eval.Pos) ([]eval.Value, *eval.Error) {
	r, err := st.Call1(op, v, pos)
	if err != nil {
		return nil, err
	}
	more, err := st.ForceList(r, 0, "while evaluating the return value of the `operator` passed to builtins.genericClosure")
	if err != nil {
		return nil, err
	}
	for i := range more {
		if _, err := st.ForceSlot(&more[i]); err != nil {
			return nil, err
		}
	}
	return more, nil
}

// keySet is the set of keys that genericClosure has seen: a sorted list, for
// keys are ordered by < and need not have a hash. Strings, by far the most common
// keys, have a map as long as there is nothing else.
type keySet struct {
	st      *eval.State
	pos     eval.Pos
	strings map[string]eval.Value // the element of each key
	sorted  []keyed
}

type keyed struct{ key, elem eval.Value }

func newKeySet(st *eval.State, pos eval.Pos) *keySet {
	return &keySet{st: st, pos: pos, strings: make(map[string]eval.Value)}
}

// add reports whether the key of elem is new.
func (k *keySet) add(key, elem eval.Value) (bool, *eval.Error) {
	if key.Kind() == eval.KindString && len(k.sorted) == 0 {
		s := key.AsString()
		if _, ok := k.strings[s]; ok {
			return false, nil
		}
		k.strings[s] = elem
		return true, nil
	}
	for s, other := range k.strings {
		// A key of another type among strings: this fails as < does.
		if _, err := k.less(key, eval.String(s), elem, other); err != nil {
			return false, err
		}
	}
	lo, hi := 0, len(k.sorted)
	for lo < hi {
		mid := (lo + hi) / 2
		less, err := k.less(key, k.sorted[mid].key, elem, k.sorted[mid].elem)
		if err != nil {
			return false, err
		}
		if less {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo > 0 {
		before := k.sorted[lo-1]
		less, err := k.less(before.key, key, before.elem, elem)
		if err != nil || !less {
			return false, err
		}
	}
	k.sorted = slices.Insert(k.sorted, lo, keyed{key, elem})
	return true, nil
}

// less compares two keys, and names their elements if that fails.
func (k *keySet) less(a, b, elemA, elemB eval.Value) (bool, *eval.Error) {
	less, err := k.st.Less(a, b, k.pos, "")
	if err != nil {
		err.AddTrace(0, "with element %s", k.st.ShowForError(elemB))
		err.AddTrace(0, "while comparing element %s", k.st.ShowForError(elemA))
	}
	return less, err
}
