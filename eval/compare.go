package eval

import (
	"slices"
	"strings"
)

// Equal compares two values as == does.
func (st *State) Equal(x, y Value, pos Pos, doing string) (bool, *Error) {
	x, err := st.Force(x)
	if err != nil {
		return false, err
	}
	if y, err = st.Force(y); err != nil {
		return false, err
	}
	switch {
	case x.isInt() && y.isInt():
		return x.AsInt() == y.AsInt(), nil
	case x.isInt() && y.isFloat():
		return float64(x.AsInt()) == y.AsFloat(), nil
	case x.isFloat() && y.isInt():
		return x.AsFloat() == float64(y.AsInt()), nil
	}
	kind := x.Kind()
	if kind != y.Kind() {
		return false, nil
	}
	switch kind {
	case KindFloat:
		return x.AsFloat() == y.AsFloat(), nil
	case KindBool:
		return x == y, nil
	case KindNull:
		return true, nil
	case KindString:
		return x.AsString() == y.AsString(), nil
	case KindPath:
		return x.AsPath() == y.AsPath(), nil
	case KindList:
		return st.equalLists(x.AsList(), y.AsList(), pos, doing)
	case KindAttrs:
		return st.equalAttrs(x, y, pos, doing)
	}
	return false, nil // functions are never equal
}

// EqualElems compares elements of lists or values of attributes. Unlike those
// of ==, they are equal when they are the very same, which lets sets with
// functions in them be equal to themselves.
func (st *State) EqualElems(x, y Value, pos Pos, doing string) (bool, *Error) {
	if x.same(y) {
		_, err := st.Force(x)
		return err == nil, err
	}
	return st.Equal(x, y, pos, doing)
}

func (st *State) equalLists(a, b []Value, pos Pos, doing string) (bool, *Error) {
	if len(a) != len(b) {
		return false, nil
	}
	if err := st.enterCall(pos); err != nil {
		return false, err
	}
	for i := range a {
		eq, err := st.EqualElems(a[i], b[i], pos, doing)
		if err != nil || !eq {
			st.depth--
			return false, err
		}
	}
	st.depth--
	return true, nil
}

func (st *State) equalAttrs(x, y Value, pos Pos, doing string) (bool, *Error) {
	a, b := x.AsAttrs(), y.AsAttrs()
	if err := st.enterCall(pos); err != nil {
		return false, err
	}
	eq, err := st.equalSets(a, b, pos, doing)
	st.depth--
	return eq, err
}

func (st *State) equalSets(a, b *Attrs, pos Pos, doing string) (bool, *Error) {
	// Derivations are equal when their outputs are.
	if pa := a.get(st.wk.outPath); pa != nil {
		isA, err := st.IsDerivation(a)
		if err != nil {
			return false, err
		}
		if pb := b.get(st.wk.outPath); isA && pb != nil {
			isB, err := st.IsDerivation(b)
			if err != nil {
				return false, err
			}
			if isB {
				return st.Equal(*pa, *pb, pos, doing)
			}
		}
	}
	if a.Len() != b.Len() {
		return false, nil
	}
	if a.shape != b.shape {
		if !slices.Equal(a.shape.keys(), b.shape.keys()) {
			return false, nil
		}
	}
	for i := range a.vals() {
		eq, err := st.EqualElems(a.vals()[i], b.vals()[i], pos, doing)
		if err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

// IsDerivation reports whether a has type = "derivation".
func (st *State) IsDerivation(a *Attrs) (bool, *Error) {
	s := a.get(st.wk.typ)
	if s == nil {
		return false, nil
	}
	v, err := st.ForceSlot(s)
	if err != nil {
		return false, err
	}
	return v.Kind() == KindString && v.AsString() == "derivation", nil
}

// Less orders two values as < does: numbers, strings, paths and lists.
func (st *State) Less(x, y Value, pos Pos, doing string) (bool, *Error) {
	x, err := st.Force(x)
	if err != nil {
		return false, err
	}
	if y, err = st.Force(y); err != nil {
		return false, err
	}
	switch {
	case x.isInt() && y.isInt():
		return x.AsInt() < y.AsInt(), nil
	case x.isFloat() && y.isInt():
		return x.AsFloat() < float64(y.AsInt()), nil
	case x.isInt() && y.isFloat():
		return float64(x.AsInt()) < y.AsFloat(), nil
	}
	if x.Kind() != y.Kind() {
		return false, st.incomparable("cannot compare %s with %s; values are %s and %s", x, y, doing)
	}
	switch x.Kind() {
	case KindFloat:
		return x.AsFloat() < y.AsFloat(), nil
	case KindString:
		return x.AsString() < y.AsString(), nil
	case KindPath:
		return strings.Compare(x.AsPath(), y.AsPath()) < 0, nil
	case KindList:
		a, b := x.AsList(), y.AsList()
		for i := 0; ; i++ {
			if i == len(b) {
				return false, nil
			}
			if i == len(a) {
				return true, nil
			}
			eq, err := st.EqualElems(a[i], b[i], pos, doing)
			if err != nil {
				return false, err
			}
			if !eq {
				return st.Less(a[i], b[i], pos, "while comparing two list elements")
			}
		}
	}
	return false, st.incomparable("cannot compare %s with %s; values of that type are incomparable (values are %s and %s)", x, y, doing)
}

func (st *State) incomparable(format string, x, y Value, doing string) *Error {
	err := st.Errorf(ErrType, 0, format, st.showType(x), st.showType(y), st.showForError(x), st.showForError(y))
	if doing != "" {
		err.AddTrace(0, "%s", doing)
	}
	return err
}
