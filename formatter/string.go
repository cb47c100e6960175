package formatter

import (
	"strings"
	"unicode/utf8"

	"gonix.dev/gonix/parser/ast"
)

// Strings are printed line by line: what is text stays as it is, except for the
// indentation of indented strings, and what is in ${ } is formatted.

// strPart is a piece of a string or path: text, an interpolation, or the end of a
// line.
type strPart struct {
	start, end int32
	expr       ast.Expr
	newline    bool
}

// split puts the parts of a string on the stack: the texts and interpolations
// between two offsets, and, unless it is a path, the ends of its lines.
func (p *printer) split(start, end int32, parts []ast.Part) []strPart {
	mark := len(p.parts)
	at := start
	for i := range parts {
		if part := &parts[i]; part.Expr != nil {
			p.splitText(at, int32(part.Start))
			p.parts = append(p.parts, strPart{start: int32(part.Start), end: int32(part.End), expr: part.Expr})
			at = int32(part.End)
		}
	}
	p.splitText(at, end)
	return p.parts[mark:]
}

func (p *printer) splitText(start, end int32) {
	for start < end {
		n := strings.IndexByte(p.src[start:end], '\n')
		if n < 0 {
			p.parts = append(p.parts, strPart{start: start, end: end})
			return
		}
		stop := start + int32(n)
		if stop > start {
			p.parts = append(p.parts, strPart{start: start, end: stop})
		}
		p.parts = append(p.parts, strPart{start: stop, end: stop + 1, newline: true})
		start = stop + 1
	}
}

func (p *printer) popParts(parts []strPart) { p.parts = p.parts[:len(p.parts)-len(parts)] }

// cutLine splits parts at the first end of a line.
func cutLine(parts []strPart) (line, rest []strPart, more bool) {
	for i := range parts {
		if parts[i].newline {
			return parts[:i], parts[i+1:], true
		}
	}
	return parts, nil, false
}

// str prints a "string".
func (p *printer) str(n *ast.String) {
	if !interpolated(n.Parts) {
		p.lone(int32(n.Start), int32(n.End))
		return
	}
	p.enter(regular)
	parts := p.split(int32(n.Start)+1, int32(n.End)-1, n.Parts)
	p.source(text, int32(n.Start), int32(n.Start)+1)
	for rest, more := parts, true; more; {
		var line []strPart
		line, rest, more = cutLine(rest)
		p.line(line)
		if more {
			// A plain text: nothing may be indented after it.
			p.string(text, "\n")
		}
	}
	p.source(text, int32(n.End)-1, int32(n.End))
	p.popParts(parts)
	p.leave()
}

func interpolated(parts []ast.Part) bool {
	for i := range parts {
		if parts[i].Expr != nil {
			return true
		}
	}
	return false
}

// uri prints a URL literal, which becomes a string.
func (p *printer) uri(n *ast.URI) {
	p.enter(regular)
	p.string(text, `"`)
	p.source(text, int32(n.Start), int32(n.End))
	p.string(text, `"`)
	p.leave()
}

// path prints a path.
func (p *printer) path(n *ast.Path) {
	if !interpolated(n.Parts) {
		p.source(text, int32(n.Start), int32(n.End))
		return
	}
	parts := p.split(int32(n.Start), int32(n.End), n.Parts)
	p.line(parts)
	p.popParts(parts)
}

// multiline reports whether an indented string has several lines.
func (p *printer) multiline(n *ast.IndString) bool {
	start, end := int32(n.Start)+2, int32(n.End)-2
	at, lines, firstBlank := start, 1, true
	count := func(stop int32) bool {
		s := p.src[at:stop]
		for {
			i := strings.IndexByte(s, '\n')
			if lines == 1 {
				head := s
				if i >= 0 {
					head = s[:i]
				}
				firstBlank = firstBlank && onlySpaces(head)
			}
			if i < 0 {
				return false
			}
			if lines++; lines > 2 {
				return true
			}
			s = s[i+1:]
		}
	}
	for i := range n.Parts {
		part := &n.Parts[i]
		if part.Expr == nil {
			continue
		}
		if count(int32(part.Start)) {
			return true
		}
		if lines == 1 {
			firstBlank = false
		}
		at = int32(part.End)
	}
	if count(end) {
		return true
	}
	return lines == 2 && !firstBlank
}

func onlySpaces(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != ' ' {
			return false
		}
	}
	return true
}

// isBlankLine reports whether a line has nothing, or one text of spaces.
func (p *printer) isBlankLine(line []strPart) bool {
	return len(line) == 0 || len(line) == 1 && line[0].expr == nil && onlySpaces(p.src[line[0].start:line[0].end])
}

// indString prints an ”indented string”. Those of one line become "strings"
// when nothing in them needs to be escaped then.
func (p *printer) indString(n *ast.IndString) {
	all := p.split(int32(n.Start)+2, int32(n.End)-2, n.Parts)
	parts := all
	if first, rest, more := cutLine(parts); more && p.isBlankLine(first) {
		parts = rest
	}
	lastStart := len(parts)
	for lastStart > 0 && !parts[lastStart-1].newline {
		lastStart--
	}
	if p.isBlankLine(parts[lastStart:]) {
		parts = parts[:lastStart]
	}
	// The line after an escaped newline is part of the line before it: its
	// indentation means something.
	cut := p.regions.cuts(n.Parts) || strings.Contains(p.src[n.Start:n.End], "''\\\n")
	indent := p.unindent(parts)
	several := lastStart > 0

	p.enter(regular)
	switch {
	case !several && !cut && p.plainText(parts):
		p.string(text, `"`)
		p.simpleLine(parts)
		p.string(text, `"`)
	default:
		p.source(text, int32(n.Start), int32(n.Start)+2)
		if several {
			p.space(brk)
		}
		p.level++
		for rest, more := parts, true; more; {
			var line []strPart
			line, rest, more = cutLine(rest)
			if cut {
				p.cutLine(line, indent)
			} else {
				p.line(line)
			}
			if more {
				p.space(newlines)
			}
		}
		p.level--
		p.source(text, int32(n.End)-2, int32(n.End))
	}
	p.leave()
	p.popParts(all)
}

// unindent drops the spaces that all lines with text share from them, and all
// text from the others. It returns their number.
func (p *printer) unindent(parts []strPart) int32 {
	common := int32(-1)
	for rest, more := parts, true; more; {
		var line []strPart
		line, rest, more = cutLine(rest)
		if p.isBlankLine(line) {
			continue
		}
		spaces := int32(0)
		if line[0].expr == nil {
			s := p.src[line[0].start:line[0].end]
			spaces = int32(len(s) - len(strings.TrimLeft(s, " ")))
		}
		if common < 0 || spaces < common {
			common = spaces
		}
	}
	for rest, more := parts, true; more; {
		var line []strPart
		line, rest, more = cutLine(rest)
		switch {
		case len(line) == 0 || line[0].expr != nil:
		case common < 0 || line[0].end-line[0].start < common:
			line[0].start = line[0].end
		default:
			line[0].start += common
		}
	}
	return max(common, 0)
}

// plainText reports whether no text needs other escapes in a "string".
func (p *printer) plainText(parts []strPart) bool {
	for i := range parts {
		if parts[i].expr == nil && strings.ContainsAny(p.src[parts[i].start:parts[i].end], `"\`) {
			return false
		}
	}
	return true
}

// simpleLine prints the one line of an indented string as that of a "string".
func (p *printer) simpleLine(line []strPart) {
	escaped := false
	for i := range line {
		escaped = escaped || line[i].expr == nil && strings.Contains(p.src[line[i].start:line[i].end], "''")
	}
	if !escaped {
		p.line(line)
		return
	}
	unescape := strings.NewReplacer("''$", `\$`, "'''", "''")
	if line[0].expr != nil {
		p.texts(line, unescape)
		return
	}
	s := p.src[line[0].start:line[0].end]
	p.string(text, unescape.Replace(s))
	indent := leadingSpace(s)
	p.offset += indent
	p.texts(line[1:], unescape)
	p.offset -= indent
}

// leadingSpace returns the number of columns of white space that a text starts
// with.
func leadingSpace(s string) int32 {
	return int32(utf8.RuneCountInString(s[:len(s)-len(strings.TrimLeftFunc(s, isSpace))]))
}

// line prints one line of a string.
func (p *printer) line(line []strPart) {
	if len(line) > 0 && line[0].expr == nil && line[0].start == line[0].end {
		line = line[1:]
	}
	if len(line) == 0 {
		return
	}
	lead := int32(0)
	first := line[0]
	if first.expr == nil {
		s := p.src[first.start:first.end]
		p.source(text, first.start, first.end)
		line = line[1:]
		if len(line) == 0 {
			return
		}
		if lead = leadingSpace(s); len(line) == 1 && !onlySpaces(s) || len(line) > 1 {
			p.offset += lead
			p.texts(line, nil)
			p.offset -= lead
			return
		}
	} else if len(line) > 1 {
		p.texts(line, nil)
		return
	}
	// An interpolation is all there is on the line.
	p.offset += lead
	p.alone(line[0])
	p.offset -= lead
}

// texts prints texts and interpolations one after the other.
func (p *printer) texts(parts []strPart, unescape *strings.Replacer) {
	for _, part := range parts {
		switch {
		case part.expr != nil:
			p.interpolation(span(part), part.expr)
		case unescape != nil:
			p.string(text, unescape.Replace(p.src[part.start:part.end]))
		default:
			p.source(text, part.start, part.end)
		}
	}
}

func span(part strPart) ast.Span { return ast.Span{Start: ast.Pos(part.start), End: ast.Pos(part.end)} }

// alone prints an interpolation that has a line to itself.
func (p *printer) alone(part strPart) {
	strict := p.strict
	p.strict = false
	if notes := p.takeNotes(ast.Pos(part.end - 1)); !notes.empty() {
		p.enter(regular)
		p.source(text, part.start, part.start+2)
		p.space(brk)
		p.level++
		p.whole(part.expr, notes)
		p.level--
		p.space(brk)
		p.source(text, part.end-1, part.end)
		p.leave()
	} else {
		p.enter(regular)
		p.source(text, part.start, part.start+2)
		p.level++
		p.enclosed(part.expr)
		p.level--
		p.source(text, part.end-1, part.end)
		p.leave()
	}
	p.strict = strict
}

// whole prints an expression with the notes after it.
func (p *printer) whole(e ast.Expr, after notes) {
	p.enter(regular)
	p.expr(e)
	p.notes(after)
	p.leave()
}

// interpolation prints ${ expression }. Short ones are kept on one line, whether
// they fit there or not.
func (p *printer) interpolation(s ast.Span, e ast.Expr) {
	const short = 30 // columns
	strict := p.strict
	p.strict = false // only the outermost code is free from its lines
	start, end := int32(s.Start), int32(s.End)
	notes := p.takeNotes(s.End - 1)
	switch {
	case notes.empty() && p.absorbable(e):
		p.enter(regular)
		p.source(text, start, start+2)
		p.term(e, false)
		p.source(text, end-1, end)
		p.leave()
	case notes.empty() && p.simple(e, false):
		p.source(text, start, start+2)
		first, breaks := len(p.elems), p.breaks
		p.expr(e)
		if p.breaks == breaks {
			p.flatten(first, 0)
		}
		p.source(text, end-1, end)
	default:
		p.enter(regular)
		p.source(text, start, start+2)
		first := len(p.elems)
		p.space(brk)
		flat, breaks := p.flat, p.breaks
		p.level++
		p.whole(e, notes)
		p.level--
		if p.breaks == breaks && p.flat-flat <= short {
			p.flatten(first, 1)
		} else {
			p.space(brk)
		}
		p.source(text, end-1, end)
		p.leave()
	}
	p.strict = strict
}
