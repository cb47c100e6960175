package eval

import (
	"bytes"
	"fmt"
	"strconv"
	"unsafe"
)

// CoerceMode says what CoerceToString accepts beyond strings, paths and sets
// that know their string.
type CoerceMode uint8

const (
	// CoerceMore accepts numbers, booleans, null and lists, as toString does.
	CoerceMore CoerceMode = 1 << iota
	// CopyToStore copies paths to the store and gives their store path.
	CopyToStore
)

// CoerceToString turns v into a string and the context it brings.
func (st *State) CoerceToString(v Value, pos Pos, doing string, mode CoerceMode) (string, *Context, *Error) {
	v, err := st.Force(v)
	if err != nil {
		return "", nil, err
	}
	switch v.Kind() {
	case KindString:
		return v.AsString(), v.Context(), nil
	case KindPath:
		if mode&CopyToStore == 0 {
			return v.AsPath(), nil, nil
		}
		s, ctx, err := st.copyPathToStore(v.AsPath(), pos)
		if err != nil {
			return "", nil, err
		}
		return s, ctx, nil
	case KindAttrs:
		return st.coerceAttrs(v, pos, doing, mode)
	}
	if mode&CoerceMore != 0 {
		switch v.Kind() {
		case KindBool:
			if v.AsBool() {
				return "1", nil, nil
			}
			return "", nil, nil
		case KindNull:
			return "", nil, nil
		case KindInt:
			return strconv.FormatInt(v.AsInt(), 10), nil, nil
		case KindFloat:
			return fmt.Sprintf("%f", v.AsFloat()), nil, nil
		case KindList:
			return st.coerceList(v.AsList(), pos, doing, mode)
		}
	}
	return "", nil, st.cannotCoerce(v, pos, doing)
}

func (st *State) cannotCoerce(v Value, pos Pos, doing string) *Error {
	return st.Errorf(ErrType, 0, "cannot coerce %s to a string: %s", st.showType(v), st.showForError(v)).AddTrace(pos, "%s", doing)
}

func (st *State) coerceAttrs(v Value, pos Pos, doing string, mode CoerceMode) (string, *Context, *Error) {
	s, ctx, ok, err := st.coerceThrough(v, pos, func(v Value) (string, *Context, *Error) {
		return st.CoerceToString(v, pos, doing, mode)
	})
	if err == nil && !ok {
		err = st.cannotCoerce(v, pos, doing)
	}
	return s, ctx, err
}

// coerceThrough coerces what stands for a set; ok is false if nothing does.
func (st *State) coerceThrough(v Value, pos Pos, coerce func(Value) (string, *Context, *Error)) (s string, ctx *Context, ok bool, err *Error) {
	if err := st.enterCall(pos); err != nil {
		return "", nil, false, err
	}
	defer func() { st.depth-- }()
	w, from, as, err := st.stringOf(v)
	if err != nil || !w.IsValid() {
		return "", nil, false, err
	}
	if s, ctx, err = coerce(w); err != nil {
		err.AddTrace(from, "while using %s", as)
	}
	return s, ctx, true, err
}

// stringOf gives what stands for a set where a string is wanted: the result of its
// __toString or its outPath, forced, with the position of that attribute and its
// name for messages. It gives the zero Value of a set that has neither.
func (st *State) stringOf(v Value) (s Value, pos Pos, as string, err *Error) {
	set := v.AsAttrs()
	if f := set.GetAttr(st.wk.toString); f.Value != nil {
		if s, err = st.Call1(*f.Value, v, f.Pos); err != nil {
			err.AddTrace(f.Pos, "while calling the `__toString` attribute")
		}
		return s, f.Pos, "the result of the `__toString` attribute", err
	}
	out := set.GetAttr(st.wk.outPath)
	if out.Value == nil {
		return Value{}, 0, "", nil
	}
	if s, err = st.ForceSlot(out.Value); err != nil {
		err.AddTrace(out.Pos, "while evaluating the `outPath` attribute")
	}
	return s, out.Pos, "the `outPath` attribute", err
}

func (st *State) coerceList(elems []Value, pos Pos, doing string, mode CoerceMode) (string, *Context, *Error) {
	if err := st.enterCall(pos); err != nil {
		return "", nil, err
	}
	defer func() { st.depth-- }()
	var out []byte
	var ctx *Context
	for i := range elems {
		v, err := st.ForceSlot(&elems[i])
		if err != nil {
			return "", nil, err.AddTrace(pos, "%s", doing)
		}
		s, c, err := st.CoerceToString(v, pos, "while evaluating one element of the list", mode)
		if err != nil {
			return "", nil, err.AddTrace(pos, "%s", doing)
		}
		out = append(out, s...)
		ctx = ctx.Union(c)
		// An empty list leaves no space behind it.
		if i < len(elems)-1 && !(v.Kind() == KindList && len(v.AsList()) == 0) {
			out = append(out, ' ')
		}
	}
	return unsafeString(out), ctx, nil
}

// CoerceToPath turns v into an absolute path, and returns the context that a
// string brought.
func (st *State) CoerceToPath(v Value, pos Pos, doing string) (string, *Context, *Error) {
	v, err := st.Force(v)
	if err != nil {
		return "", nil, err
	}
	if v.Kind() == KindPath {
		return v.AsPath(), nil, nil
	}
	if v.Kind() == KindAttrs {
		// Sets that become paths stay what they are.
		s, ctx, ok, err := st.coerceThrough(v, pos, func(v Value) (string, *Context, *Error) {
			return st.CoerceToPath(v, pos, doing)
		})
		if ok || err != nil {
			return s, ctx, err
		}
	}
	s, ctx, err := st.CoerceToString(v, pos, doing, 0)
	if err != nil {
		return "", nil, err
	}
	if s == "" || s[0] != '/' {
		return "", nil, st.Errorf(ErrEval, 0, "string '%s' doesn't represent an absolute path", s).AddTrace(pos, "%s", doing)
	}
	return cleanPath(s), ctx, nil
}

// unsafeString makes a string of a buffer that nobody will write to again.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func containsBytes(b []byte, s string) bool { return bytes.Contains(b, []byte(s)) }
