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
	w := &jsonWriter{}
	w.raw(`{"file":`)
	w.value(f.Name)
	w.raw(`,"root":`)
	w.node(reflect.ValueOf(f.Root))
	for i, e := range f.Errors {
		if i == 0 {
			w.raw(`,"errors":[`)
		} else {
			w.raw(",")
		}
		pos := f.Position(e.Start)
		w.value(struct {
			Range   [2]ast.Pos `json:"range"`
			Line    int        `json:"line"`
			Column  int        `json:"column"`
			Code    string     `json:"code"`
			Message string     `json:"message"`
		}{[2]ast.Pos{e.Start, e.End}, pos.Line, pos.Column, e.Code, e.Msg})
		if i == len(f.Errors)-1 {
			w.raw("]")
		}
	}
	w.raw("}")
	return w.buf, w.err
}

type jsonWriter struct {
	buf []byte
	err error
}

func (w *jsonWriter) raw(s string) { w.buf = append(w.buf, s...) }

func (w *jsonWriter) value(v any) {
	b, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.buf = append(w.buf, b...)
}

// node writes nodes, lists of them and their fields.
func (w *jsonWriter) node(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		w.node(v.Elem())
	case reflect.Slice:
		w.raw("[")
		for i := range v.Len() {
			if i > 0 {
				w.raw(",")
			}
			w.node(v.Index(i))
		}
		w.raw("]")
	case reflect.Struct:
		w.structure(v)
	default:
		if op, ok := v.Interface().(ast.Op); ok {
			w.value(op.String())
		} else {
			w.value(v.Interface())
		}
	}
}

func (w *jsonWriter) structure(v reflect.Value) {
	t := v.Type()
	w.raw(`{"type":`)
	w.value(t.Name())
	for i := range t.NumField() {
		f := v.Field(i)
		if span, ok := f.Interface().(ast.Span); ok {
			w.raw(`,"range":`)
			w.value([2]ast.Pos{span.Start, span.End})
			continue
		}
		name := strings.ToLower(t.Field(i).Name[:1]) + t.Field(i).Name[1:]
		switch {
		case name == "value" && f.Kind() != reflect.Interface: // literals have theirs even if it is 0
		case name == "text": // either this or an expression
			if !v.FieldByName("Expr").IsNil() {
				continue
			}
		case f.IsZero():
			continue
		}
		w.raw(`,"` + name + `":`)
		w.node(f)
	}
	w.raw("}")
}
