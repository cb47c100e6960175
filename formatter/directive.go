package formatter

import (
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// Comments turn the formatter off and on again. Between
//
//	/*nixfmt:disable*/
//
// and
//
//	/*nixfmt:enable*/
//
// each alone on its line, whole lines stay as they are, the two included; without
// the second one the rest of the file does. What they enclose need not be whole
// expressions: it is laid out like everything else, so that what follows comes
// out right, but its source is written instead.

type directiveKind uint8

const (
	noDirective directiveKind = iota
	disableFormat
	enableFormat
)

// region is what a directive does at its place.
type region struct {
	kind directiveKind
	// closes says that a region ends here; its source is src[start:end].
	closes     bool
	start, end int32
}

// regions are the disabled regions of a file.
type regions struct {
	src  string
	from int32 // start of the region that is open while directives are read, or -1
	// edges are the offsets at which regions start and end, in turn.
	edges []int32
}

func (r *regions) reset(src string) {
	r.src, r.from, r.edges = src, -1, r.edges[:0]
}

// directive tells which directive a comment is.
func (g *gap) directive(start, stop int32) directiveKind {
	name, ok := strings.CutPrefix(g.src[start:stop], "/*nixfmt:")
	if !ok {
		return noDirective
	}
	kind := noDirective
	switch name {
	case "disable*/":
		kind = disableFormat
	case "enable*/":
		kind = enableFormat
	}
	line, _, _ := strings.Cut(g.src[stop:], "\n")
	if trimSpace(line) != "" {
		return noDirective
	}
	return kind
}

// resolve makes the trivium for a directive. One that is not alone on its line is
// a comment.
func (r *regions) resolve(t *trivia, it *gapItem) trivium {
	v := trivium{kind: directive, start: it.start, end: it.end}
	lineStart := int32(strings.LastIndexByte(r.src[:it.start], '\n') + 1)
	if trimSpace(r.src[lineStart:it.start]) != "" {
		v.kind = oneLine
		v.text = t.keep("# " + strings.TrimSuffix(r.src[it.start+2:it.end], "*/"))
		return v
	}
	v.region.kind = it.directive
	switch {
	case it.directive == disableFormat && r.from < 0:
		r.from = lineStart
		r.edges = append(r.edges, it.start)
	case it.directive == enableFormat && r.from >= 0:
		stop := it.end
		for int(stop) < len(r.src) && r.src[stop] != '\n' && r.src[stop] != '\r' {
			stop++
		}
		v.region.closes, v.region.start, v.region.end = true, r.from, stop
		r.from = -1
		r.edges = append(r.edges, it.start)
	}
	return v
}

// toEnd prints a region that no directive closes.
func (r *regions) toEnd(p *printer) {
	if r.from >= 0 {
		p.source(verbatim, r.from, int32(len(r.src)))
	}
}

// cuts reports whether a region starts or ends, but not both, inside one of the
// interpolations of a string.
func (r *regions) cuts(parts []ast.Part) bool {
	for i := range parts {
		if parts[i].Expr == nil || len(r.edges) == 0 {
			continue
		}
		inside := 0
		for _, e := range r.edges {
			if parts[i].Contains(ast.Pos(e)) {
				inside++
			}
		}
		if inside%2 == 1 {
			return true
		}
	}
	return false
}

// directive prints a directive.
func (p *printer) directive(t *trivium) {
	switch {
	case t.region.closes:
		p.source(verbatim, t.region.start, t.region.end)
		p.space(hardLine)
	case t.region.kind == disableFormat:
		// Its text is part of what the region prints.
		p.add(disable, 0, 0, 0)
	default:
		p.source(comment, t.start, t.end)
		p.space(hardLine)
	}
}

// movable takes the notes before a token, unless there is a directive among
// them, which must stay where it is.
func (p *printer) movable(start ast.Pos) notes {
	n := p.takeNotes(start)
	for i := n.from; i < n.to; i++ {
		if p.all[i].kind == directive {
			p.setNotes(start, n)
			return notes{}
		}
	}
	return n
}

// cutLine prints a line of a string that a region cuts through, at its original
// columns: shifting only a part of the string would change it.
func (p *printer) cutLine(line []strPart, indent int32) {
	if len(line) == 0 {
		return
	}
	lead := int32(0)
	if first := &line[0]; first.expr == nil {
		s := p.src[first.start:first.end]
		lead = leadingSpace(s)
		blank := s[:len(s)-len(strings.TrimLeftFunc(s, isSpace))]
		p.raw(strings.Repeat(" ", int(indent)) + blank)
		first.start += int32(len(blank))
	} else {
		p.raw(strings.Repeat(" ", int(indent)))
	}
	p.offset += lead
	p.line(line)
	p.offset -= lead
}

// raw adds a text that starts a line and is not indented, even if it is empty.
func (p *printer) raw(s string) {
	p.add(rawText, ^int32(len(p.aux)), int32(len(s)), int32(len(s)))
	p.aux = append(p.aux, s...)
}

// verbatim writes the source of a region and ends it.
func (l *layout) verbatim(e *elem) {
	s := l.src[e.pos : e.pos+e.size]
	if l.column > 0 && !l.muted {
		l.out = append(l.out, '\n')
	}
	l.muted = false
	l.out = append(l.out, s...)
	l.column = int32(len(s) - 1 - strings.LastIndexByte(s, '\n'))
}
