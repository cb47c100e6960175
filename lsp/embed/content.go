package embed

import (
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// Content is the text that a string stands for.
type Content struct {
	Text string
	// from[i] is the place in the source of byte i of Text; one more entry says
	// where the text ends.
	from []ast.Pos
	// Masks are the spans of Text that stand for interpolations.
	Masks []Mask
}

// Mask stands for an interpolation.
type Mask struct{ Start, End int }

// Source returns the place in the Nix source that a piece of the text comes from.
func (c Content) Source(start, end int) ast.Span {
	start, end = max(0, min(start, len(c.Text))), max(0, min(end, len(c.Text)))
	s := ast.Span{Start: c.from[start], End: c.from[end]}
	if end > start {
		// Where the text goes on behind an escape or an indentation, the piece ends
		// right after its last byte.
		s.End = c.after(end - 1)
	}
	return s
}

// movedBy returns the same text of another place.
func (c Content) movedBy(n ast.Pos) Content {
	from := make([]ast.Pos, len(c.from))
	for i, at := range c.from {
		from[i] = at + n
	}
	c.from = from
	return c
}

// after returns the place behind byte i.
func (c Content) after(i int) ast.Pos {
	for _, m := range c.Masks {
		if m.Start <= i && i < m.End {
			return c.from[m.End]
		}
	}
	return c.from[i] + 1
}

// Masked reports whether a piece of the text touches an interpolation.
func (c Content) Masked(start, end int) bool {
	for _, m := range c.Masks {
		if m.Start < end && start < m.End {
			return true
		}
	}
	return false
}

// Text returns the text of a string, with interpolations masked by a word that
// the language takes anywhere.
func Text(src string, n ast.Node, lang Language) (Content, bool) {
	w := &writer{src: src, mask: "nix_value"}
	if lang == JSON {
		w.mask = "0"
	}
	var parts []ast.Part
	open := ast.Pos(1)
	ind := false
	switch n := n.(type) {
	case *ast.String:
		parts = n.Parts
	case *ast.IndString:
		parts, ind, open = n.Parts, true, 2
	}
	start, end := n.Pos()+open, n.Stop()-open
	if end < start || int(n.Stop()) > len(src) {
		return Content{}, false
	}
	indent := 0
	if ind {
		indent = commonIndent(src[start:end], parts, start)
		// The line of the opening quotes is dropped when nothing stands on it.
		i := start
		for i < end && src[i] == ' ' {
			i++
		}
		if i < end && src[i] == '\n' {
			start = i + 1
		}
	}
	var holes []ast.Span
	for _, p := range parts {
		if p.Expr != nil {
			holes = append(holes, p.Span)
		}
	}
	w.lineStart = ind
	for i := start; i < end; {
		if len(holes) > 0 && i >= holes[0].Start {
			w.hole(holes[0])
			i = holes[0].End
			holes = holes[1:]
			continue
		}
		if w.lineStart {
			for k := 0; k < indent && i < end && src[i] == ' '; k++ {
				i++
			}
			w.lineStart = false
			continue
		}
		if ind {
			i = w.indented(i, end)
		} else {
			i = w.quoted(i, end)
		}
	}
	w.from = append(w.from, end)
	return Content{Text: w.b.String(), from: w.from, Masks: w.masks}, true
}

type writer struct {
	src       string
	mask      string
	b         strings.Builder
	from      []ast.Pos
	masks     []Mask
	lineStart bool
}

func (w *writer) put(c byte, at ast.Pos) {
	w.b.WriteByte(c)
	w.from = append(w.from, at)
	if c == '\n' {
		w.lineStart = true
	}
}

func (w *writer) hole(s ast.Span) {
	start := w.b.Len()
	for i := range len(w.mask) {
		w.b.WriteByte(w.mask[i])
		w.from = append(w.from, s.Start)
	}
	w.masks = append(w.masks, Mask{start, w.b.Len()})
	w.lineStart = false
}

var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r'}

// quoted takes one character of a "string".
func (w *writer) quoted(i, end ast.Pos) ast.Pos {
	c := w.src[i]
	if c == '\\' && i+1 < end {
		next := w.src[i+1]
		if e, ok := escapes[next]; ok {
			next = e
		}
		w.put(next, i+1)
		w.lineStart = false
		return i + 2
	}
	w.put(c, i)
	w.lineStart = false
	return i + 1
}

// indented takes one character of an indented string.
func (w *writer) indented(i, end ast.Pos) ast.Pos {
	rest := w.src[i:end]
	switch {
	case strings.HasPrefix(rest, `''\`) && len(rest) > 3:
		next := rest[3]
		if e, ok := escapes[next]; ok {
			next = e
		}
		w.put(next, i+3)
		w.lineStart = false
		return i + 4
	case strings.HasPrefix(rest, "''$"):
		w.put('$', i+2)
		return i + 3
	case strings.HasPrefix(rest, "'''"):
		w.put('\'', i+1)
		w.put('\'', i+2)
		return i + 3
	}
	w.put(w.src[i], i)
	return i + 1
}

// commonIndent is how many spaces all lines of an indented string begin with,
// blank ones aside.
func commonIndent(text string, parts []ast.Part, start ast.Pos) int {
	hole := func(at ast.Pos) bool {
		for _, p := range parts {
			if p.Expr != nil && p.Start < at && at < p.End {
				return true
			}
		}
		return false
	}
	common := -1
	for i := 0; i <= len(text); {
		j := i
		for j < len(text) && text[j] == ' ' {
			j++
		}
		blank := j == len(text) || text[j] == '\n'
		if (i > 0 || !blank) && !hole(start+ast.Pos(i)) && !(blank && j < len(text)) && !(blank && j == len(text)) {
			if n := j - i; common < 0 || n < common {
				common = n
			}
		}
		k := strings.IndexByte(text[j:], '\n')
		if k < 0 {
			break
		}
		i = j + k + 1
	}
	return max(common, 0)
}
