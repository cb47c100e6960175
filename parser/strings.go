package parser

import (
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// str reads a "string"; the opening quote is the current token.
func (p *parser) str() *ast.String {
	start := p.start
	parts := p.strParts()
	s := p.nodes.str.new()
	s.Span, s.Parts = p.since(start), parts
	return s
}

// strParts reads what is between quotes and makes what follows the current
// token.
func (p *parser) strParts() []ast.Part {
	mark := len(p.parts)
	open := p.start
	src, i := p.src, p.end
	if p.cut.end > 0 && open == p.cut.start {
		src = src[:max(p.cut.end, i)]
	}
	for {
		start := i
		plain := true
	text:
		for i < len(src) {
			if props[src[i]]&isPlain != 0 {
				i++
				continue
			}
			switch src[i] {
			case '"':
				break text
			case '$':
				switch p.at(i + 1) {
				case '{':
					break text
				case '$': // its second half starts no `${`
					i += 2
				default:
					i++
				}
			case '\\':
				plain = false
				i += 2
			default: // \r and NUL
				plain = false
				i++
			}
		}
		i = max(start, min(i, len(src))) // an interpolation may reach beyond a cut
		if i > start {
			text := src[start:i]
			if plain {
				text = p.own(text)
			} else {
				text = p.unescape(text, start)
			}
			p.parts = append(p.parts, ast.Part{Span: span(start, i), Text: text})
			p.token(ast.STR_TEXT, start, i)
		}
		if i >= len(src) {
			if len(src) < len(p.src) { // closed by repair
				p.troubles++
				p.pos, p.end = i, i
				p.next()
				break
			}
			p.unclosed = append(p.unclosed, cut{open, len(src)})
			p.set(ast.EOF, len(src), len(src))
			p.prevEnd = len(src)
			p.unexpected(`'"'`)
			break
		}
		if src[i] == '"' {
			p.closeString(open, i, i+1)
			break
		}
		end, ok := p.interpolation(i, true)
		if !ok {
			p.unclosed = append(p.unclosed, cut{open, len(src)})
			break
		}
		i = end
	}
	parts := p.nodes.parts.copy(p.parts[mark:])
	p.parts = p.parts[:mark]
	return parts
}

// closeString ends the string that begins at open with the delimiter src[start:end]
// and makes the token after it the current one.
func (p *parser) closeString(open, start, end int) {
	if strings.IndexByte(p.src[open:start], '\n') >= 0 {
		p.multiline = append(p.multiline, cut{open, start})
	}
	p.token(ast.STR_CLOSE, start, end)
	p.pos, p.end = end, end
	p.next()
}

// interpolation reads ${ expr } at i, adds it to the parts and returns the
// offset after it. The token after it is not read: it belongs to a string (then
// inText is set) or path.
func (p *parser) interpolation(i int, inText bool) (end int, ok bool) {
	p.token(ast.DOLLAR_CURLY, i, i+2)
	p.pos, p.end = i+2, i+2
	p.next()
	x := p.until(ast.RBRACE)
	if p.kind != ast.RBRACE {
		p.unexpected("'}'")
		if inText {
			if end := p.resumeText(i); end > 0 {
				p.parts = append(p.parts, ast.Part{Span: span(i, end), Expr: x})
				return end, true
			}
		}
		p.sync(ast.RBRACE)
		if p.kind != ast.RBRACE {
			p.parts = append(p.parts, ast.Part{Span: p.since(i), Expr: x})
			return 0, false
		}
	}
	p.parts = append(p.parts, ast.Part{Span: span(i, p.end), Expr: x})
	return p.end, true
}

// unescape resolves the escapes of a "string" and normalises line ends. pos is
// the offset of s.
func (p *parser) unescape(s string, pos int) string {
	p.text.reserve(len(s), len(p.src)-pos)
	mark := len(p.text.buf)
	buf := p.text.buf
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			i++
			buf = append(buf, escaped(s[i]))
		case c == '\r':
			buf = append(buf, '\n')
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
		default:
			buf = append(buf, c)
		}
	}
	p.text.buf = buf
	text := p.text.since(mark)
	p.checkNUL(text, pos)
	return text
}

// escaped returns what a backslash and c stand for.
func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// checkNUL refuses texts with NUL bytes, as Nix does.
func (p *parser) checkNUL(text string, pos int) {
	if strings.IndexByte(text, 0) >= 0 {
		p.errorAt(pos, pos+1, CodeNUL, "input string '"+strings.ReplaceAll(text, "\x00", "␀")+
			"' cannot be represented as Nix string because it contains null bytes")
	}
}
