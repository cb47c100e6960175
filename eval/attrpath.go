package eval

import (
	"errors"
	"strconv"
	"strings"

	"gonix.dev/gonix/internal/suggest"
)

// ParseAttrPath splits a selection path such as a.b."c.d".0 into its components.
func ParseAttrPath(s string) ([]string, error) {
	var out []string
	var cur strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '.':
			out = append(out, cur.String())
			cur.Reset()
		case '"':
			end := strings.IndexByte(s[i+1:], '"')
			if end < 0 {
				return nil, errors.New("missing closing quote in selection path '" + s + "'")
			}
			cur.WriteString(s[i+1 : i+1+end])
			i += 1 + end
		default:
			cur.WriteByte(s[i])
		}
	}
	if cur.Len() > 0 {
		out = append(out, cur.String())
	}
	return out, nil
}

// Select follows a selection path from v, calling functions on the way with the
// automatic arguments they take. The result may be a thunk.
func (st *State) Select(v Value, path string, auto *Attrs) (Value, Pos, *Error) {
	parts, perr := ParseAttrPath(path)
	if perr != nil {
		return Value{}, 0, &Error{Msg: perr.Error()}
	}
	var pos Pos
	for _, name := range parts {
		var err *Error
		if v, err = st.AutoCall(v, auto); err != nil {
			return Value{}, 0, err
		}
		if index, ierr := strconv.ParseUint(name, 10, 31); ierr == nil {
			if v.Kind() != KindList {
				return Value{}, 0, st.Errorf(ErrType, 0, "the expression selected by the selection path '%s' should be a list but is %s", path, st.showType(v))
			}
			if int(index) >= len(v.AsList()) {
				return Value{}, 0, st.Errorf(ErrMissingAttr, 0, "list index %d in selection path '%s' is out of range", index, path)
			}
			v, pos = v.AsList()[index], 0
			continue
		}
		if v.Kind() != KindAttrs {
			return Value{}, 0, st.Errorf(ErrType, 0, "the expression selected by the selection path '%s' should be a set but is %s", path, st.showType(v))
		}
		if name == "" {
			return Value{}, 0, st.Errorf(ErrEval, 0, "empty attribute name in selection path '%s'", path)
		}
		at := v.AsAttrs().GetAttr(st.Sym(name))
		if at.Value == nil {
			err := st.Errorf(ErrMissingAttr, 0, "attribute '%s' in selection path '%s' not found", name, path)
			var names []string
			for _, a := range st.Sorted(v.AsAttrs()) {
				names = append(names, st.SymName(a.Sym))
			}
			err.Suggestions = suggest.Best(names, name)
			return Value{}, 0, err
		}
		v, pos = *at.Value, at.Pos
	}
	return v, pos, nil
}

// AutoCall calls v, if it is a function that takes a set apart, with the
// arguments it takes from auto and its defaults. Other values are just forced.
func (st *State) AutoCall(v Value, auto *Attrs) (Value, *Error) {
	v, err := st.Force(v)
	if err != nil {
		return Value{}, err
	}
	if v.Kind() == KindAttrs {
		if f := v.AsAttrs().get(st.wk.functor); f != nil {
			called, err := st.Call1(*f, v, 0)
			if err != nil {
				return Value{}, err
			}
			return st.AutoCall(called, auto)
		}
	}
	if v.Kind() != KindLambda || !v.asClosure().fn.pattern {
		return v, nil
	}
	if auto == nil {
		auto = &emptyAttrsObj
	}
	fn := v.asClosure().fn
	if fn.ellipsis {
		return st.Call1(v, AttrsValue(auto), 0)
	}
	args := st.NewAttrs(len(fn.formals))
	for i := range fn.formals {
		f := &fn.formals[i]
		if at := auto.GetAttr(f.sym); at.Value != nil {
			args.Add(f.sym, at.Pos, *at.Value)
		} else if f.def == nil {
			return Value{}, st.Errorf(ErrType, f.pos, `cannot evaluate a function that has an argument without a value ('%s')
Nix attempted to evaluate a function as a top level expression; in
this case it must have its arguments supplied either by default
values, or passed explicitly with '--arg' or '--argstr'. See
https://nix.dev/manual/nix/stable/language/syntax.html#functions.`, st.SymName(f.sym))
		}
	}
	return st.Call1(v, args.Value(), 0)
}
