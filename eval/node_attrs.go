package eval

import "unsafe"

// selectNode is x.a.b without a default, by far the most common select.
type selectNode struct {
	x    node
	path []attrName
	pos  Pos
	self *code
}

// attrName is a component of an attribute path.
type attrName struct {
	sym   Sym
	expr  node // computes the name, when it is dynamic
	pos   Pos
	cache lookupCache
}

// name gives the symbol of a component.
func (a *attrName) name(st *State, env *Env) (Sym, *Error) {
	if a.expr == nil {
		return a.sym, nil
	}
	v, err := a.expr.eval(st, env)
	if err != nil {
		return 0, err
	}
	s, err := st.ForceStringNoContext(v, a.expr.at(), "while evaluating an attribute name")
	if err != nil {
		return 0, err
	}
	return st.Sym(s), nil
}

func (a *attrName) find(attrs *Attrs, k Sym) *Value {
	if a.expr != nil {
		return attrs.get(k)
	}
	return a.cache.find(attrs, k)
}

func (n *selectNode) eval(st *State, env *Env) (Value, *Error) {
	v, err := n.x.eval(st, env)
	if err != nil {
		return Value{}, err.AddTrace(n.pos, "while selecting an attribute")
	}
	for i := range n.path {
		a := &n.path[i]
		if v.Kind() != KindAttrs {
			return Value{}, n.fail(st, env, i, nil, st.typeError(n.pos, "a set", v).AddTrace(n.pos, "while selecting an attribute"))
		}
		st.Stats.Lookups++
		k, err := a.name(st, env)
		if err != nil {
			return Value{}, n.fail(st, env, i, nil, err)
		}
		set := v.AsAttrs()
		slot := a.find(set, k)
		if slot == nil {
			return Value{}, n.fail(st, env, i, nil, st.missingAttr(set, k, n.pos))
		}
		v = *slot
		if v.Kind() != KindThunk {
			continue
		}
		if t := v.asThunk(); t.state == thunkDone {
			v = t.value()
		} else if v, err = st.forceThunk(t); err != nil {
			if err.Kind == ErrRecursion && err.Pos == 0 {
				err.Pos = set.GetAttr(k).Pos
			}
			return Value{}, n.fail(st, env, i+1, set, err)
		}
		*slot = v
	}
	return v, nil
}

// fail adds the trace of a select of which the first done components were found,
// the last of them in set.
func (n *selectNode) fail(st *State, env *Env, done int, set *Attrs, err *Error) *Error {
	if set != nil {
		last := &n.path[done-1]
		if k, err2 := last.name(st, env); err2 == nil {
			if pos := set.GetAttr(k).Pos; pos != 0 {
				err.AddTrace(pos, "from the definition of '%s'", st.showAttrPath(env, n.path[:done]))
			}
		}
	}
	return err.AddTrace(n.pos, "while evaluating the attribute '%s'", st.showAttrPath(env, n.path))
}

func (st *State) showAttrPath(env *Env, path []attrName) string {
	out := ""
	for i := range path {
		if i > 0 {
			out += "."
		}
		k, err := path[i].name(st, env)
		if err != nil {
			out += "\"${...}\""
			continue
		}
		out += st.ShowName(k)
	}
	return out
}

func (n *selectNode) delay(st *State, env *Env) Value {
	// When the set is at hand already, selecting costs less than a thunk.
	if len(n.path) == 1 && n.path[0].expr == nil {
		if set, ok := peekVar(n.x, env); ok && set.Kind() == KindAttrs {
			if s := n.path[0].cache.find(set.AsAttrs(), n.path[0].sym); s != nil {
				return peekSlot(s)
			}
		}
	}
	return st.newThunk(n.self, env)
}
func (n *selectNode) at() Pos { return n.pos }

// peekVar gives the value of a variable whose value is known.
func peekVar(n node, env *Env) (Value, bool) {
	switch n := n.(type) {
	case *varNode:
		return peekSlot(env.slot(n.slot)), true
	case *varNode1:
		return peekSlot(env.up.slot(n.slot)), true
	case *varNode2:
		return peekSlot(env.up.up.slot(n.slot)), true
	case *varNodeN:
		return peekSlot(n.find(env).slot(n.slot)), true
	case *constNode:
		return n.v, true
	}
	return Value{}, false
}

// selectOrNode is x.a.b or default.
type selectOrNode struct {
	x    node
	path []attrName
	def  node
	pos  Pos
}

func (n *selectOrNode) eval(st *State, env *Env) (Value, *Error) {
	v, err := n.x.eval(st, env)
	if err != nil {
		return Value{}, err.AddTrace(n.pos, "while selecting an attribute")
	}
	for i := range n.path {
		a := &n.path[i]
		st.Stats.Lookups++
		k, err := a.name(st, env)
		if err != nil {
			return Value{}, err.AddTrace(n.pos, "while evaluating the attribute '%s'", st.showAttrPath(env, n.path))
		}
		if v.Kind() != KindAttrs {
			return n.def.eval(st, env)
		}
		slot := a.find(v.AsAttrs(), k)
		if slot == nil {
			return n.def.eval(st, env)
		}
		set := v.AsAttrs()
		if v, err = st.ForceSlot(slot); err != nil {
			if pos := set.GetAttr(k).Pos; pos != 0 {
				err.AddTrace(pos, "from the definition of '%s'", st.showAttrPath(env, n.path[:i+1]))
			}
			return Value{}, err.AddTrace(n.pos, "while evaluating the attribute '%s'", st.showAttrPath(env, n.path))
		}
	}
	return v, nil
}
func (n *selectOrNode) delay(*State, *Env) Value { panic("selectOrNode is always wrapped") }
func (n *selectOrNode) at() Pos                  { return n.pos }

// hasAttrNode is x ? a.b.
type hasAttrNode struct {
	x    node
	path []attrName
	pos  Pos
}

func (n *hasAttrNode) eval(st *State, env *Env) (Value, *Error) {
	v, err := n.x.eval(st, env)
	if err != nil {
		return Value{}, err.AddTrace(n.x.at(), "in the argument of '?'")
	}
	for i := range n.path {
		a := &n.path[i]
		k, err := a.name(st, env)
		if err != nil {
			return Value{}, err
		}
		if v.Kind() != KindAttrs {
			return False, nil
		}
		slot := a.find(v.AsAttrs(), k)
		if slot == nil {
			return False, nil
		}
		if i == len(n.path)-1 {
			return True, nil
		}
		if v, err = st.ForceSlot(slot); err != nil {
			return Value{}, err
		}
	}
	return True, nil
}
func (n *hasAttrNode) delay(*State, *Env) Value { panic("hasAttrNode is always wrapped") }
func (n *hasAttrNode) at() Pos                  { return n.pos }

// attrsNode is { } and rec { }. Static attributes are in the order of their
// symbols, which is that of the shape.
type attrsNode struct {
	shape *Shape
	exprs []node
	more  *attrsExtra // nil for a plain set
	self  *code
	pos   Pos
}

// attrsExtra is what only some sets have.
type attrsExtra struct {
	froms     []node // sources of `inherit (from)`, which have an environment of their own
	rec       bool
	overrides int32  // index of __overrides in a rec, or -1
	inherited []bool // for rec: expression belongs to the enclosing environment
	usesFrom  []bool // expression belongs to the environment of froms
	dynamic   []dynamicAttr
}

type dynamicAttr struct {
	name  node
	value node
	pos   Pos
}

func (n *attrsNode) eval(st *State, env *Env) (Value, *Error) {
	vals := st.newValues(len(n.exprs))
	if n.more != nil {
		return n.more.eval(n, st, env, vals)
	}
	for i, e := range n.exprs {
		vals[i] = e.delay(st, env)
	}
	return AttrsValue(st.newAttrs(n.shape, vals)), nil
}

func (x *attrsExtra) eval(n *attrsNode, st *State, env *Env, vals []Value) (Value, *Error) {
	inner := env
	if x.rec {
		inner = st.newEnv(int32(len(n.exprs)), env)
	}
	from := inner
	if x.froms != nil {
		from = st.newFromEnv(x.froms, inner)
	}
	if x.rec {
		x.fillRec(n, st, env, inner, from, vals)
		if x.overrides >= 0 {
			return x.evalOverrides(n, st, inner, vals)
		}
	} else {
		for i, e := range n.exprs {
			if x.froms != nil && x.usesFrom[i] {
				vals[i] = e.delay(st, from)
			} else {
				vals[i] = e.delay(st, env)
			}
		}
	}
	if x.dynamic == nil {
		return AttrsValue(st.newAttrs(n.shape, vals)), nil
	}
	return x.addDynamic(st, inner, n.shape, vals)
}

// newFromEnv makes the environment that holds the sources of `inherit (from)`.
func (st *State) newFromEnv(froms []node, env *Env) *Env {
	from := st.newEnv(int32(len(froms)), env)
	for i, f := range froms {
		*from.slot(int32(i)) = f.delay(st, env)
	}
	return from
}

// fillRec delays the attributes of a rec into the slots of inner and into vals.
// Slots are cleared first, as delaying one attribute may peek at another. No
// attribute is just a variable of the same scope (see recAttr), which would have
// nothing to give yet.
func (x *attrsExtra) fillRec(n *attrsNode, st *State, env, inner, from *Env, vals []Value) {
	for i := range n.exprs {
		*inner.slot(int32(i)) = unsetSlot
	}
	for i, e := range n.exprs {
		var v Value
		switch {
		case x.inherited[i]:
			v = e.delay(st, env)
		case x.usesFrom != nil && x.usesFrom[i]:
			v = e.delay(st, from)
		default:
			v = e.delay(st, inner)
		}
		vals[i] = v
		*inner.slot(int32(i)) = v
	}
}

// evalOverrides applies the legacy __overrides.
func (x *attrsExtra) evalOverrides(n *attrsNode, st *State, inner *Env, vals []Value) (Value, *Error) {
	ov, err := st.ForceAttrs(vals[x.overrides], n.pos, "while evaluating the `__overrides` attribute")
	if err != nil {
		return Value{}, err
	}
	for _, a := range ov.All() {
		if i := n.shape.find(a.Sym); i >= 0 {
			vals[i] = *a.Value
			*inner.slot(i) = *a.Value
		}
	}
	own := st.newAttrs(n.shape, vals)
	st.flatten(ov)
	shape, merged := st.mergeAttrs(own, ov)
	if x.dynamic == nil {
		return AttrsValue(st.newAttrs(shape, merged)), nil
	}
	return x.addDynamic(st, inner, shape, merged)
}

func (x *attrsExtra) addDynamic(st *State, env *Env, shape *Shape, vals []Value) (Value, *Error) {
	b := st.NewAttrs(len(vals) + len(x.dynamic))
	for i, k := range shape.keys() {
		b.Add(k, shape.posAt(int32(i)), vals[i])
	}
	seen := len(b.keys)
	for i := range x.dynamic {
		d := &x.dynamic[i]
		name, err := d.name.eval(st, env)
		if err != nil {
			return Value{}, err
		}
		if name.Kind() == KindNull {
			continue
		}
		text, err := st.ForceStringNoContext(name, d.pos, "while evaluating the name of a dynamic attribute")
		if err != nil {
			return Value{}, err
		}
		k := st.Sym(text)
		if at := shape.find(k); at >= 0 {
			return Value{}, st.dynamicDuplicate(k, shape.posAt(at), d.pos)
		}
		for j := seen; j < len(b.keys); j++ {
			if b.keys[j] == k {
				return Value{}, st.dynamicDuplicate(k, b.pos[j], d.pos)
			}
		}
		v := d.value.delay(st, env)
		if v.Kind() == KindLambda {
			v.asClosure().fn.nameOnce(k)
		}
		b.Add(k, d.pos, v)
	}
	return b.Value(), nil
}

func (st *State) dynamicDuplicate(k Sym, first, second Pos) *Error {
	return st.Errorf(ErrEval, second, "dynamic attribute '%s' already defined at %s", st.ShowName(k), st.describePos(first))
}

func (n *attrsNode) delay(st *State, env *Env) Value { return st.newThunk(n.self, env) }
func (n *attrsNode) at() Pos                         { return n.pos }

// unsetSlot fills slots of recursive scopes until they get their thunk, so that
// peeking at them finds nothing at hand.
var unsetSlot = Value{unsafe.Pointer(&thunk{header: header{KindThunk}, state: thunkForcing})}

// letNode is let ... in body. Its environment begins as a copy of row, which
// holds the code of every binding.
type letNode struct {
	row       []Value
	body      node
	pos       Pos
	transient bool // environments can be used again after an evaluation
}

func (n *letNode) eval(st *State, env *Env) (Value, *Error) {
	inner := st.newEnv(int32(len(n.row)), env)
	copy(inner.slots(len(n.row)), n.row)
	v, err := n.body.eval(st, inner)
	if n.transient && err == nil {
		st.reuseEnv(inner, int32(len(n.row)))
	}
	return v, err
}
func (n *letNode) delay(*State, *Env) Value { panic("letNode is always wrapped") }
func (n *letNode) at() Pos                  { return n.pos }
