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
// the value so far is f x b, and in
//
//	a =
//	b = 1;
//
// it is b. When its last part starts a line and may be the path of a binding, it is
// taken away from the value and becomes p.split. If it is indented more than the
// binding before, it is rather a brace that is missing: then a set, to which the
// path belongs, takes its place and is returned.
func (p *parser) splitBinding(n *ast.Attr) (set *ast.AttrSet) {
	slot, before := last(&n.Value, n.Eq+1)
	arg := *slot
	apply, _ := arg.(*ast.Apply)
	if apply != nil {
		before, arg = apply.Fn.Stop(), apply.Arg
	}
	path := asPath(arg)
	if path == nil || arg.Pos() < before || !p.newLine(int(before), int(arg.Pos())) {
		return nil
	}
	p.split = path
	if p.column(arg.Pos()) > p.column(n.Path[0].Start) {
		set = &ast.AttrSet{Span: span(int(arg.Pos()), int(arg.Pos())), Open: arg.Pos()}
		if apply != nil {
			apply.Arg = set
		} else {
			*slot = set
		}
		return set
	}
	if apply != nil {
		*slot = apply.Fn
	} else {
		*slot = &ast.Bad{Span: span(int(before), int(before))}
	}
	p.extend(n)
	return nil
}

// last returns where the last operand of an expression is kept, and the offset
// after what stands before it: before, for an expression that is one operand.
func last(x *ast.Expr, before ast.Pos) (*ast.Expr, ast.Pos) {
	for {
		switch n := (*x).(type) {
		case *ast.Lambda:
			x, before = &n.Body, n.Colon+1
		case *ast.Let:
			x, before = &n.Body, n.In+2
		case *ast.With:
			x, before = &n.Body, n.Semi+1
		case *ast.Assert:
			x, before = &n.Body, n.Semi+1
		case *ast.If:
			x, before = &n.Else, n.ElsePos+4
		case *ast.Binary:
			x, before = &n.Y, n.OpPos+ast.Pos(len(n.Op.String()))
		case *ast.Unary:
			x, before = &n.X, n.Start+1
		default:
			return x, before
		}
	}
}

// extend makes the nodes that end with the value's last operand end where that one
// ends now.
func (p *parser) extend(n *ast.Attr) {
	slot, _ := last(&n.Value, 0)
	if a, ok := (*slot).(*ast.Apply); ok {
		a.End = a.Arg.Stop()
	}
	end := (*slot).Stop()
	for x := &n.Value; x != slot; {
		switch n := (*x).(type) {
		case *ast.Lambda:
			n.End, x = end, &n.Body
		case *ast.Let:
			n.End, x = end, &n.Body
		case *ast.With:
			n.End, x = end, &n.Body
		case *ast.Assert:
			n.End, x = end, &n.Body
		case *ast.If:
			n.End, x = end, &n.Else
		case *ast.Binary:
			n.End, x = end, &n.Y
		case *ast.Unary:
			n.End, x = end, &n.X
		}
	}
}

// column returns how many bytes stand before an offset in its line.
func (p *parser) column(at ast.Pos) int {
	return int(at) - 1 - strings.LastIndexAny(p.src[:at], "\n\r")
}

// startsExpr reports whether an expression may start with a token.
func startsExpr(k ast.TokenKind) bool {
	switch k {
	case ast.IF, ast.WITH, ast.ASSERT, ast.NOT, ast.MINUS:
		return true
	}
	return startsSimple[k]
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
