package resolve

import "gonix.dev/gonix/parser/ast"

// resolver walks a tree with the innermost open scope.
type resolver struct {
	merger merger
	names  *Names
	global func(string) bool
	scope  *Scope
}

// open makes a scope the innermost one. What it returns closes it.
func (r *resolver) open(s *Scope) (outer *Scope) {
	outer = r.scope
	s.Parent = outer
	s.inWith = s.inWith || outer != nil && outer.inWith
	if len(s.Defs) > smallSet {
		s.index = make(map[string]*Def, len(s.Defs))
		for _, d := range s.Defs {
			if s.index[d.Name] == nil {
				s.index[d.Name] = d
			}
		}
	}
	for _, d := range s.Defs {
		d.Scope = s
	}
	r.names.Defs = append(r.names.Defs, s.Defs...)
	r.names.Scopes = append(r.names.Scopes, s)
	r.scope = s
	return outer
}

// use records a variable.
func (r *resolver) use(name string, n ast.Node, implicit bool) {
	var def *Def
	for s := r.scope; s != nil && def == nil; s = s.Parent {
		def = s.Lookup(name)
	}
	if implicit && def == nil {
		return
	}
	if def == nil && r.global(name) {
		if def = r.names.Builtins[name]; def == nil {
			def = &Def{Kind: BuiltinDef, Name: name}
			r.names.Builtins[name] = def
		}
	}
	u := &Use{Name: name, Span: n.Range(), Node: n, Def: def, Scope: r.scope, Implicit: implicit}
	r.names.Uses = append(r.names.Uses, u)
	if def != nil {
		def.Uses = append(def.Uses, u)
		return
	}
	for s := r.scope; s != nil && s.inWith; s = s.Parent {
		if _, ok := s.Node.(*ast.With); ok {
			s.WithUses = append(s.WithUses, u)
		}
	}
}

// implicit records a builtin that notation calls, if the user redefines it.
func (r *resolver) implicit(name string, n ast.Node) {
	if r.scope != nil {
		r.use(name, n, true)
	}
}

func (r *resolver) expr(x ast.Expr) {
	switch n := x.(type) {
	case nil:
	case *ast.Ident:
		if n.Name != "__curPos" {
			r.use(n.Name, n, false)
		}
	case *ast.SearchPath:
		r.implicit("__findFile", n)
		r.implicit("__nixPath", n)
	case *ast.AttrSet:
		r.set(n)
	case *ast.Let:
		m := r.merge(n.Bindings)
		r.inherited(&m)
		outer := r.open(&Scope{Span: n.Span, Node: n, Defs: defs(&m, LetDef)})
		r.values(&m)
		r.expr(n.Body)
		r.scope = outer
	case *ast.Lambda:
		r.lambda(n)
	case *ast.With:
		r.expr(n.Scope)
		span := ast.Span{Start: n.Semi, End: n.End}
		outer := r.open(&Scope{Span: span, Node: n, inWith: true})
		r.expr(n.Body)
		r.scope = outer
	case *ast.Select:
		r.expr(n.X)
		r.path(n.Path)
		r.expr(n.Default)
	case *ast.HasAttr:
		r.expr(n.X)
		r.path(n.Path)
	case *ast.Unary:
		if n.Op == ast.OpNeg {
			r.implicit("__sub", n)
		}
		r.expr(n.X)
	case *ast.Binary:
		if name := builtinOf(n.Op); name != "" {
			r.implicit(name, n)
		}
		r.expr(n.X)
		r.expr(n.Y)
	default:
		for c := range ast.Children(x) {
			if e, ok := c.(ast.Expr); ok {
				r.expr(e)
			}
		}
	}
}

// builtinOf names the builtin that an operator calls.
func builtinOf(op ast.Op) string {
	switch op {
	case ast.OpSub:
		return "__sub"
	case ast.OpMul:
		return "__mul"
	case ast.OpDiv:
		return "__div"
	case ast.OpLess, ast.OpLessEq, ast.OpGreater, ast.OpGreaterEq:
		return "__lessThan"
	}
	return ""
}

func (r *resolver) path(names []*ast.AttrName) {
	for _, n := range names {
		r.attrName(n)
	}
}

func (r *resolver) attrName(n *ast.AttrName) {
	if n.Braced != nil {
		r.expr(n.Braced)
	} else {
		r.expr(n.Expr)
	}
}

func (r *resolver) lambda(n *ast.Lambda) {
	s := &Scope{Span: n.Span, Node: n}
	if n.Arg != nil {
		s.Defs = append(s.Defs, &Def{Kind: ArgDef, Name: n.Arg.Name, Span: n.Arg.Span, Sites: []ast.Node{n.Arg}})
	}
	if n.Formals != nil {
		for _, f := range n.Formals.List {
			s.Defs = append(s.Defs, &Def{
				Kind: FormalDef, Name: f.Name.Name, Span: f.Name.Span, Sites: []ast.Node{f.Name}, Value: f.Default,
			})
		}
	}
	outer := r.open(s)
	if n.Formals != nil {
		for _, f := range n.Formals.List {
			r.expr(f.Default)
		}
	}
	r.expr(n.Body)
	r.scope = outer
}

func (r *resolver) merge(bindings []ast.Binding) Merged { return r.merger.merge(bindings) }

func (r *resolver) set(n *ast.AttrSet) {
	m := r.merge(n.Bindings)
	kind := RecDef
	if n.Legacy {
		kind = LetDef
	}
	r.merged(&m, n, n.Rec || n.Legacy, kind)
}

// merged walks a set after merging. n is its literal, nil for a set that only
// paths define.
func (r *resolver) merged(m *Merged, n *ast.AttrSet, rec bool, kind DefKind) {
	r.inherited(m)
	if rec {
		outer := r.open(&Scope{Span: n.Span, Node: n, Defs: defs(m, kind)})
		defer func() { r.scope = outer }()
	}
	r.values(m)
}

// inherited records the variables of inherit x, which are looked for outside.
func (r *resolver) inherited(m *Merged) {
	for i := range m.Attrs {
		if a := &m.Attrs[i]; a.Kind == Inherit {
			r.use(a.Name, a.At, false)
		}
	}
	for i := range m.extra {
		if a := &m.extra[i]; a.Kind == Inherit {
			r.use(a.Name, a.At, false)
		}
	}
}

// values walks all expressions of a set but the names of inherit x.
func (r *resolver) values(m *Merged) {
	for _, e := range m.From {
		r.expr(e)
	}
	for i := range m.Attrs {
		r.attr(&m.Attrs[i])
	}
	for i := range m.extra {
		r.attr(&m.extra[i])
	}
	for i := range m.Dynamic {
		d := &m.Dynamic[i]
		r.expr(d.Name)
		if d.Set != nil {
			r.merged(d.Set, nil, false, RecDef)
		} else {
			r.expr(d.Expr)
		}
	}
}

func (r *resolver) attr(a *Attr) {
	if a.At.Expr == nil && a.At.Braced != nil {
		r.expr(a.At.Braced)
	}
	switch a.Kind {
	case Plain:
		r.expr(a.Expr)
	case Nested:
		r.merged(a.Set, a.Set.Literal, a.Set.Rec, RecDef)
	}
}

// defs makes the definitions of a recursive set or let.
func defs(m *Merged, kind DefKind) []*Def {
	list := make([]*Def, 0, len(m.Attrs))
	for i := range m.Attrs {
		a := &m.Attrs[i]
		d := &Def{
			Kind: kind, Name: a.Name, Span: a.At.Span, Sites: []ast.Node{a.At},
			Inherited: a.Kind == Inherit || a.Kind == InheritFrom, Value: a.Expr,
		}
		list = append(list, d)
	}
	if len(m.sites) == 0 {
		return list
	}
	byName := make(map[string]*Def, len(list))
	for _, d := range list {
		byName[d.Name] = d
	}
	for _, n := range m.sites {
		if d := byName[n.Name]; d != nil {
			d.Sites = append(d.Sites, n)
			if n.Start < d.Start {
				d.Span = n.Span
			}
		}
	}
	return list
}
