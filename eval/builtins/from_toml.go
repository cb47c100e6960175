package builtins

import (
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/jsontext"
	"gonix.dev/gonix/eval/toml"
)

func fromTOML(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	s, err := st.ForceStringNoContext(a, pos, "while evaluating the argument passed to builtins.fromTOML")
	if err != nil {
		return eval.Value{}, err
	}
	fail := func(msg string) (eval.Value, *eval.Error) {
		return eval.Value{}, st.Errorf(eval.ErrEval, 0, "while parsing TOML: %s", msg)
	}
	root, perr := toml.Parse(s)
	if perr != nil {
		return fail(perr.Error())
	}
	v, msg := tomlValue(st, root)
	if msg != "" {
		return fail(msg)
	}
	return v, nil
}

// tomlValue makes a value of a part of a document, or says why it cannot.
func tomlValue(st *eval.State, part any) (v eval.Value, msg string) {
	switch part := part.(type) {
	case *toml.Table:
		out := st.NewAttrs(len(part.Keys))
		for _, k := range part.Keys {
			if msg := noNull(k); msg != "" {
				return eval.Value{}, msg
			}
			v, msg := tomlValue(st, part.Values[k])
			if msg != "" {
				return eval.Value{}, msg
			}
			out.Add(st.Sym(k), 0, v)
		}
		return out.Value(), ""
	case []any:
		elems := st.NewElems(len(part))
		for i, e := range part {
			if elems[i], msg = tomlValue(st, e); msg != "" {
				return eval.Value{}, msg
			}
		}
		return st.NewList(elems), ""
	case string:
		return st.NewString(part, nil), noNull(part)
	case int64:
		return eval.Int(part), ""
	case float64:
		return eval.Float(part), ""
	case bool:
		return eval.Bool(part), ""
	case toml.Time:
		if !st.Options().Features["parse-toml-timestamps"] {
			return eval.Value{}, "Dates and times are not supported"
		}
		return st.NewAttrs(2).Set("_type", eval.String("timestamp")).Set("value", eval.String(part.Text)).Value(), ""
	}
	return eval.Null, ""
}

// noNull is the complaint about a string with a NUL in it.
func noNull(s string) string {
	if strings.IndexByte(s, 0) < 0 {
		return ""
	}
	return "error: " + (&jsontext.NullByteError{String: s}).Error()
}
