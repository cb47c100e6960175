package parser

import (
	"strings"
	"unicode/utf8"

	"gonix.dev/gonix/parser/ast"
)

// next makes the next token of ordinary code the current one.
func (p *parser) next() {
	p.prevEnd = p.end
	src, i := p.src, p.pos
	for {
		if i >= p.limit && p.ends(i) {
			p.set(ast.EOF, len(src), len(src))
			return
		}
		c := src[i]
		switch starts[c] {
		case startSpace:
			i++
			continue
		case startHash:
			i = p.lineComment(i)
			continue
		case startIdent:
			p.lexIdent(i)
		case startDigit:
			p.lexNumber(i)
		case startSingle:
			p.set(single[c], i, i+1)
		case startDot:
			p.lexDot(i)
		case startPlus:
			if end := p.longer(i); end > 0 {
				p.set(ast.PATH, i, end)
			} else {
				p.oneOrTwo(i, ast.PLUS, '+', ast.CONCAT)
			}
		case startMinus:
			if end := p.longer(i); end > 0 {
				p.set(ast.PATH, i, end)
			} else {
				p.oneOrTwo(i, ast.MINUS, '>', ast.IMPL)
			}
		case startSlash:
			if p.at(i+1) == '*' {
				if end := p.blockComment(i); end > 0 {
					i = end
					continue
				}
			}
			if end := p.pathEnd(i); end > 0 {
				p.set(ast.PATH, i, end)
			} else {
				p.oneOrTwo(i, ast.SLASH, '/', ast.UPDATE)
			}
		case startTilde:
			end := 0
			if p.at(i+1) == '/' {
				end = p.pathEnd(i + 1)
			}
			if end > 0 {
				p.set(ast.PATH, i, end)
			} else {
				p.set(ast.Illegal, i, i+1)
			}
		case startLess:
			p.lexLess(i)
		case startGreater:
			p.oneOrTwo(i, ast.GREATER, '=', ast.GREATER_EQ)
		case startEq:
			p.oneOrTwo(i, ast.ASSIGN, '=', ast.EQ)
		case startNot:
			p.oneOrTwo(i, ast.NOT, '=', ast.NOT_EQ)
		case startAnd:
			p.oneOrTwo(i, ast.Illegal, '&', ast.AND)
		case startOr:
			if p.at(i+1) == '>' {
				p.set(ast.PIPE_RIGHT, i, i+2)
			} else {
				p.oneOrTwo(i, ast.Illegal, '|', ast.OR)
			}
		case startQuote:
			p.set(ast.STR_OPEN, i, i+1)
		case startTick:
			p.oneOrTwo(i, ast.Illegal, '\'', ast.STR_OPEN)
		case startDollar:
			p.oneOrTwo(i, ast.Illegal, '{', ast.DOLLAR_CURLY)
		default:
			_, n := utf8.DecodeRuneInString(src[i:])
			p.set(ast.Illegal, i, i+n)
		}
		return
	}
}

// stopAfter is how many bytes are read before the parser asks again whether to stop.
const stopAfter = 32 << 10

// ends reports whether there is nothing to read from an offset on: because the text
// ends, or because the parser has to stop.
func (p *parser) ends(i int) bool {
	if i >= len(p.src) || p.stopped {
		return true
	}
	if p.stop == nil {
		p.limit = len(p.src)
		return false
	}
	if p.stop() {
		p.limit, p.stopped = 0, true
		return true
	}
	p.limit = min(len(p.src), i+stopAfter)
	return false
}

// at returns the byte at i, 0 past the end.
func (p *parser) at(i int) byte {
	if i < len(p.src) {
		return p.src[i]
	}
	return 0
}

// set makes src[start:end] the current token.
func (p *parser) set(kind ast.TokenKind, start, end int) {
	p.kind, p.start, p.end, p.pos = kind, start, end, end
	if p.keep && kind != ast.EOF {
		p.token(kind, start, end)
	}
}

// token records a token, when they are kept.
func (p *parser) token(kind ast.TokenKind, start, end int) {
	if p.keep {
		p.tokens = append(p.tokens, ast.Token{Kind: kind, Span: span(start, end)})
	}
}

// oneOrTwo reads a token of one byte, or of two when c follows.
func (p *parser) oneOrTwo(i int, one ast.TokenKind, c byte, two ast.TokenKind) {
	if p.at(i+1) == c {
		p.set(two, i, i+2)
	} else {
		p.set(one, i, i+1)
	}
}

func (p *parser) comment(kind ast.CommentKind, start, end int) {
	if p.keepComments {
		p.comments = append(p.comments, ast.Comment{Kind: kind, Span: span(start, end)})
	}
}

// lineComment passes over a # comment and returns its end.
func (p *parser) lineComment(i int) int {
	end := i + 1
	for end < len(p.src) && p.src[end] != '\n' && p.src[end] != '\r' {
		end++
	}
	p.comment(ast.LineComment, i, end)
	return end
}

// blockComment passes over a /* comment and returns its end, 0 when it has none:
// then its opening is a division and a multiplication.
func (p *parser) blockComment(i int) int {
	n := -1
	if !p.noBlockEnd {
		n = strings.Index(p.src[i+2:], "*/")
	}
	if n < 0 {
		p.noBlockEnd = true
		return 0
	}
	end := i + 2 + n + 2
	kind := ast.BlockComment
	if p.src[i+2] == '*' && p.src[i+3] != '*' && p.src[i+3] != '/' {
		kind = ast.DocComment
	}
	p.comment(kind, i, end)
	return end
}

// lexIdent reads an identifier, a keyword, or the path or URL that starts like
// one.
func (p *parser) lexIdent(i int) {
	src := p.src
	j := i + 1
	for j < len(src) && props[src[j]]&isIdent != 0 {
		j++
	}
	if j < len(src) && j >= p.plainUntil {
		switch src[j] {
		case '.', '+', '/':
			if end := p.longer(i); end > 0 {
				p.set(ast.PATH, i, end)
				return
			}
			if end := p.urlEnd(i); end > 0 {
				p.set(ast.URL, i, end)
				return
			}
		case ':':
			if end := p.urlEnd(i); end > 0 {
				p.set(ast.URL, i, end)
				return
			}
		}
	}
	p.set(keyword(src[i:j]), i, j)
}

func keyword(s string) ast.TokenKind {
	switch len(s) {
	case 2:
		switch s {
		case "if":
			return ast.IF
		case "in":
			return ast.IN
		case "or":
			return ast.OR_KW
		}
	case 3:
		switch s {
		case "let":
			return ast.LET
		case "rec":
			return ast.REC
		}
	case 4:
		switch s {
		case "then":
			return ast.THEN
		case "else":
			return ast.ELSE
		case "with":
			return ast.WITH
		}
	case 6:
		if s == "assert" {
			return ast.ASSERT
		}
	case 7:
		if s == "inherit" {
			return ast.INHERIT
		}
	}
	return ast.IDENT
}

// longer returns the end of the path that starts at i with a path character, 0
// when there is none. It remembers how far it looked in vain, since `a.b.c.d`
// asks at every component.
func (p *parser) longer(i int) int {
	if i < p.plainUntil {
		return 0
	}
	k := i
	for k < len(p.src) && props[p.src[k]]&isPath != 0 {
		k++
	}
	switch p.at(k) {
	case '/':
		if end := p.pathEnd(k); end > 0 {
			return end
		}
	case ':':
		if props[p.at(k+1)]&isURL != 0 {
			return 0 // could be a URL
		}
	}
	p.plainUntil = k
	return 0
}

// pathEnd returns the end of the path text of which the slash at i ends the
// first segment, 0 when that is no path.
func (p *parser) pathEnd(i int) int {
	src := p.src
	if i+1 >= len(src) {
		return 0
	}
	if props[src[i+1]]&isPath == 0 {
		if src[i+1] == '$' && p.at(i+2) == '{' {
			return i + 1
		}
		return 0
	}
	for i < len(src) && src[i] == '/' {
		i++
		if i >= len(src) || props[src[i]]&isPath == 0 {
			break
		}
		for i < len(src) && props[src[i]]&isPath != 0 {
			i++
		}
	}
	return i
}

// urlEnd returns the end of the URL literal at i, 0 when there is none.
func (p *parser) urlEnd(i int) int {
	src := p.src
	if src[i] == '_' {
		return 0
	}
	k := i
	for k < len(src) && props[src[k]]&isScheme != 0 {
		k++
	}
	if k+1 >= len(src) || src[k] != ':' || props[src[k+1]]&isURL == 0 {
		return 0
	}
	for k++; k < len(src) && props[src[k]]&isURL != 0; k++ {
	}
	return k
}

// lexDot reads `.`, `...`, a number such as .5, or a path such as ./a or ../b.
func (p *parser) lexDot(i int) {
	if end := p.longer(i); end > 0 {
		p.set(ast.PATH, i, end)
		return
	}
	switch {
	case p.at(i+1) == '.' && p.at(i+2) == '.':
		p.set(ast.ELLIPSIS, i, i+3)
	case props[p.at(i+1)]&isDigit != 0:
		p.set(ast.FLOAT, i, p.exponent(p.digits(i+1)))
	default:
		p.set(ast.DOT, i, i+1)
	}
}

// lexNumber reads an integer, a floating point number, or a path that starts
// with a digit.
func (p *parser) lexNumber(i int) {
	j := p.digits(i)
	c := p.at(j)
	if c != '/' && props[c]&isPath == 0 {
		p.set(ast.INT, i, j)
		return
	}
	if end := p.longer(i); end > 0 {
		p.set(ast.PATH, i, end)
		return
	}
	if c == '.' {
		frac := p.digits(j + 1)
		if p.src[i] != '0' || j == i+1 && frac > j+1 {
			p.set(ast.FLOAT, i, p.exponent(frac))
			return
		}
	}
	p.set(ast.INT, i, j)
}

// digits returns the end of the digits at i.
func (p *parser) digits(i int) int {
	for i < len(p.src) && props[p.src[i]]&isDigit != 0 {
		i++
	}
	return i
}

// exponent returns the end of the exponent at i, or i.
func (p *parser) exponent(i int) int {
	if c := p.at(i); c != 'e' && c != 'E' {
		return i
	}
	j := i + 1
	if c := p.at(j); c == '+' || c == '-' {
		j++
	}
	if end := p.digits(j); end > j {
		return end
	}
	return i
}

// lexLess reads <, <=, <| or a search path such as <nixpkgs/lib>.
func (p *parser) lexLess(i int) {
	src := p.src
	j := i + 1
	for j < len(src) && props[src[j]]&isPath != 0 {
		for j < len(src) && props[src[j]]&isPath != 0 {
			j++
		}
		switch p.at(j) {
		case '>':
			p.set(ast.SPATH, i, j+1)
			return
		case '/':
			j++
		}
	}
	if p.at(i+1) == '|' {
		p.set(ast.PIPE_LEFT, i, i+2)
		return
	}
	p.oneOrTwo(i, ast.LESS, '=', ast.LESS_EQ)
}
