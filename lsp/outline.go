package lsp

import (
	"slices"
	"sort"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// Editors ask for the outline after each keystroke, and that of a large file is
// megabytes. So it is written straight from the tree, and what has not changed since
// the last time is copied: the JSON of all bindings before an edit, and that of those
// after it, where only the numbers of lines change. That a binding has not changed is told
// by its text, if the parser read it cleanly, and no string in it holds another
// language: which that is may depend on what is around.

// encodedSymbols is a [protocol.DocumentSymbolSlice] that is written already.
type encodedSymbols struct {
	protocol.DocumentSymbolSlice
	json []byte
}

func (e *encodedSymbols) encoded() []byte { return e.json }

// outlined is the tree of symbols of a text in JSON, and what the next version of the
// text has to know to make use of it.
type outlined struct {
	json     []byte
	bindings []outlinedBinding // in order
	version  document.Version
	lines    int
	strings  []ast.Pos // the starts of those with another language
}

// outlinedBinding says where the symbols of a binding are in the JSON.
type outlinedBinding struct {
	at       ast.Pos
	let      bool // a let has it, rather than a set
	from, to int
}

// outline is the outline of a text.
var outline = document.NewDerived(func(d *document.Snapshot, older *outlined) outlined {
	m := d.Mapper()
	w := outlineWriter{m: m.Walk(), within: []level{{}}}
	w.version, w.lines = d.Current(), m.LineCount()
	for _, e := range embeddeds.Of(d) {
		w.strings = append(w.strings, e.Start)
	}
	size := 4 * len(d.Text)
	if older != nil {
		w.older = older
		w.changes = d.Since(older.version)
		w.after = m.LineStart(m.Line(w.changes.NewEnd) + 1)
		size = len(older.json) + len(older.json)/64
		w.bindings = make([]outlinedBinding, 0, len(older.bindings)+8)
	}
	w.json = append(make([]byte, 0, size+1<<10), '[')
	symbolWalk{d, &w}.node(d.File().Root)
	w.json = append(w.json, ']')
	return w.outlined
})

// outlineWriter is the symbolVisitor that writes an outline.
type outlineWriter struct {
	outlined
	m      *document.Walker
	within []level // the outermost has no symbol
	let    bool

	older   *outlined
	changes document.Changes
	after   ast.Pos // the line after the edit
}

// level is a symbol that is being written.
type level struct {
	binding int  // index of its binding; -1 for symbols in strings
	begun   bool // it has children already
}

// takesOver copies the symbols of bindings that have not changed.
func (w *outlineWriter) takesOver(list []ast.Binding, let bool) int {
	w.let = let
	if w.older == nil {
		return 0
	}
	n, moved := w.changes.Same(list)
	first, lines := list[0].Pos(), 0
	if first >= w.changes.Start {
		if first < w.after {
			return 0
		}
		lines = w.lines - w.older.lines
	}
	// None with a string whose symbols depend on more than the binding.
	limit := min(document.Next(w.strings, first), document.Next(w.older.strings, first-moved)+moved)
	n = sort.Search(n, func(i int) bool { return list[i].Stop() > limit })
	if n == 0 {
		return 0
	}
	known := w.older.bindings
	i, ok := bindingIndex(known, first-moved)
	last, ok2 := bindingIndex(known, list[n-1].Pos()-moved)
	if !ok || !ok2 || known[i].let != let {
		return 0
	}
	w.separate()
	from, to := known[i].from, known[last].to
	var c outlineCopy
	w.json = c.append(w.json, w.older.json[:to], from, lines)
	end, _ := bindingIndex(known, list[n-1].Stop()-moved)
	for _, b := range known[i:end] {
		w.bindings = append(w.bindings, outlinedBinding{b.at + moved, b.let, c.place(b.from), c.place(b.to)})
	}
	return n
}

func bindingIndex(list []outlinedBinding, at ast.Pos) (int, bool) {
	return slices.BinarySearchFunc(list, at, func(b outlinedBinding, at ast.Pos) int { return int(b.at - at) })
}

// separate writes what stands before a symbol.
func (w *outlineWriter) separate() {
	around := &w.within[len(w.within)-1]
	switch {
	case around.begun:
		w.json = append(w.json, ',')
	case len(w.within) > 1:
		w.json = append(w.json, `,"children":[`...)
	}
	around.begun = true
}

func (w *outlineWriter) enter(s *symbol, from ast.Binding) {
	w.separate()
	w.within = append(w.within, level{binding: w.place(from)})
	w.json = append(w.json, `{"name":`...)
	w.quote(s.name)
	if s.detail != "" {
		w.json = append(w.json, `,"detail":`...)
		w.quote(s.detail)
	}
	w.json = append(w.json, `,"kind":`...)
	w.json = strconv.AppendUint(w.json, uint64(s.kind), 10)
	w.json = append(w.json, `,"range":`...)
	w.span(s.span)
	w.json = append(w.json, `,"selectionRange":`...)
	w.span(s.at)
}

// place notes that a symbol of a binding begins here.
func (w *outlineWriter) place(b ast.Binding) int {
	if b == nil {
		return -1
	}
	n := len(w.bindings)
	if n > 0 && w.bindings[n-1].at == b.Pos() {
		return n - 1 // another name of the same inherit
	}
	w.bindings = append(w.bindings, outlinedBinding{at: b.Pos(), let: w.let, from: len(w.json)})
	return n
}

func (w *outlineWriter) leave() {
	n := len(w.within) - 1
	if w.within[n].begun {
		w.json = append(w.json, ']')
	}
	w.json = append(w.json, '}')
	if i := w.within[n].binding; i >= 0 {
		w.bindings[i].to = len(w.json)
	}
	w.within = w.within[:n]
}

func (w *outlineWriter) span(s ast.Span) {
	w.json = append(w.json, `{"start":`...)
	w.position(s.Start)
	w.json = append(w.json, `,"end":`...)
	w.position(s.End)
	w.json = append(w.json, '}')
}

func (w *outlineWriter) position(off ast.Pos) {
	p := w.m.Position(off)
	w.json = append(w.json, `{"line":`...)
	w.json = strconv.AppendUint(w.json, uint64(p.Line), 10)
	w.json = append(w.json, `,"character":`...)
	w.json = strconv.AppendUint(w.json, uint64(p.Character), 10)
	w.json = append(w.json, '}')
}

func (w *outlineWriter) quote(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			// With an error for invalid UTF-8, which is replaced all the same.
			w.json, _ = jsontext.AppendQuote(w.json, s)
			return
		}
	}
	w.json = append(w.json, '"')
	w.json = append(w.json, s...)
	w.json = append(w.json, '"')
}
