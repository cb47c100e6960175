package formatter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace is the formatter's idea of white space in comments: what Unicode calls
// a space separator, and the control characters among ASCII's.
func isSpace(r rune) bool {
	return r == ' ' || '\t' <= r && r <= '\r' || r >= 0x80 && unicode.Is(unicode.Zs, r)
}

// isBlank reports whether r is white space that does not end a line.
func isBlank(r rune) bool { return r != '\n' && r != '\r' && isSpace(r) }

func trimSpace(s string) string      { return strings.TrimFunc(s, isSpace) }
func trimSpaceRight(s string) string { return strings.TrimRightFunc(s, isSpace) }

// column returns the column of an offset, from 0. Tabs go to the next multiple
// of eight.
func column(src string, pos int32) int {
	n := 0
	for _, r := range src[strings.LastIndexByte(src[:pos], '\n')+1 : pos] {
		if r == '\t' {
			n += 8 - n%8
		} else {
			n++
		}
	}
	return n
}

// isDocComment tells /** */ from /* */ and from the empty /**/.
func isDocComment(s string) bool {
	return strings.HasPrefix(s, "/**") && !strings.HasPrefix(s, "/**/")
}

// commentLines calls each, if it is not nil, for the lines of a /* comment */
// as they are to be printed: without the stars that some put before them, and
// without the indentation they share. It returns the number of lines from the
// first that is not empty to the last, and the first of them.
func (t *trivia) commentLines(start, end int32, each func(piece)) (int, piece) {
	src := t.d.src
	skip := int32(2)
	if isDocComment(src[start:end]) {
		skip = 3
	}
	c := commentBody{src: src, pos: start + skip}
	body := src[c.pos : end-2]

	// Most comments have one line.
	nl := strings.IndexByte(body, '\n')
	if nl < 0 {
		line := c.trimmed(c.pos, end-2)
		if line.size == 0 {
			return 0, piece{}
		}
		if each != nil {
			each(line)
		}
		return 1, line
	}
	at := c.pos
	for {
		line := body
		nl := strings.IndexByte(body, '\n')
		if nl >= 0 {
			line = body[:nl]
		}
		c.lines = append(c.lines, piece{at, int32(len(trimSpaceRight(line)))})
		if nl < 0 {
			break
		}
		at += int32(nl) + 1
		body = body[nl+1:]
	}
	c.dropEmptyEnd()
	if len(c.lines) == 0 {
		return 0, piece{}
	}
	indent := column(src, start)
	c.removeStars(indent)
	c.dropEmptyEnd()
	c.unindent(indent)
	for len(c.lines) > 0 && c.lines[0].size == 0 {
		c.lines = c.lines[1:]
	}
	if len(c.lines) == 0 {
		return 0, piece{}
	}
	if each != nil {
		for _, l := range c.lines {
			each(l)
		}
	}
	return len(c.lines), c.lines[0]
}

// commentBody is the text of a comment over several lines.
type commentBody struct {
	src   string
	pos   int32
	lines []piece
	// stars is how many columns of indentation stand in for the stars that were
	// removed from the lines after the first; -1 when none were.
	stars int
}

func (c *commentBody) text(p piece) string { return c.src[p.pos : p.pos+p.size] }

// trimmed returns the text between two offsets without white space around.
func (c *commentBody) trimmed(start, end int32) piece {
	s := c.src[start:end]
	t := strings.TrimLeftFunc(s, isSpace)
	start += int32(len(s) - len(t))
	return piece{start, int32(len(trimSpaceRight(t)))}
}

func (c *commentBody) dropEmptyEnd() {
	for len(c.lines) > 0 && c.lines[len(c.lines)-1].size == 0 {
		c.lines = c.lines[:len(c.lines)-1]
	}
}

// removeStars drops the stars that all lines but the first start with, below
// the star of the opening, whose column is indent.
func (c *commentBody) removeStars(indent int) {
	c.stars = -1
	prefix := indent + len(" *")
	for _, l := range c.lines[1:] {
		s := c.text(l)
		if len(s) < prefix || s[prefix-1] != '*' || strings.Trim(s[:prefix-1], " ") != "" {
			return
		}
	}
	c.stars = indent
	for i := range c.lines[1:] {
		l := &c.lines[i+1]
		l.pos += int32(prefix)
		l.size -= int32(prefix)
	}
}

// unindent drops the indentation that all lines but the first share. The columns
// that the opening takes always count as indentation.
func (c *commentBody) unindent(indent int) {
	common := indent + len("/*")
	if c.text(c.lines[0]) != "" && c.src[c.lines[0].pos] == ' ' {
		common++ // the text of the first line is aligned with the others
	}
	before := max(c.stars, 0) // spaces that were put in the place of stars
	for _, l := range c.lines[1:] {
		s := c.text(l)
		if strings.Trim(s, " ") == "" {
			continue
		}
		common = min(common, before+len(s)-len(strings.TrimLeft(s, " ")))
	}
	drop := common - before
	for i := range c.lines {
		l := &c.lines[i]
		s := c.text(*l)
		if i == 0 {
			*l = c.trimmed(l.pos, l.pos+l.size)
			continue
		}
		if len(s) >= drop && strings.Trim(s[:drop], " ") == "" {
			l.pos += int32(drop)
			l.size -= int32(drop)
		} else {
			*l = piece{l.pos + l.size - int32(len(strings.TrimLeftFunc(s, isSpace))), int32(len(strings.TrimLeftFunc(s, isSpace)))}
		}
	}
}

// notes prints what stands before a token.
func (p *printer) notes(n notes) {
	if n.empty() {
		return
	}
	if n.to-n.from == 1 && p.all[n.from].kind == annotation {
		p.note(&p.all[n.from])
		return
	}
	p.space(hardLine)
	for i := n.from; i < n.to; i++ {
		p.note(&p.all[i])
	}
}

func (p *printer) note(t *trivium) {
	switch t.kind {
	case blankLine:
		p.space(emptyLine)
	case oneLine:
		p.piece(comment, t.text)
		p.space(hardLine)
	case annotation:
		p.string(comment, "/* "+p.src[t.text.pos:t.text.pos+t.text.size]+" */")
		p.space(hardSpace)
	case manyLines:
		p.blockComment(t)
	case directive:
		p.directive(t)
	}
}

// blockComment prints a comment of several lines.
func (p *printer) blockComment(t *trivium) {
	if isDocComment(p.src[t.start:t.end]) {
		p.source(comment, t.start, t.start+3)
	} else {
		p.source(comment, t.start, t.start+2)
	}
	p.space(hardLine)
	p.offset += 2
	p.commentLines(t.start, t.end, func(l piece) {
		if l.size == 0 {
			p.space(emptyLine)
			return
		}
		p.piece(comment, l)
		p.space(hardLine)
	})
	p.offset -= 2
	p.source(comment, t.end-2, t.end)
	p.space(hardLine)
}

// comment prints the comment after a token.
func (p *printer) comment(text piece) {
	if text.size == 0 {
		return
	}
	p.space(hardSpace)
	p.piece(lineComment, text)
	p.space(hardLine)
}

// piece adds a text that was kept.
func (p *printer) piece(k kind, t piece) {
	if t.pos >= 0 {
		p.source(k, t.pos, t.pos+t.size)
		return
	}
	p.add(k, t.pos, t.size, int32(utf8.RuneCount(p.aux[^t.pos:^t.pos+t.size])))
}
