package print

import (
	"encoding/json"
	"reflect"
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// JSON returns the tree of a file as it was written, for other programs: each
// node is an object of its type, its range (start and end, in bytes) and its
// fields in lower case; what is absent in the source is absent here. Syntax
// errors stand beside the tree.
func JSON(f *ast.File) ([]byte, error) {
	out := fields{{"file", f.Name}, {"root", jsonNode(reflect.ValueOf(f.Root))}}
	if len(f.Errors) > 0 {
		var list []any
		for _, e := range f.Errors {
			pos := f.Position(e.Start)
			list = append(list, fields{
				{"range", [2]ast.Pos{e.Start, e.End}}, {"line", pos.Line}, {"column", pos.Column},
				{"code", e.Code}, {"message", e.Msg},
			})
		}
		out = append(out, field{"errors", list})
	}
	return json.Marshal(out)
}

// fields is a JSON object that keeps its order.
type fields []field

type field struct {
	name  string
	value any
}

func (o fields) MarshalJSON() ([]byte, error) {
	buf := []byte{'{'}
	for i, f := range o {
		if i > 0 {
			buf = append(buf, ',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		buf = append(append(append(buf, name...), ':'), value...)
	}
	return append(buf, '}'), nil
}

// jsonNode turns nodes, lists of them and their fields into what json.Marshal
// writes.
func jsonNode(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return jsonNode(v.Elem())
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = jsonNode(v.Index(i))
		}
		return list
	case reflect.Struct:
		return jsonStruct(v)
	case reflect.Uint8:
		if op, ok := v.Interface().(ast.Op); ok {
			return op.String()
		}
	}
	return v.Interface()
}

func jsonStruct(v reflect.Value) any {
	t := v.Type()
	out := fields{{"type", t.Name()}}
	for i := range t.NumField() {
		f := v.Field(i)
		if span, ok := f.Interface().(ast.Span); ok {
			out = append(out, field{"range", [2]ast.Pos{span.Start, span.End}})
			continue
		}
		name := strings.ToLower(t.Field(i).Name[:1]) + t.Field(i).Name[1:]
		// A literal has its value even if that is 0 or empty.
		if f.IsZero() && name != "value" && name != "text" {
			continue
		}
		if name == "text" && !v.FieldByName("Expr").IsNil() {
			continue
		}
		out = append(out, field{name, jsonNode(f)})
	}
	return out
}
