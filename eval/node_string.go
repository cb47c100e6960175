package eval

import "path"

// addNode is x + y: addition, or concatenation of strings or paths.
type addNode struct {
	x, y       node
	pos        Pos
	xpos, ypos Pos // of the operands as written, in parentheses perhaps
}

func (n *addNode) eval(st *State, env *Env) (Value, *Error) {
	x, err := n.x.eval(st, env)
	if err != nil {
		return Value{}, err.AddTrace(n.xpos, "in an operand of '+'")
	}
	y, err := n.y.eval(st, env)
	if err != nil {
		return Value{}, err.AddTrace(n.ypos, "in an operand of '+'")
	}
	switch x.Kind() {
	case KindInt:
		switch y.Kind() {
		case KindInt:
			return st.arithInt('+', x.AsInt(), y.AsInt(), n.ypos)
		case KindFloat:
			return Float(float64(x.AsInt()) + y.AsFloat()), nil
		}
		return Value{}, st.Errorf(ErrType, n.ypos, "cannot add %s to an integer", st.showType(y))
	case KindFloat:
		switch y.Kind() {
		case KindInt:
			return Float(x.AsFloat() + float64(y.AsInt())), nil
		case KindFloat:
			return Float(x.AsFloat() + y.AsFloat()), nil
		}
		return Value{}, st.Errorf(ErrType, n.ypos, "cannot add %s to a float", st.showType(y))
	case KindPath:
		s, ctx, err := st.CoerceToString(y, n.ypos, "while evaluating a path segment", 0)
		if err != nil {
			return Value{}, err
		}
		return st.appendPath(x.AsPath(), s, ctx, n.pos)
	}
	mode := CoerceMode(0)
	if x.Kind() == KindString {
		mode = CopyToStore
	}
	a, actx, err := st.CoerceToString(x, n.xpos, "while evaluating a path segment", mode)
	if err != nil {
		return Value{}, err
	}
	b, bctx, err := st.CoerceToString(y, n.ypos, "while evaluating a path segment", mode)
	if err != nil {
		return Value{}, err
	}
	if b == "" && bctx == nil && x.Kind() == KindString {
		return x, nil
	}
	if err := st.CheckLength(len(a)+len(b), n.pos); err != nil {
		return Value{}, err
	}
	return st.NewString(a+b, actx.Union(bctx)), nil
}
func (n *addNode) delay(*State, *Env) Value { panic("addNode is always wrapped") }
func (n *addNode) at() Pos                  { return n.pos }

// maxLength bounds strings: a loop that doubles one would otherwise end in a
// crash for want of memory.
const maxLength = 1 << 31

// CheckLength refuses to make a string of more than 2 GiB.
func (st *State) CheckLength(n int, pos Pos) *Error {
	if n <= maxLength {
		return nil
	}
	return st.Errorf(ErrEval, pos, "a string of %d bytes is too long", n)
}

// appendPath is path + string.
func (st *State) appendPath(p, s string, ctx *Context, pos Pos) (Value, *Error) {
	if ctx != nil {
		return Value{}, st.Errorf(ErrEval, pos, "a string that refers to a store path cannot be appended to a path")
	}
	return PathValue(path.Clean(p + s)), nil
}

// stringNode is a string with interpolations.
type stringNode struct {
	parts  []node
	starts []Pos // where each part begins, with its ${
	pos    Pos
}

func (n *stringNode) eval(st *State, env *Env) (Value, *Error) {
	var ctx *Context
	var few [8]string
	strs := few[:0]
	size := 0
	for i, p := range n.parts {
		var s string
		var c *Context
		if k, ok := p.(*constNode); ok && k.v.Kind() == KindString {
			s = k.v.AsString()
		} else {
			v, err := p.eval(st, env)
			if err != nil {
				return Value{}, err.AddTrace(n.starts[i], "in an operand of '+'")
			}
			if v.Kind() == KindString {
				s, c = v.AsString(), v.Context()
			} else if s, c, err = st.CoerceToString(v, n.starts[i], "while evaluating a path segment", CopyToStore); err != nil {
				return Value{}, err
			}
			ctx = ctx.Union(c)
		}
		size += len(s)
		strs = append(strs, s)
	}
	if err := st.CheckLength(size, n.pos); err != nil {
		return Value{}, err
	}
	return st.NewString(joinSized(strs, size), ctx), nil
}
func (n *stringNode) delay(*State, *Env) Value { panic("stringNode is always wrapped") }
func (n *stringNode) at() Pos                  { return n.pos }

// joinSized concatenates strings whose lengths add up to size.
func joinSized(strs []string, size int) string {
	if len(strs) == 1 {
		return strs[0]
	}
	buf := make([]byte, 0, size)
	for _, s := range strs {
		buf = append(buf, s...)
	}
	return unsafeString(buf)
}

// pathNode is a path literal with interpolations. The first part is the literal
// beginning, absolute already.
type pathNode struct {
	prefix string
	parts  []node
	starts []Pos // where each part begins, with its ${
	pos    Pos
}

func (n *pathNode) eval(st *State, env *Env) (Value, *Error) {
	s := n.prefix
	var ctx *Context
	for i, p := range n.parts {
		v, err := p.eval(st, env)
		if err != nil {
			return Value{}, err.AddTrace(n.starts[i], "in an operand of '+'")
		}
		part, c, err := st.CoerceToString(v, n.starts[i], "while evaluating a path segment", 0)
		if err != nil {
			return Value{}, err
		}
		s += part
		ctx = ctx.Union(c)
	}
	return st.appendPath(s, "", ctx, n.pos)
}
func (n *pathNode) delay(*State, *Env) Value { panic("pathNode is always wrapped") }
func (n *pathNode) at() Pos                  { return n.pos }
