package builtins

import (
	"strconv"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/jsontext"
)

// ToJSON prints a value as JSON, forcing all of it, and returns the context of
// the strings in it. Paths are copied to the store when copyPaths is set.
func ToJSON(st *eval.State, v eval.Value, pos eval.Pos, copyPaths bool) (string, *eval.Context, *eval.Error) {
	w := jsonWriter{st: st, pos: pos, copyPaths: copyPaths}
	if err := w.value(v, 0); err != nil {
		return "", nil, err
	}
	return string(w.out), w.ctx, nil
}

type jsonWriter struct {
	st        *eval.State
	pos       eval.Pos // of the attribute that is being written, or the call
	copyPaths bool
	out       []byte
	ctx       *eval.Context
}

func (w *jsonWriter) value(v eval.Value, depth int) *eval.Error {
	st := w.st
	if depth > st.Options().MaxCallDepth {
		return st.Errorf(eval.ErrRecursion, w.pos, "stack overflow; max-call-depth exceeded")
	}
	v, err := st.Force(v)
	if err != nil {
		return err
	}
	switch v.Kind() {
	case eval.KindInt:
		w.out = strconv.AppendInt(w.out, v.AsInt(), 10)
	case eval.KindFloat:
		w.out = jsontext.AppendFloat(w.out, v.AsFloat())
	case eval.KindBool:
		w.out = strconv.AppendBool(w.out, v.AsBool())
	case eval.KindNull:
		w.out = append(w.out, "null"...)
	case eval.KindString:
		return w.str(v.AsString(), v.Context())
	case eval.KindPath:
		if !w.copyPaths {
			return w.str(v.AsPath(), nil)
		}
		s, ctx, err := st.CoerceToString(v, w.pos, "", eval.CopyToStore)
		if err != nil {
			return err
		}
		return w.str(s, ctx)
	case eval.KindList:
		return w.list(v.AsList(), depth)
	case eval.KindAttrs:
		return w.attrs(v, depth)
	default:
		return st.Errorf(eval.ErrType, 0, "cannot convert %s to JSON", st.ShowType(v))
	}
	return nil
}

func (w *jsonWriter) list(elems []eval.Value, depth int) *eval.Error {
	w.out = append(w.out, '[')
	for i := range elems {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if err := w.value(elems[i], depth+1); err != nil {
			return err.AddTrace(w.pos, "while evaluating list element at index %d", i)
		}
	}
	w.out = append(w.out, ']')
	return nil
}

// attrs writes a set: by its __toString, else by its outPath, else as an object.
func (w *jsonWriter) attrs(v eval.Value, depth int) *eval.Error {
	st, set := w.st, v.AsAttrs()
	if f := set.GetAttr(st.Sym("__toString")); f.Value != nil {
		r, err := st.Call1(*f.Value, v, f.Pos)
		if err != nil {
			return err.AddTrace(f.Pos, "while calling the `__toString` attribute")
		}
		if err := w.stringResult(r, f.Pos, depth+1); err != nil {
			return err.AddTrace(f.Pos, "while using the result of the `__toString` attribute")
		}
		return nil
	}
	if out := set.GetAttr(st.Sym("outPath")); out.Value != nil {
		if err := w.value(*out.Value, depth+1); err != nil {
			return err.AddTrace(out.Pos, "while using the `outPath` attribute")
		}
		return nil
	}
	w.out = append(w.out, '{')
	for i, at := range st.Sorted(set) {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		name := st.SymName(at.Sym)
		if err := w.str(name, nil); err != nil {
			return err
		}
		w.out = append(w.out, ':')
		outer := w.pos
		w.pos = at.Pos
		err := w.value(*at.Value, depth+1)
		w.pos = outer
		if err != nil {
			return err.AddTrace(at.Pos, "while evaluating attribute '%s'", st.ShowName(at.Sym))
		}
	}
	w.out = append(w.out, '}')
	return nil
}

// stringResult writes what a __toString at pos returned: a string, a path, which
// is not copied, or a set that becomes one of them.
func (w *jsonWriter) stringResult(v eval.Value, pos eval.Pos, depth int) *eval.Error {
	st := w.st
	v, err := st.Force(v)
	if err != nil {
		return err
	}
	switch v.Kind() {
	case eval.KindString:
		return w.str(v.AsString(), v.Context())
	case eval.KindPath:
		return w.str(v.AsPath(), nil)
	case eval.KindAttrs:
		set := v.AsAttrs()
		if st.Get(set, "__toString") != nil {
			return w.attrs(v, depth)
		}
		if out := set.GetAttr(st.Sym("outPath")); out.Value != nil {
			if depth > st.Options().MaxCallDepth {
				return st.Errorf(eval.ErrRecursion, w.pos, "stack overflow; max-call-depth exceeded")
			}
			if err := w.stringResult(*out.Value, out.Pos, depth+1); err != nil {
				return err.AddTrace(out.Pos, "while using the `outPath` attribute")
			}
			return nil
		}
		return st.Errorf(eval.ErrType, pos, "`__toString` must return a string, but got %s: %s", st.ShowType(v), st.ShowForError(v))
	}
	return st.Errorf(eval.ErrType, pos, "`__toString` should return a string, but got %s: %s", st.ShowType(v), st.ShowForError(v))
}

func (w *jsonWriter) str(s string, ctx *eval.Context) *eval.Error {
	out, err := appendJSONString(w.st, w.out, s)
	if err != nil {
		return err
	}
	w.out = out
	w.ctx = w.ctx.Union(ctx)
	return nil
}

// appendJSONString appends a JSON string literal; s must be valid UTF-8.
func appendJSONString(st *eval.State, out []byte, s string) ([]byte, *eval.Error) {
	b, err := jsontext.AppendString(out, s)
	if err != nil {
		return nil, &eval.Error{Msg: "JSON serialization error: " + err.Error(), Cause: err}
	}
	return b, nil
}
