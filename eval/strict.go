package eval

// A function whose body begins by looking at an argument needs no thunk for it:
// the caller may as well evaluate it. That must not be seen, so the order of
// evaluation has to stay: only arguments count that the body forces before it
// does anything else that could fail or take time.

// forcedFirst lists the arguments of a curried function, by index, that its body
// forces one after another before anything else.
func forcedFirst(fn *lambdaNode) []int32 {
	w := forceWalk{arity: fn.arity}
	w.walk(fn.body, 0)
	return w.forced
}

type forceWalk struct {
	arity  int32
	forced []int32
}

// variable notes a variable, depth links above the environment of the function
// at most.
func (w *forceWalk) variable(depth, slot, at int32) bool {
	if depth != at || slot >= w.arity {
		return false
	}
	for _, f := range w.forced {
		if f == slot {
			return true
		}
	}
	w.forced = append(w.forced, slot)
	return true
}

// walk follows the evaluation of n, whose environment is depth links below that
// of the function. It reports whether evaluating n does nothing besides forcing
// arguments, so that what comes after n still counts.
func (w *forceWalk) walk(n node, depth int32) bool {
	switch n := n.(type) {
	case *code:
		return w.walk(n.n, depth)
	case *constNode:
		return true
	case *varNode:
		return w.variable(0, n.slot, depth)
	case *varNode1:
		return w.variable(1, n.slot, depth)
	case *varNode2:
		return w.variable(2, n.slot, depth)
	case *varNodeN:
		return w.variable(n.depth, n.slot, depth)
	case *letNode:
		return w.walk(n.body, depth+1)
	case *withExprNode:
		return w.walk(n.body, depth+1)
	case *addNode:
		_ = w.walk(n.x, depth) && w.walk(n.y, depth)
	case *arithNode:
		_ = w.walk(n.x, depth) && w.walk(n.y, depth)
	case *eqNode:
		_ = w.walk(n.x, depth) && w.walk(n.y, depth)
	case *concatNode:
		_ = w.walk(n.x, depth) && w.walk(n.y, depth)
	case *lessNode:
		x, y := n.x, n.y
		if n.swap {
			x, y = y, x
		}
		_ = w.walk(x, depth) && w.walk(y, depth)
	case *updateNode:
		w.walk(n.y, depth)
	case *ifNode:
		w.walk(n.cond, depth)
	case *assertNode:
		w.walk(n.cond, depth)
	case *logicNode:
		w.walk(n.x, depth)
	case *notNode:
		w.walk(n.x, depth)
	case *selectNode:
		w.walk(n.x, depth)
	case *selectOrNode:
		w.walk(n.x, depth)
	case *hasAttrNode:
		w.walk(n.x, depth)
	case *stringNode:
		w.walk(n.parts[0], depth)
	case *callNode:
		w.call(n, depth)
	}
	return false
}

func (w *forceWalk) call(n *callNode, depth int32) {
	k, ok := n.fn.(*constNode)
	if !ok {
		w.walk(n.fn, depth)
		return
	}
	if k.v.Kind() != KindPrimOp {
		return
	}
	p := k.v.asPrimOp()
	if len(n.args) < p.Arity {
		return
	}
	for i := range p.Arity {
		if p.Strict&(1<<i) != 0 && !w.walk(n.args[i], depth) {
			return
		}
	}
}
