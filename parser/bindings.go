package parser

import "gonix.dev/gonix/parser/ast"

// attrPath reads a.b."c".${d}.
func (p *parser) attrPath() []*ast.AttrName {
	mark := len(p.names)
	for {
		name := p.attrName()
		if name == nil {
			p.unexpected("identifier", "'or'", "'${'", `'"'`)
			break
		}
		p.names = append(p.names, name)
		if p.kind != ast.DOT {
			break
		}
		p.next()
	}
	path := p.nodes.names.copy(p.names[mark:])
	p.names = p.names[:mark]
	return path
}

// attrName reads one component of an attribute path, nil when there is none.
func (p *parser) attrName() *ast.AttrName {
	start := p.start
	switch p.kind {
	case ast.IDENT, ast.OR_KW:
		n := p.nodes.attrName.new()
		n.Span = span(start, p.end)
		n.Name = p.own(p.src[start:p.end])
		p.next()
		return n
	case ast.STR_OPEN:
		if p.src[start] != '"' {
			return nil
		}
		s := p.str()
		n := p.nodes.attrName.new()
		n.Span, n.Quoted = s.Span, true
		if name, ok := static(s); ok {
			n.Name = name
		} else {
			n.Expr = s
		}
		return n
	case ast.DOLLAR_CURLY:
		p.next()
		x := p.until(ast.RBRACE)
		p.expect(ast.RBRACE, "'}'")
		n := p.nodes.attrName.new()
		n.Span, n.Braced = p.since(start), x
		if name, ok := static(x); ok {
			n.Name = name
		} else {
			n.Expr = x
		}
		return n
	}
	return nil
}

// static returns the text of an expression that is a string literal without
// interpolation. Nix looks for literals only after its parser has forgotten
// parentheses and the kinds of string.
func static(x ast.Expr) (string, bool) {
	for {
		var parts []ast.Part
		switch n := x.(type) {
		case *ast.Paren:
			x = n.X
			continue
		case *ast.URI:
			return n.Value, true
		case *ast.String:
			parts = n.Parts
		case *ast.IndString:
			parts = n.Parts
		default:
			return "", false
		}
		switch {
		case len(parts) == 0:
			return "", true
		case len(parts) == 1 && parts[0].Expr == nil:
			return parts[0].Text, true
		}
		return "", false
	}
}

// recursive reads rec { } or the old let { }.
func (p *parser) recursive() ast.Expr {
	start := p.start
	n := p.nodes.set.new()
	n.Legacy = p.kind == ast.LET
	if n.Legacy && !p.beforeBrace() {
		return p.misplacedLet()
	}
	p.next()
	if p.kind != ast.LBRACE {
		p.unexpected("'{'")
		n.Rec, n.Open = !n.Legacy, ast.Pos(p.prevEnd)
		if p.startsBinding() {
			p.setRest(n, start, nil)
		}
		n.Span = p.since(start)
		return n
	}
	n.Rec = !n.Legacy
	p.set0(n, start)
	return n
}

// misplacedLet reads a let ... in where Nix wants it in parentheses, after
// reporting that.
func (p *parser) misplacedLet() ast.Expr {
	start := p.start
	p.next()
	p.unexpected("'{'")
	return p.letRest(start)
}

// set0 reads the braces of an attribute set that starts at start.
func (p *parser) set0(n *ast.AttrSet, start int) {
	n.Open = ast.Pos(p.start)
	p.next()
	p.setRest(n, start, nil)
}

// setRest reads the bindings of a set, and its closing brace. The first name of
// the first binding may have been read already.
func (p *parser) setRest(n *ast.AttrSet, start int, first *ast.AttrName) {
	expected := expectSet
	if n.Rec || n.Legacy {
		expected = expectRec
	}
	p.await[ast.RBRACE]++
	n.Bindings = p.bindingList(first, expected)
	p.await[ast.RBRACE]--
	if p.kind == ast.RBRACE {
		p.next()
	} else {
		p.unexpected(expected...)
	}
	n.Span = p.since(start)
}

// let reads let ... in ..., or what follows the old let { }.
func (p *parser) let() ast.Expr {
	start := p.start
	if p.beforeBrace() {
		x := p.operators(p.operand(), start, 0)
		return p.pipe(x, start)
	}
	p.next()
	return p.letRest(start)
}

func (p *parser) letRest(start int) ast.Expr {
	n := p.nodes.let.new()
	p.await[ast.IN]++
	n.Bindings = p.bindingList(nil, expectLet)
	p.await[ast.IN]--
	n.In, n.Body = p.behind(ast.IN, expectLet...)
	n.Span = p.since(start)
	for _, b := range n.Bindings {
		if a, ok := b.(*ast.Attr); ok && len(a.Path) > 0 && a.Path[0].Dynamic() {
			p.errorAt(start, start+len("let"), CodeDynamic, "dynamic attributes not allowed in let")
			break
		}
	}
	return n
}

// What Nix says it expects between bindings. It is not all that it takes: names
// are missing, since bison thinks of them only as the start of a rule.
var (
	expectSet = []string{"'inherit'"}
	expectRec = []string{"'inherit'", "'}'"}
	expectLet = []string{"'in'", "'inherit'"}
)

// bindingList reads bindings up to a token that can only follow them all.
func (p *parser) bindingList(first *ast.AttrName, expected []string) []ast.Binding {
	mark := len(p.bindings)
	for {
		if first == nil && p.earlier != nil && p.takeOver() {
			continue
		}
		troubles := p.troubles
		var b ast.Binding
		switch {
		case first != nil:
			b, first = p.attr(first), nil
		case p.split != nil:
			b = p.attr(nil)
			troubles-- // it began with the binding before
		default:
			b = p.binding(expected)
		}
		if b == nil {
			break
		}
		p.bindings = append(p.bindings, b)
		if p.troubles != troubles {
			p.dirty = append(p.dirty, b.Pos())
		}
	}
	list := p.nodes.bindings.copy(p.bindings[mark:])
	p.bindings = p.bindings[:mark]
	return list
}

// binding reads a binding that starts with the current token, nil when that can only
// follow all bindings.
func (p *parser) binding(expected []string) ast.Binding {
	switch p.kind {
	case ast.IDENT, ast.OR_KW, ast.STR_OPEN, ast.DOLLAR_CURLY:
		if p.kind == ast.STR_OPEN && p.src[p.start] != '"' {
			return p.badBinding(expected)
		}
		return p.attr(nil)
	case ast.INHERIT:
		return p.inherit()
	}
	if p.kind != ast.SEMI && p.closes() {
		return nil
	}
	return p.badBinding(expected)
}

// badBinding reports the current token and skips to the next binding.
func (p *parser) badBinding(expected []string) ast.Binding {
	start := p.start
	p.unexpected(expected...)
	if p.kind == ast.SEMI {
		p.next()
	} else {
		p.skip()
		p.syncBinding()
	}
	return &ast.BadBinding{Span: p.since(start)}
}

// attr reads path = value;. Its first name may have been read already.
func (p *parser) attr(first *ast.AttrName) ast.Binding {
	start := p.start
	mark := len(p.names)
	switch {
	case first != nil:
		start = int(first.Start)
		p.names = append(p.names, first)
	case p.split != nil:
		start = int(p.split[0].Start)
		p.names = append(p.names, p.split...)
		p.split = nil
	default:
		p.names = append(p.names, p.attrName())
	}
	for p.kind == ast.DOT {
		p.next()
		name := p.attrName()
		if name == nil {
			p.unexpected("identifier", "'or'", "'${'", `'"'`)
			break
		}
		p.names = append(p.names, name)
	}
	n := p.nodes.attr.new()
	n.Path = p.nodes.names.copy(p.names[mark:])
	p.names = p.names[:mark]
	n.Eq = ast.Pos(p.start)
	if p.kind != ast.ASSIGN {
		p.unexpected("'.'", "'='")
		if !startsExpr(p.kind) || p.startsBinding() {
			n.Value = p.missing()
			n.Eq = n.Value.Pos()
			p.syncBinding()
			n.Span = p.since(start)
			return n
		}
		n.Eq = ast.Pos(p.prevEnd) // only the equals sign is missing
	} else {
		p.next()
	}
	n.Value = p.until(ast.SEMI)
	if p.mayOmitSemi() {
		n.Span = p.since(start)
		return n
	}
	if p.kind == ast.SEMI {
		p.next()
		n.Span = p.since(start)
		return n
	}
	p.unexpected("';'")
	if p.kind == ast.ASSIGN {
		if set := p.splitBinding(n); set != nil {
			p.setRest(set, int(set.Start), nil)
			p.extend(n)
			if p.kind == ast.SEMI {
				p.next()
			}
			n.Span = p.since(start)
			return n
		}
		if p.split != nil {
			n.Span = span(start, int(max(n.Eq+1, n.Value.Stop())))
			return n
		}
	}
	p.syncBinding()
	n.Span = p.since(start)
	return n
}

// mayOmitSemi reports whether this is the end of all bindings of ParseBindings.
func (p *parser) mayOmitSemi() bool {
	return p.kind == ast.EOF && p.optionalEnd && p.await == [64]int32{} && !p.failed
}

// inherit reads inherit a b; or inherit (from) a b;.
func (p *parser) inherit() ast.Binding {
	start := p.start
	n := p.nodes.inherit.new()
	p.next()
	if p.kind == ast.LPAREN {
		p.next()
		p.await[ast.SEMI]++
		n.From = p.until(ast.RPAREN)
		p.expect(ast.RPAREN, "')'")
		p.await[ast.SEMI]--
	}
	head := p.prevEnd
	mark := len(p.names)
	for {
		name := p.attrName()
		if name == nil {
			break
		}
		if name.Dynamic() {
			p.errorAt(int(name.Start), int(name.End), CodeDynamic, "dynamic attributes not allowed in inherit")
		}
		p.names = append(p.names, name)
	}
	end := 0
	switch {
	case p.kind == ast.SEMI:
		p.next()
	case p.mayOmitSemi():
	default:
		p.unexpected()
		last := len(p.names) - 1
		if (p.kind == ast.ASSIGN || p.kind == ast.DOT) && last >= mark {
			before := head
			if last > mark {
				before = int(p.names[last-1].End)
			}
			if p.newLine(before, int(p.names[last].Start)) {
				p.split = []*ast.AttrName{p.names[last]}
				p.names = p.names[:last]
				end = before
			}
		}
		if p.split == nil {
			p.syncBinding()
		}
	}
	n.Names = p.nodes.names.copy(p.names[mark:])
	p.names = p.names[:mark]
	n.Span = p.since(start)
	if p.split != nil {
		n.Span.End = ast.Pos(end)
	}
	return n
}
