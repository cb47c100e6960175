package lsp

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// Editors ask for the outline after each keystroke, and that of a large file is
// megabytes. So it is written straight from the symbols.

// encodedSymbols is a [protocol.DocumentSymbolSlice] that is written already.
type encodedSymbols struct {
	protocol.DocumentSymbolSlice
	json []byte
}

func (e *encodedSymbols) encoded() []byte { return e.json }

// outline is the tree of symbols of a text in JSON.
var outline = document.NewAnalysis(func(d *document.Snapshot) []byte {
	list := symbols.Of(d)
	w := outlineWriter{m: d.Mapper().Walk(), out: make([]byte, 0, 256*len(list))}
	w.list(list)
	return w.out
})

type outlineWriter struct {
	m   *document.Walker
	out []byte
}

func (w *outlineWriter) list(list []symbol) {
	w.out = append(w.out, '[')
	for i := range list {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.symbol(&list[i])
	}
	w.out = append(w.out, ']')
}

func (w *outlineWriter) symbol(s *symbol) {
	w.out = append(w.out, `{"name":`...)
	w.text(s.name)
	if s.detail != "" {
		w.out = append(w.out, `,"detail":`...)
		w.text(s.detail)
	}
	w.out = append(w.out, `,"kind":`...)
	w.out = strconv.AppendUint(w.out, uint64(s.kind), 10)
	w.out = append(w.out, `,"range":`...)
	w.span(s.span)
	w.out = append(w.out, `,"selectionRange":`...)
	w.span(s.at)
	if len(s.children) > 0 {
		w.out = append(w.out, `,"children":`...)
		w.list(s.children)
	}
	w.out = append(w.out, '}')
}

func (w *outlineWriter) span(s ast.Span) {
	w.out = append(w.out, `{"start":`...)
	w.position(s.Start)
	w.out = append(w.out, `,"end":`...)
	w.position(s.End)
	w.out = append(w.out, '}')
}

func (w *outlineWriter) position(off ast.Pos) {
	p := w.m.Position(off)
	w.out = append(w.out, `{"line":`...)
	w.out = strconv.AppendUint(w.out, uint64(p.Line), 10)
	w.out = append(w.out, `,"character":`...)
	w.out = strconv.AppendUint(w.out, uint64(p.Character), 10)
	w.out = append(w.out, '}')
}

func (w *outlineWriter) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			// With an error for invalid UTF-8, which is replaced all the same.
			w.out, _ = jsontext.AppendQuote(w.out, s)
			return
		}
	}
	w.out = append(w.out, '"')
	w.out = append(w.out, s...)
	w.out = append(w.out, '"')
}
