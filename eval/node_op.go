package eval

import "math"

// notNode is !x.
type notNode struct {
	x   node
	pos Pos
}

func (n *notNode) eval(st *State, env *Env) (Value, *Error) {
	b, err := st.evalBool(n.x, env, "in the argument of '!'")
	if err != nil {
		return Value{}, err
	}
	return Bool(!b), nil
}
func (n *notNode) delay(*State, *Env) Value { panic("notNode is always wrapped") }
func (n *notNode) at() Pos                  { return n.pos }

// logicNode is x && y, x || y or x -> y.
type logicNode struct {
	x, y        node
	negate      bool // of x: for ->
	stop        bool // value of x that decides
	left, right string
	pos         Pos
}

func (n *logicNode) eval(st *State, env *Env) (Value, *Error) {
	b, err := st.evalBool(n.x, env, n.left)
	if err != nil {
		return Value{}, err
	}
	if b != n.negate == n.stop {
		return Bool(n.stop), nil
	}
	if b, err = st.evalBool(n.y, env, n.right); err != nil {
		return Value{}, err
	}
	return Bool(b), nil
}
func (n *logicNode) delay(*State, *Env) Value { panic("logicNode is always wrapped") }
func (n *logicNode) at() Pos                  { return n.pos }

// eqNode is x == y, or x != y.
type eqNode struct {
	x, y   node
	negate bool
	pos    Pos
}

func (n *eqNode) eval(st *State, env *Env) (Value, *Error) {
	op, doing := "==", "while testing two values for equality"
	if n.negate {
		op, doing = "!=", "while testing two values for inequality"
	}
	x, err := n.x.eval(st, env)
	if err != nil {
		return Value{}, err.AddTrace(n.x.at(), "in the left operand of '%s'", op)
	}
	y, err := n.y.eval(st, env)
	if err != nil {
		return Value{}, err.AddTrace(n.y.at(), "in the right operand of '%s'", op)
	}
	eq, err := st.Equal(x, y, n.pos, doing)
	if err != nil {
		return Value{}, err
	}
	return Bool(eq != n.negate), nil
}
func (n *eqNode) delay(*State, *Env) Value { panic("eqNode is always wrapped") }
func (n *eqNode) at() Pos                  { return n.pos }

// lessNode is the comparison x < y, x > y, x <= y or x >= y. Nix defines all of
// them by builtins.lessThan.
type lessNode struct {
	x, y   node // as written
	swap   bool // compare y with x
	negate bool
	pos    Pos
}

func (n *lessNode) eval(st *State, env *Env) (Value, *Error) {
	first, second := n.x, n.y
	if n.swap {
		first, second = second, first
	}
	a, err := first.eval(st, env)
	if err != nil {
		return Value{}, n.failed(err)
	}
	b, err := second.eval(st, env)
	if err != nil {
		return Value{}, n.failed(err)
	}
	if a.isInt() && b.isInt() {
		return Bool(a.AsInt() < b.AsInt() != n.negate), nil
	}
	less, err := st.Less(a, b, n.pos, "")
	if err != nil {
		return Value{}, n.failed(err)
	}
	return Bool(less != n.negate), nil
}

// failed adds what Nix, for which a <= b is !(b < a), says about it.
func (n *lessNode) failed(err *Error) *Error {
	err.AddTrace(n.pos, "while calling the 'lessThan' builtin")
	if n.negate {
		err.AddTrace(n.pos, "in the argument of '!'")
	}
	return err
}
func (n *lessNode) delay(*State, *Env) Value { panic("lessNode is always wrapped") }
func (n *lessNode) at() Pos                  { return n.pos }

// arithNode is x - y, x * y, x / y, and the unary -y with x zero.
type arithNode struct {
	x, y node
	op   byte
	pos  Pos
}

func (n *arithNode) eval(st *State, env *Env) (Value, *Error) {
	x, err := n.x.eval(st, env)
	if err != nil {
		return Value{}, st.primOpTrace(err, n.op, n.pos)
	}
	y, err := n.y.eval(st, env)
	if err != nil {
		return Value{}, st.primOpTrace(err, n.op, n.pos)
	}
	v, err := st.Arith(n.op, x, y, n.pos)
	if err != nil {
		return Value{}, st.primOpTrace(err, n.op, n.pos)
	}
	return v, nil
}
func (n *arithNode) delay(*State, *Env) Value { panic("arithNode is always wrapped") }
func (n *arithNode) at() Pos                  { return n.pos }

// arithOp holds the words of an operator in messages.
type arithOp struct{ builtin, first, second, overflow string }

var arithOps = map[byte]arithOp{
	'+': {"add", "while evaluating the first argument of the addition", "while evaluating the second argument of the addition", "integer overflow in adding %d + %d"},
	'-': {"sub", "while evaluating the first argument of the subtraction", "while evaluating the second argument of the subtraction", "integer overflow in subtracting %d - %d"},
	'*': {"mul", "while evaluating the first argument of the multiplication", "while evaluating the second argument of the multiplication", "integer overflow in multiplying %d * %d"},
	'/': {"div", "while evaluating the first operand of the division", "while evaluating the second operand of the division", "integer overflow in dividing %d / %d"},
}

func (st *State) primOpTrace(err *Error, op byte, pos Pos) *Error {
	return err.AddTrace(pos, "while calling the '%s' builtin", arithOps[op].builtin)
}

// Arith computes x op y for + - * / on numbers; overflow is an error.
func (st *State) Arith(op byte, x, y Value, pos Pos) (Value, *Error) {
	if x.isInt() && y.isInt() {
		return st.arithInt(op, x.AsInt(), y.AsInt(), pos)
	}
	words := arithOps[op]
	// An integer operand is asked for unless the other one is a float.
	force := func(v Value, other Value, doing string) (float64, *Error) {
		if v.isInt() || v.isFloat() || other.isFloat() {
			return st.ForceFloat(v, pos, doing)
		}
		_, err := st.ForceInt(v, pos, doing)
		return 0, err
	}
	if op == '/' {
		d, err := st.ForceFloat(y, pos, words.second)
		if err != nil {
			return Value{}, err
		}
		if d == 0 {
			return Value{}, st.Errorf(ErrEval, pos, "division by zero")
		}
	}
	a, err := force(x, y, words.first)
	if err != nil {
		return Value{}, err
	}
	b, err := force(y, x, words.second)
	if err != nil {
		return Value{}, err
	}
	switch op {
	case '+':
		return Float(a + b), nil
	case '-':
		return Float(a - b), nil
	case '*':
		return Float(a * b), nil
	}
	return Float(a / b), nil
}

func (st *State) arithInt(op byte, a, b int64, pos Pos) (Value, *Error) {
	var r int64
	ok := true
	switch op {
	case '+':
		r = a + b
		ok = (r > a) == (b > 0)
	case '-':
		r = a - b
		ok = (r < a) == (b > 0)
	case '*':
		r = a * b
		ok = a == 0 || (r/a == b && !(a == -1 && b == math.MinInt64))
	default:
		if b == 0 {
			return Value{}, st.Errorf(ErrEval, pos, "division by zero")
		}
		if ok = !(a == math.MinInt64 && b == -1); ok {
			r = a / b
		}
	}
	if !ok {
		return Value{}, st.Errorf(ErrEval, pos, arithOps[op].overflow, a, b)
	}
	return Int(r), nil
}

// updateNode is x // y.
type updateNode struct {
	x, y node
	pos  Pos
}

func (n *updateNode) eval(st *State, env *Env) (Value, *Error) {
	// The right operand first, as Nix does.
	y, err := n.operand(st, env, n.y, "in the right operand of '//'")
	if err != nil {
		return Value{}, err
	}
	x, err := n.operand(st, env, n.x, "in the left operand of '//'")
	if err != nil {
		return Value{}, err
	}
	st.Stats.Updates++
	return AttrsValue(st.update(x, y)), nil
}

func (n *updateNode) operand(st *State, env *Env, e node, doing string) (*Attrs, *Error) {
	v, err := e.eval(st, env)
	if err == nil && v.Kind() != KindAttrs {
		err = st.typeError(0, "a set", v)
	}
	if err != nil {
		return nil, err.AddTrace(e.at(), "%s", doing)
	}
	return v.AsAttrs(), nil
}
func (n *updateNode) delay(*State, *Env) Value { panic("updateNode is always wrapped") }
func (n *updateNode) at() Pos                  { return n.pos }

// concatNode is x ++ y.
type concatNode struct {
	x, y node
	pos  Pos
}

func (n *concatNode) eval(st *State, env *Env) (Value, *Error) {
	x, err := n.operand(st, env, n.x, "in the left operand of '++'")
	if err != nil {
		return Value{}, err
	}
	y, err := n.operand(st, env, n.y, "in the right operand of '++'")
	if err != nil {
		return Value{}, err
	}
	for _, v := range [2]Value{x, y} {
		if v.Kind() != KindList {
			return Value{}, st.typeError(n.pos, "a list", v).AddTrace(n.pos, "while evaluating one of the elements to concatenate")
		}
	}
	a, b := x.AsList(), y.AsList()
	switch {
	case len(a) == 0:
		return y, nil
	case len(b) == 0:
		return x, nil
	}
	out := st.newValues(len(a) + len(b))
	copy(out, a)
	copy(out[len(a):], b)
	return st.NewList(out), nil
}

func (n *concatNode) operand(st *State, env *Env, e node, doing string) (Value, *Error) {
	v, err := e.eval(st, env)
	if err != nil {
		return Value{}, err.AddTrace(e.at(), "%s", doing)
	}
	return v, nil
}
func (n *concatNode) delay(*State, *Env) Value { panic("concatNode is always wrapped") }
func (n *concatNode) at() Pos                  { return n.pos }
