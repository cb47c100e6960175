package parser

import (
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// Recovery. After an error the parser skips to a token from which it knows how to
// go on: the one it looked for, or one that something open around it waits for. It
// counts what is waited for in parser.await, so that a stray `then` or `)` does not
// end anything. Brackets and strings are skipped as a whole. A semicolon that is
// missing at the end of a line is the most frequent error of all and gets a
// treatment of its own, in splitBinding.

// expect consumes a token of a kind, or reports that it is missing. When it can
// be found before the end of the construct, what stands before it is skipped.
func (p *parser) expect(kind ast.TokenKind, names ...string) bool {
	if p.kind == kind {
		p.next()
		return true
	}
	p.unexpected(names...)
	p.sync(kind)
	if p.kind == kind {
		p.next()
		return true
	}
	return false
}

// closes reports whether something open around waits for the current token.
func (p *parser) closes() bool { return p.kind == ast.EOF || p.await[p.kind] > 0 }

// sync skips to a token of the kind, or to one that ends something around.
func (p *parser) sync(kind ast.TokenKind) {
	for p.kind != kind && !p.closes() {
		p.skip()
	}
}

// syncBinding skips to the end of a binding: past its semicolon, or to what looks
// like the next one, or to what ends all bindings.
func (p *parser) syncBinding() {
	for p.kind != ast.SEMI && !p.closes() && !p.startsBinding() {
		p.skip()
	}
	if p.kind == ast.SEMI {
		p.next()
	}
}

// skip passes over one token, or over brackets and strings with all they
// contain.
func (p *parser) skip() {
	switch p.kind {
	case ast.LBRACE, ast.LPAREN, ast.LBRACKET, ast.DOLLAR_CURLY:
		if p.depth++; p.depth > maxDepth {
			p.depth--
			p.tooDeep()
			return
		}
		open := p.kind
		p.next()
		for p.kind != ast.EOF && p.kind != ast.RBRACE && p.kind != ast.RPAREN && p.kind != ast.RBRACKET {
			p.skip()
		}
		if p.kind == closing(open) {
			p.next()
		}
		p.depth--
	case ast.STR_OPEN, ast.PATH:
		p.simple()
	case ast.EOF:
	default:
		p.next()
	}
}

func closing(open ast.TokenKind) ast.TokenKind {
	switch open {
	case ast.LPAREN:
		return ast.RPAREN
	case ast.LBRACKET:
		return ast.RBRACKET
	}
	return ast.RBRACE
}

// startsBinding reports whether the current token, first on its line, is like the
// start of a binding: then only the end of the one before is missing.
func (p *parser) startsBinding() bool {
	switch p.kind {
	case ast.IDENT, ast.INHERIT, ast.STR_OPEN, ast.DOLLAR_CURLY:
		return p.newLine(p.prevEnd, p.start)
	}
	return false
}

// newLine reports whether a line ends between two offsets.
func (p *parser) newLine(from, to int) bool { return strings.ContainsAny(p.src[from:to], "\n\r") }

// splitBinding is called when an equals sign follows the value of a binding. In
//
//	a = f x
//	b = 1;
//
// the value so far is f x b. When its last argument starts a line and may be the
// path of the next binding, it is taken away from the value and returned.
func (p *parser) splitBinding(value *ast.Expr) []*ast.AttrName {
	var ends []*ast.Span
	for {
		switch n := (*value).(type) {
		case *ast.Lambda:
			ends, value = append(ends, &n.Span), &n.Body
		case *ast.Let:
			ends, value = append(ends, &n.Span), &n.Body
		case *ast.With:
			ends, value = append(ends, &n.Span), &n.Body
		case *ast.Assert:
			ends, value = append(ends, &n.Span), &n.Body
		case *ast.If:
			ends, value = append(ends, &n.Span), &n.Else
		case *ast.Binary:
			ends, value = append(ends, &n.Span), &n.Y
		case *ast.Unary:
			ends, value = append(ends, &n.Span), &n.X
		case *ast.Apply:
			path := asPath(n.Arg)
			if path == nil || !p.newLine(int(n.Fn.Stop()), int(n.Arg.Pos())) {
				return nil
			}
			*value = n.Fn
			for _, s := range ends {
				s.End = n.Fn.Stop()
			}
			return path
		default:
			return nil
		}
	}
}

// asPath returns an expression that may be an attribute path as that.
func asPath(x ast.Expr) []*ast.AttrName {
	switch n := x.(type) {
	case *ast.Ident:
		return []*ast.AttrName{{Span: n.Span, Name: n.Name}}
	case *ast.String:
		if name, ok := static(n); ok {
			return []*ast.AttrName{{Span: n.Span, Name: name, Quoted: true}}
		}
		return []*ast.AttrName{{Span: n.Span, Expr: n, Quoted: true}}
	case *ast.Select:
		if first := asPath(n.X); len(first) == 1 && n.Default == nil {
			return append(first, n.Path...)
		}
	}
	return nil
}

// lookahead reads ahead from after the current token without consuming anything,
// until f returns false. Strings are not understood.
func (p *parser) lookahead(f func(kind ast.TokenKind) bool) {
	q := parser{src: p.src, pos: p.pos, file: p.file}
	const enough = 1000 // tokens: whoever asks only guesses
	for range enough {
		q.next()
		if !f(q.kind) || q.kind == ast.EOF {
			return
		}
	}
}

// likeFormals reports whether the braces that are open here are followed by a
// colon or an at sign.
func (p *parser) likeFormals() (yes bool) {
	depth := 0
	closed := false
	p.lookahead(func(k ast.TokenKind) bool {
		if closed {
			yes = k == ast.COLON || k == ast.AT
			return false
		}
		switch k {
		case ast.LBRACE, ast.LPAREN, ast.LBRACKET, ast.DOLLAR_CURLY:
			depth++
		case ast.RBRACE, ast.RPAREN, ast.RBRACKET:
			depth--
			closed = depth < 0
		case ast.SEMI, ast.ASSIGN:
			return depth > 0
		}
		return true
	})
	return yes
}

// strayInList reports whether the semicolon here is a mistake in a list rather
// than the end of the binding that the list is in.
func (p *parser) strayInList() bool {
	stray := true
	n := 0
	p.lookahead(func(k ast.TokenKind) bool {
		n++
		switch {
		case n == 1:
			stray = k != ast.RBRACE && k != ast.INHERIT && k != ast.IN && k != ast.EOF
			return stray && k != ast.RBRACKET
		case k == ast.DOT:
			return true
		case k == ast.ASSIGN:
			stray = false
			return false
		}
		return n%2 == 1 && n < 20
	})
	return stray
}
