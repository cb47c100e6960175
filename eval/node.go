package eval

// node is a compiled expression.
type node interface {
	// eval returns the value in weak head normal form.
	eval(st *State, env *Env) (Value, *Error)
	// delay returns a value that may be a thunk. It never fails and does no work
	// that the program might not need.
	delay(st *State, env *Env) Value
	// at is the position that errors about the expression name.
	at() Pos
}

// code wraps the nodes whose delay is a new thunk. It can stand in a slot of the
// environment it belongs to (see slot.go).
type code struct {
	header
	id codeID // noCode until a thunk needs it
	n  node
}

// codeID is the number under which thunks, which have no room for a pointer, know
// their code: an index into State.codes.
type codeID uint32

const (
	noCode codeID = iota
	// All evaluators share these, which belong to no program.
	codeApply1
	codeApply2
	codeGo
)

func sharedCodes() []*code {
	return []*code{codeApply1: apply1, codeApply2: apply2, codeGo: callGo}
}

func newCode(n node) *code { return &code{header{kindCode}, noCode, n} }

// number gives code that has none a number.
func (st *State) number(c *code) codeID {
	if c.id == noCode {
		c.id = codeID(len(st.codes))
		st.codes = append(st.codes, c)
	}
	return c.id
}

func (c *code) eval(st *State, env *Env) (Value, *Error) { return c.n.eval(st, env) }
func (c *code) delay(st *State, env *Env) Value          { return st.newThunk(c, env) }
func (c *code) at() Pos                                  { return c.n.at() }

// constNode is a literal, or a builtin that no scope hides.
type constNode struct {
	v   Value
	pos Pos
}

func (n *constNode) eval(*State, *Env) (Value, *Error) { return n.v, nil }
func (n *constNode) delay(*State, *Env) Value          { return n.v }
func (n *constNode) at() Pos                           { return n.pos }

// globalNode is a builtin constant that may itself be a thunk.
type globalNode struct {
	slot *Value
	pos  Pos
}

func (n *globalNode) eval(st *State, _ *Env) (Value, *Error) { return st.ForceSlot(n.slot) }
func (n *globalNode) delay(*State, *Env) Value               { return *n.slot }
func (n *globalNode) at() Pos                                { return n.pos }

// varNode is a variable of the innermost environment; the types after it follow
// one, two and any number of links first.
type varNode struct {
	slot int32
	pos  Pos
}

type varNode1 varNode

type varNode2 varNode

type varNodeN struct {
	varNode
	depth int32
}

func (n *varNode) eval(st *State, env *Env) (Value, *Error) {
	return st.readSlot(env, env.slot(n.slot), n.pos)
}
func (n *varNode) delay(st *State, env *Env) Value { return st.delaySlot(env, env.slot(n.slot)) }
func (n *varNode) at() Pos                         { return n.pos }

func (n *varNode1) eval(st *State, env *Env) (Value, *Error) {
	env = env.up
	return st.readSlot(env, env.slot(n.slot), n.pos)
}
func (n *varNode1) delay(st *State, env *Env) Value {
	env = env.up
	return st.delaySlot(env, env.slot(n.slot))
}
func (n *varNode1) at() Pos { return n.pos }

func (n *varNode2) eval(st *State, env *Env) (Value, *Error) {
	env = env.up.up
	return st.readSlot(env, env.slot(n.slot), n.pos)
}
func (n *varNode2) delay(st *State, env *Env) Value {
	env = env.up.up
	return st.delaySlot(env, env.slot(n.slot))
}
func (n *varNode2) at() Pos { return n.pos }

func (n *varNodeN) find(env *Env) *Env {
	for i := n.depth; i > 0; i-- {
		env = env.up
	}
	return env
}
func (n *varNodeN) eval(st *State, env *Env) (Value, *Error) {
	env = n.find(env)
	return st.readSlot(env, env.slot(n.slot), n.pos)
}
func (n *varNodeN) delay(st *State, env *Env) Value {
	env = n.find(env)
	return st.delaySlot(env, env.slot(n.slot))
}

func newVarNode(depth, slot int32, pos Pos) node {
	switch depth {
	case 0:
		return &varNode{slot, pos}
	case 1:
		return &varNode1{slot, pos}
	case 2:
		return &varNode2{slot, pos}
	}
	return &varNodeN{varNode{slot, pos}, depth}
}

// withNode is a name that only the enclosing `with`s can supply; depths are
// those of their environments, innermost first.
type withNode struct {
	sym    Sym
	pos    Pos
	depths []int32
	cache  lookupCache
	self   *code
}

func (n *withNode) eval(st *State, env *Env) (Value, *Error) {
	at := int32(0)
	for _, depth := range n.depths {
		for ; at < depth; at++ {
			env = env.up
		}
		set, err := st.ForceSlot(env.slot(0))
		if err == nil && set.Kind() != KindAttrs {
			err = st.typeError(n.pos, "a set", set)
		}
		if err != nil {
			return Value{}, err.AddTrace(n.pos, "while evaluating the first subexpression of a with expression")
		}
		if s := n.cache.find(set.AsAttrs(), n.sym); s != nil {
			return st.readValue(s, n.pos)
		}
	}
	return Value{}, st.Errorf(ErrUndefined, n.pos, "undefined variable '%s'", st.SymName(n.sym))
}

func (n *withNode) delay(st *State, env *Env) Value {
	// If the innermost sets are at hand and one has the name, take it now.
	e, at := env, int32(0)
	for _, depth := range n.depths {
		for ; at < depth; at++ {
			e = e.up
		}
		set := peekSlot(e.slot(0))
		if set.Kind() != KindAttrs {
			break
		}
		if s := n.cache.find(set.AsAttrs(), n.sym); s != nil {
			return peekSlot(s)
		}
	}
	return st.newThunk(n.self, env)
}
func (n *withNode) at() Pos { return n.pos }

// lookupCache remembers where the last set of the same shape had an attribute.
type lookupCache struct {
	shape *Shape
	index int32
}

func (c *lookupCache) find(a *Attrs, k Sym) *Value {
	if a.shape == c.shape {
		return &a.vals()[c.index]
	}
	if i := a.shape.find(k); i >= 0 {
		c.shape, c.index = a.shape, i
		return &a.vals()[i]
	}
	if a.base == nil {
		return nil
	}
	return a.getBelow(k)
}
