package parser

import "gonix.dev/gonix/parser/ast"

// shifter copies clean nodes, whose place in the text has moved, for another version
// of the text.
type shifter struct {
	nodes nodes
	by    ast.Pos
}

func (s *shifter) span(at ast.Span) ast.Span {
	return ast.Span{Start: at.Start + s.by, End: at.End + s.by}
}

func (s *shifter) binding(b ast.Binding) ast.Binding {
	switch b := b.(type) {
	case *ast.Attr:
		n := s.nodes.attr.new()
		n.Span, n.Path, n.Eq, n.Value = s.span(b.Span), s.path(b.Path), b.Eq+s.by, s.expr(b.Value)
		return n
	case *ast.Inherit:
		n := s.nodes.inherit.new()
		n.Span, n.From, n.Names = s.span(b.Span), s.expr(b.From), s.path(b.Names)
		return n
	}
	panic("a bad binding is not clean")
}

func (s *shifter) bindings(list []ast.Binding) []ast.Binding {
	out := s.nodes.bindings.list(len(list))
	for i, b := range list {
		out[i] = s.binding(b)
	}
	return out
}

func (s *shifter) path(list []*ast.AttrName) []*ast.AttrName {
	out := s.nodes.names.list(len(list))
	for i, a := range list {
		n := s.nodes.attrName.new()
		n.Span, n.Quoted = s.span(a.Span), a.Quoted
		n.Name = a.Name
		switch {
		case a.Braced == nil:
			n.Expr = s.expr(a.Expr)
		default:
			n.Braced = s.expr(a.Braced)
			if a.Expr != nil {
				n.Expr = n.Braced
			}
		}
		out[i] = n
	}
	return out
}

func (s *shifter) parts(list []ast.Part) []ast.Part {
	out := s.nodes.parts.list(len(list))
	for i, p := range list {
		out[i] = ast.Part{Span: s.span(p.Span), Text: p.Text, Expr: s.expr(p.Expr)}
	}
	return out
}

func (s *shifter) exprs(list []ast.Expr) []ast.Expr {
	out := s.nodes.exprs.list(len(list))
	for i, e := range list {
		out[i] = s.expr(e)
	}
	return out
}

func (s *shifter) ident(id *ast.Ident) *ast.Ident {
	if id == nil {
		return nil
	}
	n := s.nodes.ident.new()
	n.Span, n.Name = s.span(id.Span), id.Name
	return n
}

func (s *shifter) formals(f *ast.Formals) *ast.Formals {
	if f == nil {
		return nil
	}
	n := s.nodes.formalSet.new()
	n.Span, n.Ellipsis, n.ArgFirst = s.span(f.Span), f.Ellipsis, f.ArgFirst
	if f.Ellipsis {
		n.EllipsisPos = f.EllipsisPos + s.by
	}
	n.List = s.nodes.formals.list(len(f.List))
	for i, f := range f.List {
		x := s.nodes.formal.new()
		x.Span, x.Name, x.Default = s.span(f.Span), s.ident(f.Name), s.expr(f.Default)
		n.List[i] = x
	}
	return n
}

func (s *shifter) expr(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case nil:
		return nil
	case *ast.Ident:
		return s.ident(e)
	case *ast.Int:
		n := s.nodes.int.new()
		n.Span, n.Value = s.span(e.Span), e.Value
		return n
	case *ast.Float:
		return &ast.Float{Span: s.span(e.Span), Value: e.Value}
	case *ast.String:
		n := s.nodes.str.new()
		n.Span, n.Parts = s.span(e.Span), s.parts(e.Parts)
		return n
	case *ast.IndString:
		n := s.nodes.ind.new()
		n.Span, n.Parts = s.span(e.Span), s.parts(e.Parts)
		return n
	case *ast.URI:
		return &ast.URI{Span: s.span(e.Span), Value: e.Value}
	case *ast.Path:
		n := s.nodes.path.new()
		n.Span, n.Parts = s.span(e.Span), s.parts(e.Parts)
		return n
	case *ast.SearchPath:
		return &ast.SearchPath{Span: s.span(e.Span), Name: e.Name}
	case *ast.Paren:
		n := s.nodes.paren.new()
		n.Span, n.X = s.span(e.Span), s.expr(e.X)
		return n
	case *ast.List:
		n := s.nodes.list.new()
		n.Span, n.Elems = s.span(e.Span), s.exprs(e.Elems)
		return n
	case *ast.AttrSet:
		n := s.nodes.set.new()
		n.Span, n.Rec, n.Legacy, n.Open = s.span(e.Span), e.Rec, e.Legacy, e.Open+s.by
		n.Bindings = s.bindings(e.Bindings)
		return n
	case *ast.Apply:
		n := s.nodes.apply.new()
		n.Span, n.Fn, n.Arg = s.span(e.Span), s.expr(e.Fn), s.expr(e.Arg)
		return n
	case *ast.Select:
		n := s.nodes.sel.new()
		n.Span, n.X, n.Path = s.span(e.Span), s.expr(e.X), s.path(e.Path)
		if e.Default != nil {
			n.Or, n.Default = e.Or+s.by, s.expr(e.Default)
		}
		return n
	case *ast.Unary:
		return &ast.Unary{Span: s.span(e.Span), Op: e.Op, X: s.expr(e.X)}
	case *ast.Binary:
		n := s.nodes.binary.new()
		n.Span, n.Op, n.OpPos, n.X, n.Y = s.span(e.Span), e.Op, e.OpPos+s.by, s.expr(e.X), s.expr(e.Y)
		return n
	case *ast.HasAttr:
		return &ast.HasAttr{Span: s.span(e.Span), X: s.expr(e.X), Op: e.Op + s.by, Path: s.path(e.Path)}
	}
	return s.open(e)
}

// open copies the expressions that end with another one.
func (s *shifter) open(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.Lambda:
		n := s.nodes.lambda.new()
		n.Span, n.Arg, n.Formals = s.span(e.Span), s.ident(e.Arg), s.formals(e.Formals)
		n.Colon, n.Body = e.Colon+s.by, s.expr(e.Body)
		return n
	case *ast.Let:
		n := s.nodes.let.new()
		n.Span, n.Bindings, n.In, n.Body = s.span(e.Span), s.bindings(e.Bindings), e.In+s.by, s.expr(e.Body)
		return n
	case *ast.With:
		n := s.nodes.with.new()
		n.Span, n.Scope, n.Semi, n.Body = s.span(e.Span), s.expr(e.Scope), e.Semi+s.by, s.expr(e.Body)
		return n
	case *ast.If:
		n := s.nodes.ifElse.new()
		n.Span, n.Cond = s.span(e.Span), s.expr(e.Cond)
		n.ThenPos, n.Then = e.ThenPos+s.by, s.expr(e.Then)
		n.ElsePos, n.Else = e.ElsePos+s.by, s.expr(e.Else)
		return n
	case *ast.Assert:
		n := s.nodes.assert.new()
		n.Span, n.Cond, n.Semi, n.Body = s.span(e.Span), s.expr(e.Cond), e.Semi+s.by, s.expr(e.Body)
		return n
	}
	panic("a bad expression is not clean")
}
