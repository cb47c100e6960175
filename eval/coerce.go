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
	if err := st.enterCall(pos); err != nil {
		return "", nil, err
	}
	defer func() { st.depth-- }()
	if f := v.AsAttrs().get(st.wk.toString); f != nil {
		s, err := st.Call1(*f, v, pos)
		if err != nil {
			return "", nil, err.AddTrace(pos, "%s", doing)
		}
		return st.CoerceToString(s, pos, doing, mode)
	}
	out := v.AsAttrs().get(st.wk.outPath)
	if out == nil {
		return "", nil, st.cannotCoerce(v, pos, doing)
	}
	return st.CoerceToString(*out, pos, doing, mode)
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
			return "", nil, err.AddTrace(pos, "while evaluating one element of the list").AddTrace(pos, "%s", doing)
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
		if f := v.AsAttrs().get(st.wk.toString); f != nil {
			if v, err = st.Call1(*f, v, pos); err != nil {
				return "", nil, err.AddTrace(pos, "%s", doing)
			}
			return st.CoerceToPath(v, pos, doing)
		}
		if out := v.AsAttrs().get(st.wk.outPath); out != nil {
			return st.CoerceToPath(*out, pos, doing)
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
