package shape

import (
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// OfDef returns the slot of a variable, or nil for a global of the language.
func OfDef(u *Unit, d *scope.Def) *Slot {
	switch d.Kind {
	case scope.Global:
		return nil
	case scope.Let, scope.Rec:
		if slot := Literal(u, d.Scope.Node).Attr(d.Name); slot != nil {
			return slot
		}
		// A path beside a rec set merges into it: { a = rec { b = c; }; a.c = 1; }.
		return &Slot{Unit: u, Name: d.Name, Names: d.Names, Binding: d.Node, Value: d.Value}
	}
	return &Slot{Unit: u, Name: d.Name, Names: d.Names, Binding: d.Node, Value: formalDefault(d.Node)}
}

func formalDefault(n ast.Node) ast.Expr {
	if f, ok := n.(*ast.Formal); ok {
		return f.Default
	}
	return nil
}

// use returns the slots that a variable may be: one, or, under withs, what the
// innermost with that has the name has.
func (w World) use(u *Unit, use *scope.Use, depth int) []*Slot {
	if use.Def != nil {
		if s := OfDef(u, use.Def); s != nil {
			return []*Slot{s}
		}
		return nil
	}
	for s := use.With; s != nil && *w.steps <= maxSteps; s = s.Parent {
		if with, ok := s.Node.(*ast.With); ok {
			if slots := w.of(u, with.Scope, depth-1).Attr(use.Name); len(slots) > 0 {
				return slots
			}
		}
	}
	return nil
}

// path returns the slots that the i-th name of a selection may be.
func (w World) path(u *Unit, sel *ast.Select, i, depth int) []*Slot {
	return w.along(w.of(u, sel.X, depth-1), sel.Path[:i+1], depth)
}

func (w World) along(sh Shape, path []*ast.AttrName, depth int) []*Slot {
	var slots []*Slot
	for i, name := range path {
		if name.Dynamic() {
			return nil
		}
		if i > 0 {
			sh = w.slots(slots, depth-1)
		}
		if slots = sh.Attr(name.Name); len(slots) == 0 {
			return nil
		}
	}
	return slots
}

// aliases returns the slots that an inherited name stands for.
func (w World) aliases(s *Slot, depth int) []*Slot {
	switch {
	case s.alias == nil || depth <= 0:
		return nil
	case s.alias.from != nil:
		return w.of(s.Unit, s.alias.from, depth-1).Attr(s.Name)
	case s.alias.use != nil:
		return w.use(s.Unit, s.alias.use, depth-1)
	}
	return nil
}

// Chain returns slots, and the slots they are aliases of, and so on; nearest
// first, each once.
func (w World) Chain(slots []*Slot) []*Slot {
	w = w.begin()
	var out []*Slot
	seen := map[string]bool{}
	for depth := maxDepth; len(slots) > 0 && depth > 0; depth-- {
		var next []*Slot
		for _, s := range slots {
			if !seen[s.Key()] {
				seen[s.Key()] = true
				out = append(out, s)
				next = append(next, w.aliases(s, depth)...)
			}
		}
		slots = next
	}
	return out
}

// Mention is a name in a file, with what it refers to.
type Mention struct {
	ast.Span
	Name string
	// Node is the *ast.Ident or *ast.AttrName.
	Node ast.Node
	// Slots are what the name may be; the one it defines is the first.
	Slots []*Slot
	// Defines says that the name stands where it is defined.
	Defines bool
	// Inherit is set when the name stands in an inherit.
	Inherit *ast.Inherit
	// Quoted says that the name stands in quotes.
	Quoted bool
}

// At returns the mention at an offset, or nil when there is no name.
func (w World) At(u *Unit, off ast.Pos) *Mention {
	path := cursor.Path(u.File.Root, off)
	for i := len(path) - 1; i >= 0; i-- {
		switch path[i].(type) {
		case *ast.Ident, *ast.AttrName:
			return w.mention(u, path[:i+1])
		}
	}
	return nil
}

// Mentions calls f for every mention of a name in a file.
func (w World) Mentions(u *Unit, name string, f func(*Mention)) {
	var path []ast.Node
	stopped := false
	var walk func(ast.Node)
	walk = func(n ast.Node) {
		if stopped {
			return
		}
		path = append(path, n)
		match := false
		switch n := n.(type) {
		case *ast.Ident:
			match = n.Name == name
		case *ast.AttrName:
			match = n.Name == name && !n.Dynamic()
		}
		if match {
			if stopped = w.Stop != nil && w.Stop(); stopped {
				return
			}
			if m := w.mention(u, path); m != nil {
				f(m)
			}
		}
		for c := range ast.Children(n) {
			walk(c)
		}
		path = path[:len(path)-1]
	}
	walk(u.File.Root)
}

// mention finds what the last node of a path, a name, refers to.
func (w World) mention(u *Unit, path []ast.Node) *Mention {
	w = w.begin()
	n := path[len(path)-1]
	var parent, grand ast.Node
	if len(path) > 1 {
		parent = path[len(path)-2]
	}
	if len(path) > 2 {
		grand = path[len(path)-3]
	}
	if id, ok := n.(*ast.Ident); ok {
		m := &Mention{Span: id.Span, Name: id.Name, Node: id}
		if use := u.Scope.UseAt(id.Start); use != nil && use.Span == id.Span {
			m.Slots = w.use(u, use, maxDepth)
			return m
		}
		if d := u.Scope.DefAt(id.Start); d != nil {
			m.Slots, m.Defines = []*Slot{OfDef(u, d)}, true
		}
		return m
	}
	name := n.(*ast.AttrName)
	if name.Dynamic() {
		return nil
	}
	m := &Mention{Span: name.Span, Name: name.Name, Node: name, Quoted: name.Quoted}
	switch p := parent.(type) {
	case *ast.Select:
		m.Slots = w.path(u, p, index(p.Path, name), maxDepth)
	case *ast.HasAttr:
		m.Slots = w.along(w.of(u, p.X, maxDepth), p.Path[:index(p.Path, name)+1], maxDepth)
	case *ast.Attr:
		m.Defines = true
		m.Slots = w.along(Shape{Sets: []Set{Literal(u, grand)}}, p.Path[:index(p.Path, name)+1], maxDepth)
		if i := index(p.Path, name); i == 0 {
			m.Slots = append(m.Slots, w.formal(u, path[:len(path)-2], name.Name)...)
		}
	case *ast.Inherit:
		m.Defines, m.Inherit = true, p
		if s := Literal(u, grand).Attr(name.Name); s != nil {
			m.Slots = []*Slot{s}
		}
		m.Slots = append(m.Slots, w.formal(u, path[:len(path)-2], name.Name)...)
	}
	return m
}

// formal returns the argument that an attribute of a set literal becomes, when
// the set, the last node of the path, is passed to a function that is known.
func (w World) formal(u *Unit, path []ast.Node, name string) []*Slot {
	i := len(path) - 1
	for i > 0 && passesOn(path[i-1]) {
		i--
	}
	if i == 0 {
		return nil
	}
	call, ok := path[i-1].(*ast.Apply)
	if !ok || call.Arg != path[i].(ast.Expr) {
		return nil
	}
	var out []*Slot
	for _, f := range w.of(u, call.Fn, maxDepth).Funcs {
		if f.Lambda.Formals == nil {
			continue
		}
		for _, formal := range f.Lambda.Formals.List {
			if formal.Name.Name == name {
				out = append(out, &Slot{Unit: f.Unit, Name: name, Names: []ast.Span{formal.Name.Span}, Binding: formal, Value: formal.Default})
			}
		}
	}
	return out
}

// passesOn reports whether the attributes of a part of an expression are attributes
// of the whole.
func passesOn(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Paren:
		return true
	case *ast.Binary:
		return n.Op == ast.OpUpdate
	}
	return false
}

func index(path []*ast.AttrName, name *ast.AttrName) int {
	for i, n := range path {
		if n == name {
			return i
		}
	}
	return 0
}

// Aliases returns the slots that an inherited name stands for; none for others.
func (w World) Aliases(s *Slot) []*Slot { return w.begin().aliases(s, maxDepth) }

// Slots returns the shape of whatever any of the slots holds.
func (w World) Slots(slots []*Slot) Shape { return w.begin().slots(slots, maxDepth) }
