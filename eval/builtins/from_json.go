package builtins

import (
	"errors"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/jsontext"
)

func fromJSON(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	s, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.fromJSON")
	if err != nil {
		return eval.Value{}, err
	}
	b := jsonBuilder{st: st}
	if rerr := jsontext.Read(s, &b); rerr != nil {
		e := st.Errorf(eval.ErrEval, pos, "%s", rerr)
		if errors.As(rerr, new(*jsontext.SyntaxError)) {
			e.AddTrace(pos, "while decoding a JSON string")
		}
		return eval.Value{}, e
	}
	return b.result, nil
}

// jsonBuilder makes values of a JSON document.
type jsonBuilder struct {
	st     *eval.State
	open   []jsonOpen
	result eval.Value
}

// jsonOpen is an array or object that has not ended yet.
type jsonOpen struct {
	elems []eval.Value
	keys  []eval.Sym // parallel to elems, for an object
	index map[eval.Sym]int
}

func (b *jsonBuilder) add(v eval.Value) error {
	if len(b.open) == 0 {
		b.result = v
		return nil
	}
	o := &b.open[len(b.open)-1]
	if len(o.keys) > len(o.elems) {
		// The last of equal keys wins.
		k := o.keys[len(o.elems)]
		if i, ok := o.index[k]; ok {
			o.keys = o.keys[:len(o.elems)]
			o.elems[i] = v
			return nil
		}
		o.index[k] = len(o.elems)
	}
	o.elems = append(o.elems, v)
	return nil
}

func (b *jsonBuilder) Null() error           { return b.add(eval.Null) }
func (b *jsonBuilder) Bool(v bool) error     { return b.add(eval.Bool(v)) }
func (b *jsonBuilder) Int(i int64) error     { return b.add(eval.Int(i)) }
func (b *jsonBuilder) Float(f float64) error { return b.add(eval.Float(f)) }
func (b *jsonBuilder) String(s string) error { return b.add(b.st.NewString(s, nil)) }

func (b *jsonBuilder) BeginArray() error {
	b.open = append(b.open, jsonOpen{})
	return nil
}

func (b *jsonBuilder) EndArray() error {
	o := b.open[len(b.open)-1]
	b.open = b.open[:len(b.open)-1]
	return b.add(b.st.NewList(o.elems))
}

func (b *jsonBuilder) BeginObject() error {
	b.open = append(b.open, jsonOpen{index: make(map[eval.Sym]int)})
	return nil
}

func (b *jsonBuilder) Key(name string) error {
	o := &b.open[len(b.open)-1]
	o.keys = append(o.keys, b.st.Sym(name))
	return nil
}

func (b *jsonBuilder) EndObject() error {
	o := b.open[len(b.open)-1]
	b.open = b.open[:len(b.open)-1]
	out := b.st.NewAttrs(len(o.keys))
	for i, k := range o.keys {
		out.Add(k, 0, o.elems[i])
	}
	return b.add(out.Value())
}
