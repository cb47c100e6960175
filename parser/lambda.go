package parser

import "gonix.dev/gonix/parser/ast"

// braces reads the braces that start an expression: an attribute set, or the
// formals of a function.
func (p *parser) braces() (ast.Expr, *ast.Formals) {
	start := p.start
	p.next()
	switch p.kind {
	case ast.RBRACE:
		p.next()
		if p.kind == ast.COLON || p.kind == ast.AT {
			return nil, &ast.Formals{Span: p.since(start)}
		}
		n := p.nodes.set.new()
		n.Open, n.Span = ast.Pos(start), p.since(start)
		return n, nil
	case ast.ELLIPSIS:
		return nil, p.formalList(start, nil)
	case ast.IDENT:
		id := span(p.start, p.end)
		name := p.own(p.src[p.start:p.end])
		p.next()
		switch p.kind {
		case ast.COMMA, ast.QUESTION, ast.RBRACE:
			ident := p.nodes.ident.new()
			ident.Span, ident.Name = id, name
			return nil, p.formalList(start, ident)
		case ast.IDENT, ast.ELLIPSIS, ast.EQ, ast.SEMI:
			if p.likeFormals() {
				p.unexpected("'.'", "'='")
				ident := p.nodes.ident.new()
				ident.Span, ident.Name = id, name
				return nil, p.formalList(start, ident)
			}
		}
		n := p.nodes.set.new()
		n.Open = ast.Pos(start)
		first := p.nodes.attrName.new()
		first.Span, first.Name = id, name
		p.setRest(n, start, first)
		return n, nil
	}
	n := p.nodes.set.new()
	n.Open = ast.Pos(start)
	p.setRest(n, start, nil)
	return n, nil
}

// formalList reads formals from the first name on, which may have been read
// already, to the closing brace.
func (p *parser) formalList(start int, first *ast.Ident) *ast.Formals {
	f := p.nodes.formalSet.new()
	mark := len(p.formals)
	for {
		if first == nil {
			if p.kind == ast.ELLIPSIS {
				f.Ellipsis, f.EllipsisPos = true, ast.Pos(p.start)
				p.next()
				p.expect(ast.RBRACE, "'}'")
				break
			}
			if p.kind == ast.RBRACE {
				p.next()
				break
			}
			if p.kind != ast.IDENT {
				p.unexpected("identifier", "'...'", "'}'")
				if p.kind == ast.COMMA {
					p.next()
					continue
				}
				p.endFormals()
				break
			}
			first = p.ident()
		}
		n := p.nodes.formal.new()
		n.Name = first
		if p.kind == ast.QUESTION {
			p.next()
			p.await[ast.RBRACE]++
			p.await[ast.COMMA]++
			n.Default = p.expr()
			p.await[ast.RBRACE]--
			p.await[ast.COMMA]--
		}
		n.Span = p.since(int(first.Start))
		p.formals = append(p.formals, n)
		first = nil
		if p.kind == ast.COMMA {
			p.next()
			continue
		}
		if p.kind == ast.RBRACE {
			p.next()
			break
		}
		p.unexpected("'}'", "','")
		if p.kind == ast.IDENT || p.kind == ast.ELLIPSIS {
			continue // a comma is missing
		}
		p.endFormals()
		break
	}
	f.List = p.nodes.formals.copy(p.formals[mark:])
	clear(p.formals[mark:])
	p.formals = p.formals[:mark]
	f.Span = p.since(start)
	return f
}

// endFormals skips to the end of formals after an error. Their brace may be what is
// missing, before a colon.
func (p *parser) endFormals() {
	for p.kind != ast.RBRACE && !p.closes() {
		if (p.kind == ast.COLON || p.kind == ast.AT) && !p.likeFormals() {
			break
		}
		p.skip()
	}
	if p.kind == ast.RBRACE {
		p.next()
	}
}

// argFirst reads what follows the name in name@{ formals }: body.
func (p *parser) argFirst(start int, arg *ast.Ident) ast.Expr {
	p.next()
	if p.kind != ast.LBRACE {
		p.unexpected("'{'")
		return p.lambdaBody(start, arg, nil)
	}
	open := p.start
	p.next()
	f := p.formalList(open, nil)
	f.ArgFirst = true
	return p.lambdaBody(start, arg, f)
}

// formalsFirst reads what follows the formals in { formals }@name: body.
func (p *parser) formalsFirst(start int, f *ast.Formals) ast.Expr {
	var arg *ast.Ident
	if p.kind == ast.AT {
		p.next()
		if p.kind == ast.IDENT {
			arg = p.ident()
		} else {
			p.unexpected("identifier")
		}
	} else if p.kind != ast.COLON {
		p.unexpected("':'", "'@'")
		if !f.Ellipsis && len(f.List) == 1 && f.List[0].Default == nil && !startsExpr(p.kind) {
			return p.unfinishedSet(f)
		}
	}
	return p.lambdaBody(start, arg, f)
}

// unfinishedSet makes a set of { name }, which is read like formals but is no
// function.
func (p *parser) unfinishedSet(f *ast.Formals) ast.Expr {
	id := f.List[0].Name
	bad := &ast.Bad{Span: span(int(id.End), int(id.End))}
	p.dirty = append(p.dirty, id.Start)
	return &ast.AttrSet{Span: f.Span, Open: f.Start, Bindings: []ast.Binding{
		&ast.Attr{Span: id.Span, Path: []*ast.AttrName{{Span: id.Span, Name: id.Name}}, Eq: id.End, Value: bad},
	}}
}

// lambdaBody reads : body.
func (p *parser) lambdaBody(start int, arg *ast.Ident, f *ast.Formals) ast.Expr {
	n := p.nodes.lambda.new()
	n.Arg, n.Formals, n.Colon = arg, f, ast.Pos(p.start)
	switch {
	case p.kind == ast.COLON:
		p.next()
		n.Body = p.expr()
	case startsExpr(p.kind):
		p.unexpected("':'")
		n.Body = p.expr()
	case p.expect(ast.COLON, "':'"):
		n.Body = p.expr()
	default:
		n.Body = p.missing()
	}
	n.Span = p.since(start)
	if f != nil {
		p.checkFormals(start, arg, f.List)
	}
	return n
}

// checkFormals reports names that the formals of a function bind twice. Like
// Nix, it reports one: that of the name which came first, at its second place.
func (p *parser) checkFormals(start int, arg *ast.Ident, list []*ast.Formal) {
	const quadratic = 24 // up to so many formals are compared with each other
	if len(list) <= quadratic {
		for i, f := range list {
			for _, g := range list[i+1:] {
				if f.Name.Name == g.Name.Name {
					p.duplicateFormal(g.Name.Span, f.Name.Name)
					return
				}
			}
		}
	} else {
		seen := make(map[string]int, len(list))
		first, second := len(list), 0
		for i, f := range list {
			if j, ok := seen[f.Name.Name]; !ok {
				seen[f.Name.Name] = i
			} else if j < first {
				first, second = j, i
			}
		}
		if first < len(list) {
			p.duplicateFormal(list[second].Name.Span, list[second].Name.Name)
			return
		}
	}
	if arg == nil {
		return
	}
	for _, f := range list {
		if f.Name.Name == arg.Name {
			p.duplicateFormal(span(start, int(arg.End)), arg.Name)
			return
		}
	}
}

func (p *parser) duplicateFormal(at ast.Span, name string) {
	p.errorAt(int(at.Start), int(at.End), CodeDuplicateFormal, "duplicate formal function argument '"+name+"'")
}
