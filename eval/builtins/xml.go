package builtins

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"gonix.dev/gonix/eval"
)

// XMLOptions says how much XML shows. Its zero value shows what has been
// evaluated, without positions.
type XMLOptions struct {
	Strict    bool // evaluate everything
	Locations bool // where attributes and functions are defined
}

// ToXML prints a value as Nix's XML, and returns the context of its strings.
func ToXML(st *eval.State, v eval.Value, pos eval.Pos, opts XMLOptions) (string, *eval.Context, *eval.Error) {
	w := xmlWriter{st: st, opts: opts, seen: make(map[string]bool)}
	w.out.WriteString("<?xml version='1.0' encoding='utf-8'?>\n")
	err := w.element("expr", nil, func() *eval.Error { return w.value(&v, pos) })
	return w.out.String(), w.ctx, err
}

type xmlAttr struct{ name, value string }

type xmlWriter struct {
	st    *eval.State
	opts  XMLOptions
	out   chunks
	depth int
	ctx   *eval.Context
	seen  map[string]bool // derivations
}

var xmlEscape = strings.NewReplacer(`"`, "&quot;", "<", "&lt;", ">", "&gt;", "&", "&amp;", "\n", "&#xA;")

// chunks collects a long text without copying it again and again: option
// documentation of a NixOS system is 10 MB of XML.
type chunks struct {
	full []string
	cur  []byte
	size int
}

const chunkSize = 64 << 10

func (c *chunks) Write(b []byte) (int, error) { return c.WriteString(string(b)) }

func (c *chunks) WriteString(s string) (int, error) {
	if len(c.cur)+len(s) > cap(c.cur) {
		if len(c.cur) > 0 {
			c.full = append(c.full, unsafe.String(unsafe.SliceData(c.cur), len(c.cur)))
		}
		c.cur = make([]byte, 0, max(chunkSize, len(s)))
	}
	c.cur = append(c.cur, s...)
	c.size += len(s)
	return len(s), nil
}

func (c *chunks) String() string {
	var out strings.Builder
	out.Grow(c.size)
	for _, s := range c.full {
		out.WriteString(s)
	}
	out.Write(c.cur)
	return out.String()
}

func (w *xmlWriter) open(name string, attrs []xmlAttr, end string) {
	for range w.depth {
		w.out.WriteString("  ")
	}
	w.out.WriteString("<")
	w.out.WriteString(name)
	slices.SortFunc(attrs, func(a, b xmlAttr) int { return cmp.Compare(a.name, b.name) })
	for _, a := range attrs {
		w.out.WriteString(" ")
		w.out.WriteString(a.name)
		w.out.WriteString(`="`)
		xmlEscape.WriteString(&w.out, a.value)
		w.out.WriteString("\"")
	}
	w.out.WriteString(end)
}

func (w *xmlWriter) empty(name string, attrs ...xmlAttr) { w.open(name, attrs, " />\n") }

func (w *xmlWriter) element(name string, attrs []xmlAttr, body func() *eval.Error) *eval.Error {
	w.open(name, attrs, ">\n")
	w.depth++
	if err := body(); err != nil {
		return err
	}
	w.depth--
	for range w.depth {
		w.out.WriteString("  ")
	}
	w.out.WriteString("</")
	w.out.WriteString(name)
	w.out.WriteString(">\n")
	return nil
}

// location adds where something is defined.
func (w *xmlWriter) location(attrs []xmlAttr, pos eval.Pos) []xmlAttr {
	at, ok := w.st.Position(pos)
	if !w.opts.Locations || !ok {
		return attrs
	}
	if strings.HasPrefix(at.File.Name, "/") {
		attrs = append(attrs, xmlAttr{"path", at.File.Name})
	}
	return append(attrs, xmlAttr{"line", strconv.Itoa(at.Line)}, xmlAttr{"column", strconv.Itoa(at.Column)})
}

func (w *xmlWriter) value(slot *eval.Value, pos eval.Pos) *eval.Error {
	st := w.st
	if w.depth > st.Options().MaxCallDepth {
		return st.Errorf(eval.ErrRecursion, pos, "stack overflow; max-call-depth exceeded")
	}
	if w.opts.Strict {
		if _, err := st.ForceSlot(slot); err != nil {
			return err
		}
	}
	v := eval.Peek(slot)
	switch v.Kind() {
	case eval.KindInt:
		w.empty("int", xmlAttr{"value", strconv.FormatInt(v.AsInt(), 10)})
	case eval.KindFloat:
		w.empty("float", xmlAttr{"value", eval.FormatFloat(v.AsFloat())})
	case eval.KindBool:
		w.empty("bool", xmlAttr{"value", strconv.FormatBool(v.AsBool())})
	case eval.KindNull:
		w.empty("null")
	case eval.KindString:
		w.ctx = w.ctx.Union(v.Context())
		w.empty("string", xmlAttr{"value", v.AsString()})
	case eval.KindPath:
		w.empty("path", xmlAttr{"value", v.AsPath()})
	case eval.KindList:
		return w.element("list", nil, func() *eval.Error {
			elems := v.AsList()
			for i := range elems {
				if err := w.value(&elems[i], pos); err != nil {
					return err
				}
			}
			return nil
		})
	case eval.KindAttrs:
		is, err := st.IsDerivation(v.AsAttrs())
		if err != nil {
			return err
		}
		if is {
			return w.derivation(v.AsAttrs())
		}
		return w.element("attrs", nil, func() *eval.Error { return w.attrs(v.AsAttrs()) })
	case eval.KindLambda:
		return w.function(v)
	default:
		w.empty("unevaluated")
	}
	return nil
}

func (w *xmlWriter) attrs(set *eval.Attrs) *eval.Error {
	for _, at := range w.st.Sorted(set) {
		attrs := w.location([]xmlAttr{{"name", w.st.SymName(at.Sym)}}, at.Pos)
		if err := w.element("attr", attrs, func() *eval.Error { return w.value(at.Value, at.Pos) }); err != nil {
			return err
		}
	}
	return nil
}

func (w *xmlWriter) derivation(set *eval.Attrs) *eval.Error {
	var attrs []xmlAttr
	drvPath := ""
	for _, name := range []string{"drvPath", "outPath"} {
		slot := w.st.Get(set, name)
		if slot == nil {
			continue
		}
		if w.opts.Strict {
			if _, err := w.st.ForceSlot(slot); err != nil {
				return err
			}
		}
		if v := eval.Peek(slot); v.Kind() == eval.KindString {
			attrs = append(attrs, xmlAttr{name, v.AsString()})
			if name == "drvPath" {
				drvPath = v.AsString()
			}
		}
	}
	return w.element("derivation", attrs, func() *eval.Error {
		if drvPath == "" || w.seen[drvPath] {
			w.empty("repeated")
			return nil
		}
		w.seen[drvPath] = true
		return w.attrs(set)
	})
}

func (w *xmlWriter) function(v eval.Value) *eval.Error {
	f, _ := w.st.DescribeFunction(v)
	return w.element("function", w.location(nil, f.Pos), func() *eval.Error {
		if !f.Pattern {
			w.empty("varpat", xmlAttr{"name", f.Arg})
			return nil
		}
		var attrs []xmlAttr
		if f.Arg != "" {
			attrs = append(attrs, xmlAttr{"name", f.Arg})
		}
		if f.Ellipsis {
			attrs = append(attrs, xmlAttr{"ellipsis", "1"})
		}
		return w.element("attrspat", attrs, func() *eval.Error {
			names := make([]string, len(f.Formals))
			for i := range f.Formals {
				names[i] = f.Formals[i].Name
			}
			slices.Sort(names)
			for _, name := range names {
				w.empty("attr", xmlAttr{"name", name})
			}
			return nil
		})
	})
}
