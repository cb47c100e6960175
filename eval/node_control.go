package eval

// ifNode is if cond then a else b.
type ifNode struct {
	cond, then, els node
	pos             Pos
}

func (n *ifNode) eval(st *State, env *Env) (Value, *Error) {
	c, err := st.evalBool(n.cond, env, "while evaluating a branch condition")
	if err != nil {
		return Value{}, err
	}
	if c {
		return n.then.eval(st, env)
	}
	return n.els.eval(st, env)
}
func (n *ifNode) delay(*State, *Env) Value { panic("ifNode is always wrapped") }
func (n *ifNode) at() Pos                  { return n.pos }

func (st *State) evalBool(n node, env *Env, doing string) (bool, *Error) {
	v, err := n.eval(st, env)
	if err != nil {
		return false, err.AddTrace(n.at(), "%s", doing)
	}
	if !v.isBool() {
		return false, st.typeError(n.at(), "a Boolean", v).AddTrace(n.at(), "%s", doing)
	}
	return v.AsBool(), nil
}

// assertNode is assert cond; body.
type assertNode struct {
	cond, body node
	text       func() string // the condition as printed in errors
	pos        Pos
}

func (n *assertNode) eval(st *State, env *Env) (Value, *Error) {
	ok, err := st.evalBool(n.cond, env, "in the condition of the assert statement")
	if err != nil {
		return Value{}, err
	}
	if ok {
		return n.body.eval(st, env)
	}
	if eq, is := n.cond.(*eqNode); is && !eq.negate {
		if err := st.explainInequality(eq, env); err != nil {
			return Value{}, err.AddTrace(n.pos, "while evaluating the condition of the assertion '%s'", n.text())
		}
	}
	return Value{}, st.Errorf(ErrAssert, n.pos, "assertion '%s' failed", n.text())
}
func (n *assertNode) delay(*State, *Env) Value { panic("assertNode is always wrapped") }
func (n *assertNode) at() Pos                  { return n.pos }

// withExprNode is with scope; body.
type withExprNode struct {
	scope, body node
	pos         Pos
}

func (n *withExprNode) eval(st *State, env *Env) (Value, *Error) {
	inner := st.newEnv(1, env)
	*inner.slot(0) = n.scope.delay(st, env)
	return n.body.eval(st, inner)
}
func (n *withExprNode) delay(*State, *Env) Value { panic("withExprNode is always wrapped") }
func (n *withExprNode) at() Pos                  { return n.pos }

// listNode is [ a b c ].
type listNode struct {
	elems []node
	pos   Pos
	self  *code
}

func (n *listNode) eval(st *State, env *Env) (Value, *Error) {
	elems := st.newValues(len(n.elems))
	for i, e := range n.elems {
		elems[i] = e.delay(st, env)
	}
	return st.NewList(elems), nil
}
func (n *listNode) delay(st *State, env *Env) Value { return st.newThunk(n.self, env) }
func (n *listNode) at() Pos                         { return n.pos }

// posNode is __curPos.
type posNode struct{ pos Pos }

func (n *posNode) eval(st *State, _ *Env) (Value, *Error) { return st.PosValue(n.pos), nil }
func (n *posNode) delay(st *State, _ *Env) Value          { return st.PosValue(n.pos) }
func (n *posNode) at() Pos                                { return n.pos }
