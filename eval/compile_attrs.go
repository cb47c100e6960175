package eval

import (
	"slices"
	"unsafe"

	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/resolve"
)

func (c *compiler) attrSet(e *ast.AttrSet, pos Pos) node {
	m, err := c.st.merging.Merge(c.file, e.Bindings)
	if err != nil {
		return c.fail(c.syntaxError(err))
	}
	n := c.attrs(&m, e.Rec || e.Legacy, pos)
	if e.Legacy {
		return newSelect(n, []attrName{{sym: c.st.wk.body, pos: pos}}, pos)
	}
	return n
}

// declared is a name with its index in the order of declaration.
type declared struct {
	sym   Sym
	index int32
}

// bindings is what attribute sets and let share.
type bindings struct {
	syms      []Sym
	pos       []Pos
	exprs     []node
	inherited []bool
	usesFrom  []bool
	froms     []node
}

// bind compiles merged attributes. outer compiles what is inherited from
// the enclosing scope; rec is the scope the attributes see, nil when they do not
// see one another.
func (c *compiler) bind(m *resolve.Merged, rec bool) *bindings {
	n := len(m.Attrs)
	b := &bindings{syms: make([]Sym, n), pos: make([]Pos, n), exprs: make([]node, n)}
	// Taken off the shared memory while nested sets are compiled.
	from := len(c.order)
	for i := range m.Attrs {
		c.order = append(c.order, declared{c.sym(m.Attrs[i].Name), int32(i)})
	}
	order := c.order[from:]
	slices.SortFunc(order, func(x, y declared) int { return int(x.sym) - int(y.sym) })
	defer func() { c.order = c.order[:from] }()
	for i, d := range order {
		b.syms[i] = d.sym
		b.pos[i] = c.pos(m.Attrs[d.index].Pos)
	}
	if rec {
		b.inherited = make([]bool, n)
	}
	body := func() {
		// Sources that are cheap to look up are selected from directly; others get
		// a slot, so that they are evaluated once.
		var direct []bool
		var slots []int32
		if len(m.From) > 0 {
			direct, slots = make([]bool, len(m.From)), make([]int32, len(m.From))
		}
		for i, f := range m.From {
			if direct[i] = cheap(f); !direct[i] {
				slots[i] = int32(len(b.froms))
				b.froms = append(b.froms, c.later(f))
			}
		}
		if b.froms != nil {
			b.usesFrom = make([]bool, n)
		}
		for i, d := range order {
			a := &m.Attrs[d.index]
			pos := b.pos[i]
			switch a.Kind {
			case resolve.Inherit:
				if rec {
					b.inherited[i] = true
					s := c.scope
					c.scope = s.up
					b.exprs[i] = c.variable(a.Name, pos)
					c.scope = s
				} else {
					b.exprs[i] = c.variable(a.Name, pos)
				}
			case resolve.InheritFrom:
				path := []attrName{{sym: b.syms[i], pos: pos}}
				if direct[a.From] {
					b.exprs[i] = newSelect(c.expr(m.From[a.From]), path, pos)
				} else {
					b.usesFrom[i] = true
					b.exprs[i] = newSelect(&varNode{slots[a.From], pos}, path, pos)
				}
			case resolve.Nested:
				b.exprs[i] = delayable(c.attrs(a.Set, a.Set.Rec, pos))
			default:
				b.exprs[i] = c.later(a.Expr)
				nameLambda(b.exprs[i], b.syms[i])
			}
		}
	}
	if rec {
		c.in(&scope{syms: b.syms}, body)
	} else {
		body()
	}
	return b
}

// cheap reports whether evaluating e again costs next to nothing: a variable, or
// attributes of one.
func cheap(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Paren:
		return cheap(e.X)
	case *ast.Ident:
		return true
	case *ast.Select:
		if e.Default != nil || !cheap(e.X) {
			return false
		}
		for _, a := range e.Path {
			if a.Dynamic() {
				return false
			}
		}
		return true
	}
	return false
}

// nameLambda names a function, and the functions it returns, after its binding.
func nameLambda(n node, k Sym) {
	for {
		l, ok := n.(*lambdaNode)
		if !ok {
			return
		}
		l.nameOnce(k)
		n = l.body
	}
}

func (c *compiler) attrs(m *resolve.Merged, rec bool, pos Pos) node {
	if len(m.Attrs) == 0 && len(m.Dynamic) == 0 {
		return &constNode{AttrsValue(&emptyAttrsObj), pos}
	}
	b := c.bind(m, rec)
	n := &attrsNode{shape: newShape(b.syms, b.pos), exprs: b.exprs, pos: pos}
	n.shape.fixed = true
	if rec || b.froms != nil || len(m.Dynamic) > 0 {
		n.more = &attrsExtra{froms: b.froms, usesFrom: b.usesFrom, inherited: b.inherited, rec: rec, overrides: -1}
	}
	if rec {
		n.more.overrides = n.shape.find(c.st.wk.overrides)
		for i, e := range n.exprs {
			if !b.inherited[i] && (b.usesFrom == nil || !b.usesFrom[i]) {
				n.exprs[i] = recAttr(e, n.more.overrides >= 0)
			}
		}
	}
	dynamic := func() {
		for _, d := range m.Dynamic {
			var value node
			if d.Set != nil {
				value = delayable(c.attrs(d.Set, d.Set.Rec, c.pos(d.Pos)))
			} else {
				value = c.later(d.Expr)
			}
			n.more.dynamic = append(n.more.dynamic, dynamicAttr{name: c.expr(d.Name), value: value, pos: c.pos(d.Pos)})
		}
	}
	if rec {
		c.in(&scope{syms: b.syms}, dynamic)
	} else {
		dynamic()
	}
	if v, ok := n.constant(c.st); ok {
		return &constNode{v, pos}
	}
	n.self = newCode(n)
	return n
}

// recAttr makes an expression of a recursive set one whose delay can be asked for
// before all slots of the set are filled: a variable of the set itself may have
// nothing to give yet. What __overrides may replace is never taken early.
func recAttr(n node, overridden bool) node {
	if _, own := n.(*varNode); own || overridden {
		return asCode(n)
	}
	return n
}

// constant gives the value of a set of literals.
func (n *attrsNode) constant(st *State) (Value, bool) {
	if n.more != nil {
		return Value{}, false
	}
	for _, e := range n.exprs {
		if _, ok := e.(*constNode); !ok {
			return Value{}, false
		}
	}
	vals := make([]Value, len(n.exprs))
	for i, e := range n.exprs {
		vals[i] = e.(*constNode).v
	}
	return AttrsValue(st.newAttrs(n.shape, vals)), true
}

func (c *compiler) let(e *ast.Let, pos Pos) node {
	m, err := c.st.merging.Merge(c.file, e.Bindings)
	if err != nil {
		return c.fail(c.syntaxError(err))
	}
	if len(m.Dynamic) > 0 {
		return c.fail(c.st.Errorf(ErrSyntax, c.pos(m.Dynamic[0].Pos), "dynamic attributes not allowed in let"))
	}
	n := &letNode{pos: pos}
	b := c.bindLet(&m, n)
	c.in(b, func() { n.body = c.expr(e.Body) })
	n.transient = transientLet(n)
	return n
}

// bindLet compiles the bindings of a let into the row that its environments begin
// as, and returns their scope. The sources of `inherit (from)` have the slots after
// those of the names.
func (c *compiler) bindLet(m *resolve.Merged, n *letNode) *scope {
	from := len(c.order)
	for i := range m.Attrs {
		c.order = append(c.order, declared{c.sym(m.Attrs[i].Name), int32(i)})
	}
	order := c.order[from:]
	slices.SortFunc(order, func(x, y declared) int { return int(x.sym) - int(y.sym) })
	defer func() { c.order = c.order[:from] }()
	names := len(order)
	s := &scope{syms: make([]Sym, names)}
	for i, d := range order {
		s.syms[i] = d.sym
	}
	n.row = make([]Value, names, names+len(m.From))
	c.in(s, func() {
		slots := make([]int32, len(m.From)) // -1 for sources that are cheap to look up again
		for i, f := range m.From {
			slots[i] = -1
			if !cheap(f) {
				slots[i] = int32(len(n.row))
				n.row = append(n.row, slotValue(c.expr(f)))
			}
		}
		for i, d := range order {
			a := &m.Attrs[d.index]
			pos := c.pos(a.Pos)
			var x node
			switch a.Kind {
			case resolve.Inherit:
				x = c.variableOf(s.up, 1, a.Name, pos)
			case resolve.InheritFrom:
				path := []attrName{{sym: d.sym, pos: pos}}
				if slot := slots[a.From]; slot >= 0 {
					x = newSelect(&varNode{slot, pos}, path, pos)
				} else {
					x = newSelect(c.expr(m.From[a.From]), path, pos)
				}
			case resolve.Nested:
				x = c.attrs(a.Set, a.Set.Rec, pos)
			default:
				x = c.expr(a.Expr)
				nameLambda(x, d.sym)
			}
			n.row[i] = slotValue(x)
		}
	})
	return s
}

// slotValue is what a slot begins as.
func slotValue(n node) Value {
	if k, ok := n.(*constNode); ok {
		return k.v
	}
	return Value{unsafe.Pointer(asCode(n))}
}
