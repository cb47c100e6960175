package drv

import (
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// ATerm is the text of the .drv file, byte for byte Nix's.
func (d *Derivation) ATerm(dir store.Dir) []byte {
	return d.AppendATerm(nil, dir)
}

// AppendATerm appends the text of the .drv file to b.
func (d *Derivation) AppendATerm(b []byte, dir store.Dir) []byte {
	w := writer{b: b, dir: dir, d: d}
	w.derivation()
	return w.b
}

// writer writes a derivation, as it is or in the form that is hashed.
type writer struct {
	b      []byte
	dir    store.Dir
	d      *Derivation
	mask   bool        // leave out output paths, also in the environment
	modulo bool        // write inputs instead of d.InputDrvs
	inputs []inputHash // sorted by hash
}

// inputHash stands for an input derivation in the form that is hashed.
type inputHash struct {
	hash    string   // base 16
	outputs []string // sorted
}

func (w *writer) derivation() {
	d := w.d
	if w.b == nil {
		w.b = make([]byte, 0, w.size())
	}
	if !w.modulo && d.isDynamic() {
		// The older form is used wherever it can say it all.
		w.raw(`DrvWithVersion("xp-dyn-drv",[`)
	} else {
		w.raw(`Derive([`)
	}
	for i := range d.Outputs {
		w.comma(i)
		w.output(&d.Outputs[i])
	}
	w.raw("],[")
	if w.modulo {
		for i, in := range w.inputs {
			w.comma(i)
			w.raw(`("`)
			w.raw(in.hash)
			w.raw(`",`)
			w.quotedList(in.outputs)
			w.raw(")")
		}
	} else {
		for i := range d.InputDrvs {
			in := &d.InputDrvs[i]
			w.comma(i)
			w.raw("(")
			w.path(in.Path)
			w.raw(",")
			w.inputNode(&in.InputNode)
			w.raw(")")
		}
	}
	w.raw("],[")
	for i, src := range d.InputSrcs {
		w.comma(i)
		w.path(src)
	}
	w.raw("],")
	w.quoted(d.System)
	w.raw(",")
	w.str(d.Builder)
	w.raw(",[")
	for i, a := range d.Args {
		w.comma(i)
		w.str(a)
	}
	w.raw("],[")
	for i, e := range d.Env {
		w.comma(i)
		w.raw("(")
		w.str(e.Name)
		w.raw(",")
		if w.mask && d.Output(e.Name) != nil {
			w.raw(`""`)
		} else {
			w.str(e.Value)
		}
		w.raw(")")
	}
	w.raw("])")
}

// size estimates the text's length, generously.
func (w *writer) size() int {
	n := 256
	for _, e := range w.d.Env {
		n += len(e.Name) + len(e.Value) + len(e.Value)/8 + 8
	}
	for _, a := range w.d.Args {
		n += len(a) + 16
	}
	return n + 128*(len(w.d.InputDrvs)+len(w.d.InputSrcs)+len(w.d.Outputs))
}

func (w *writer) output(o *Output) {
	w.raw("(")
	w.quoted(o.Name)
	w.raw(",")
	switch {
	case w.mask && o.Kind == InputAddressed || o.Kind == Deferred:
		w.raw(`"","",""`)
	case o.Kind == InputAddressed:
		w.path(o.Path)
		w.raw(`,"",""`)
	case o.Kind == CAFixed:
		w.path(o.Path)
		w.raw(",")
		w.quoted(o.Method.AlgoString(o.Hash.Algo))
		w.raw(",")
		w.quoted(hash.Format(o.Hash, hash.Base16))
	default:
		w.raw(`"",`)
		w.quoted(o.Method.AlgoString(o.Algo))
		if o.Kind == Impure {
			w.raw(`,"impure"`)
		} else {
			w.raw(`,""`)
		}
	}
	w.raw(")")
}

func (w *writer) inputNode(n *InputNode) {
	if len(n.Dynamic) == 0 {
		w.quotedList(n.Outputs)
		return
	}
	w.raw("(")
	w.quotedList(n.Outputs)
	w.raw(",[")
	for i := range n.Dynamic {
		w.comma(i)
		w.raw("(")
		w.quoted(n.Dynamic[i].Output)
		w.raw(",")
		w.inputNode(&n.Dynamic[i].InputNode)
		w.raw(")")
	}
	w.raw("])")
}

func (d *Derivation) isDynamic() bool {
	for i := range d.InputDrvs {
		if len(d.InputDrvs[i].Dynamic) > 0 {
			return true
		}
	}
	return false
}

func (w *writer) raw(s string) { w.b = append(w.b, s...) }

func (w *writer) comma(i int) {
	if i > 0 {
		w.b = append(w.b, ',')
	}
}

// quoted writes a string that is known to need no escapes, as Nix does.
func (w *writer) quoted(s string) {
	w.b = append(w.b, '"')
	w.b = append(w.b, s...)
	w.b = append(w.b, '"')
}

func (w *writer) quotedList(ss []string) {
	w.raw("[")
	for i, s := range ss {
		w.comma(i)
		w.quoted(s)
	}
	w.raw("]")
}

func (w *writer) path(p store.Path) {
	w.b = append(w.b, '"')
	w.b = append(w.b, w.dir...)
	w.b = append(w.b, '/')
	w.b = append(w.b, p.String()...)
	w.b = append(w.b, '"')
}

// str writes a string with escapes, copying the stretches between them whole.
func (w *writer) str(s string) {
	b := append(w.b, '"')
	for i := 0; i < len(s); {
		if !escaped[s[i]] {
			i++
			continue
		}
		b = append(b, s[:i]...)
		switch s[i] {
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', s[i])
		}
		s, i = s[i+1:], 0
	}
	b = append(b, s...)
	w.b = append(b, '"')
}

var escaped = [256]bool{'"': true, '\\': true, '\n': true, '\r': true, '\t': true}
