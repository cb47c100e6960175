package parser

import (
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// Indented strings: ''text''.
//
// Their text is read into pieces. A piece is a run of plain text, an escape or
// an interpolation. The indentation that is stripped is the smallest number of
// spaces before the first other thing of a line, over all lines that have such a
// thing; only plain text counts as indentation, and a line that ends at the
// closing quotes has no such thing. See ParserState::stripIndentation in Nix.

// indPiece is one token of an indented string.
type indPiece struct {
	span  ast.Span
	text  string
	plain bool     // text whose leading spaces are indentation
	expr  ast.Expr // an interpolation
}

// indString reads an ”indented string”; its opening is the current token.
func (p *parser) indString() *ast.IndString {
	start := p.start
	mark := len(p.pieces)
	src, i := p.src, p.end
	if p.cut.end > 0 && start == p.cut.start {
		src = src[:max(p.cut.end, i)]
	}

	// Spaces up to the first line end belong to the opening.
	j := i
	for j < len(src) && src[j] == ' ' {
		j++
	}
	if j < len(src) && src[j] == '\n' {
		p.token(ast.STR_TEXT, i, j+1)
		i = j + 1
	}
loop:
	for {
		if i >= len(src) {
			if len(src) < len(p.src) { // closed by repair
				p.troubles++
				p.pos, p.end = i, i
				p.next()
				break
			}
			p.unclosed = append(p.unclosed, cut{start, len(src)})
			p.set(ast.EOF, len(src), len(src))
			p.prevEnd = len(src)
			p.unexpected("indented string", "'${'", "end of an indented string")
			break
		}
		begin := i
		i = p.indRun(src, i)
		if i > begin {
			p.piece(begin, i, src[begin:i], true)
			if p.nul {
				p.nul = false
				p.checkNUL(src[begin:i], begin)
			}
			continue
		}
		switch {
		case src[i] == '$' && p.at(i+1) == '{':
			parts := len(p.parts)
			end, ok := p.interpolation(i, true)
			part := p.parts[parts]
			p.parts = p.parts[:parts]
			p.pieces = append(p.pieces, indPiece{span: part.Span, expr: part.Expr})
			if !ok {
				p.unclosed = append(p.unclosed, cut{start, len(src)})
				break loop
			}
			i = end
		case src[i] == '$':
			i++
			p.piece(begin, i, "$", false)
		case p.at(i+1) != '\'': // a single quote before ' or $ or the end
			i++
			p.piece(begin, i, "'", false)
		default:
			switch {
			case p.at(i+2) == '$':
				i += 3
				p.piece(begin, i, "$", false)
			case p.at(i+2) == '\'':
				i += 3
				p.piece(begin, i, "''", false)
			case p.at(i+2) == '\\' && i+3 < len(src):
				text := src[i+3 : i+4]
				switch text[0] {
				case 'n':
					text = "\n"
				case 'r':
					text = "\r"
				case 't':
					text = "\t"
				case 0:
					p.checkNUL(text, i)
				}
				i += 4
				p.piece(begin, i, text, false)
			default:
				p.closeString(start, i, i+2)
				break loop
			}
		}
	}
	s := p.nodes.ind.new()
	s.Parts = p.strip(p.pieces[mark:])
	clear(p.pieces[mark:])
	p.pieces = p.pieces[:mark]
	s.Span = p.since(start)
	return s
}

// indRun returns the end of the plain text at i: `$` stands for itself unless
// `{` or `'` follows, and so does a quote unless `'` or `$` follows; what follows
// is passed over with them.
func (p *parser) indRun(src string, i int) int {
	for i < len(src) {
		if props[src[i]]&isIndRun != 0 {
			i++
			continue
		}
		switch src[i] {
		case '$':
			if c := p.at(i + 1); i+1 >= len(src) || c == '{' || c == '\'' {
				return i
			} else if c == 0 {
				p.nul = true
			}
			i += 2
		case '\'':
			if c := p.at(i + 1); i+1 >= len(src) || c == '$' || c == '\'' {
				return i
			} else if c == 0 {
				p.nul = true
			}
			i += 2
		default:
			p.nul = true
			i++
		}
	}
	return i
}

func (p *parser) piece(start, end int, text string, plain bool) {
	p.pieces = append(p.pieces, indPiece{span: span(start, end), text: text, plain: plain})
	p.token(ast.STR_TEXT, start, end)
}

// indentation returns how many spaces start every line.
func indentation(pieces []indPiece) int {
	least := 1000000
	current := 0
	atStart := true // only spaces so far in this line
	for i := range pieces {
		if !pieces[i].plain {
			if atStart {
				atStart = false
				least = min(least, current)
			}
			continue
		}
		s := pieces[i].text
		for {
			if atStart {
				n := 0
				for n < len(s) && s[n] == ' ' {
					n++
				}
				current += n
				if s = s[n:]; s == "" {
					break
				}
				if s[0] == '\n' { // empty lines do not count
					current = 0
					s = s[1:]
					continue
				}
				atStart = false
				least = min(least, current)
			}
			n := strings.IndexByte(s, '\n')
			if n < 0 {
				break
			}
			s = s[n+1:]
			atStart = true
			current = 0
		}
	}
	return least
}

// strip makes the parts of an indented string.
func (p *parser) strip(pieces []indPiece) []ast.Part {
	mark := len(p.parts)
	indent := indentation(pieces)
	atStart := true
	dropped := 0
	for i := range pieces {
		pc := &pieces[i]
		if pc.expr != nil {
			atStart, dropped = false, 0
			p.parts = append(p.parts, ast.Part{Span: pc.span, Expr: pc.expr})
			continue
		}
		text := pc.text
		if indent > 0 {
			text = p.stripText(text, indent, &atStart, &dropped, int(pc.span.Start))
		}
		if i == len(pieces)-1 {
			// The line of the closing quotes is dropped when it is blank.
			if n := strings.LastIndexByte(text, '\n'); n >= 0 && strings.Trim(text[n+1:], " ") == "" {
				text = text[:n+1]
			}
		}
		if text != "" {
			p.parts = append(p.parts, ast.Part{Span: pc.span, Text: p.own(text)})
		}
	}
	parts := p.nodes.parts.copy(p.parts[mark:])
	p.parts = p.parts[:mark]
	return parts
}

// stripText drops the indentation of the lines of one text.
func (p *parser) stripText(s string, indent int, atStart *bool, dropped *int, pos int) string {
	if !*atStart && strings.IndexByte(s, '\n') < 0 {
		return s
	}
	p.text.reserve(len(s), len(p.src)-pos)
	mark := len(p.text.buf)
	buf := p.text.buf
	for s != "" {
		if *atStart {
			n := 0
			for n < len(s) && s[n] == ' ' {
				n++
			}
			drop := max(min(n, indent-*dropped), 0)
			*dropped += n
			buf = append(buf, s[drop:n]...)
			if s = s[n:]; s == "" {
				break
			}
			*dropped = 0
			if s[0] == '\n' {
				buf = append(buf, '\n')
				s = s[1:]
				continue
			}
			*atStart = false
		}
		n := strings.IndexByte(s, '\n')
		if n < 0 {
			buf = append(buf, s...)
			break
		}
		buf = append(buf, s[:n+1]...)
		s = s[n+1:]
		*atStart = true
	}
	p.text.buf = buf
	return p.text.since(mark)
}
