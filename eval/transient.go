package eval

// Much of the memory of an evaluation is environments, and many of them are garbage
// as soon as the function or let they belong to has its value: nothing made
// meanwhile refers to them. Where the code shows that, its environments are used
// again, as nothing else collects garbage for a long time.
//
// An environment is kept by thunks and functions made in it or in one inside it. So
// the question is whether evaluating the body may make any: literal sets and lists,
// and calls, delay their parts, and delaying anything but constants and variables
// makes a thunk. A variable makes one only if its slot may still hold code (see
// slot.go), as those of let do.

// keepBudget bounds how many nodes are looked at for one function or let. Larger
// ones hardly ever are free of thunks.
const keepBudget = 200

// keepWalk looks for what keeps an environment, the outermost of envs.
type keepWalk struct {
	envs []keptEnv // around the node being looked at, outermost first
	left int       // of keepBudget
}

// keptEnv tells which slots of an environment may hold code.
type keptEnv func(slot int32) bool

func noCodeIn(int32) bool { return false }

// transientCall reports whether the environments of a function are garbage after its
// body has been evaluated without an error.
func transientCall(fn *lambdaNode) bool {
	if fn.slots >= reusableSlots {
		return false
	}
	w := keepWalk{left: keepBudget}
	w.envs = append(w.envs, func(slot int32) bool {
		return slot >= fn.first && fn.pattern && fn.formals[slot-fn.first].def != nil
	})
	for i := range fn.formals {
		if def := fn.formals[i].def; def != nil && w.eval(def) {
			return false
		}
	}
	return !w.eval(fn.body)
}

// transientLet is transientCall for a let.
func transientLet(n *letNode) bool {
	w := keepWalk{left: keepBudget}
	return len(n.row) < reusableSlots && !w.let(n)
}

func (w *keepWalk) let(n *letNode) bool {
	w.envs = append(w.envs, func(slot int32) bool { return n.row[slot].Kind() == kindCode })
	defer func() { w.envs = w.envs[:len(w.envs)-1] }()
	for _, v := range n.row {
		if v.Kind() == kindCode && w.eval((*code)(v.p)) {
			return true
		}
	}
	return w.eval(n.body)
}

// eval reports whether evaluating a node may leave something behind that refers to
// one of the environments.
func (w *keepWalk) eval(n node) bool {
	if w.left--; w.left < 0 {
		return true
	}
	switch n := n.(type) {
	case *code:
		return w.eval(n.n)
	case *constNode, *globalNode, *varNode, *varNode1, *varNode2, *varNodeN, *withNode, *posNode:
		return false
	case *selectNode:
		return w.eval(n.x) || w.path(n.path)
	case *selectOrNode:
		return w.eval(n.x) || w.path(n.path) || w.eval(n.def)
	case *hasAttrNode:
		return w.eval(n.x) || w.path(n.path)
	case *attrsNode:
		return n.more != nil || w.any(n.exprs, w.delay)
	case *listNode:
		return w.any(n.elems, w.delay)
	case *callNode:
		return w.call(n)
	case *letNode:
		return w.let(n)
	case *withExprNode:
		if w.delay(n.scope) {
			return true
		}
		w.envs = append(w.envs, noCodeIn)
		defer func() { w.envs = w.envs[:len(w.envs)-1] }()
		return w.eval(n.body)
	case *ifNode:
		return w.eval(n.cond) || w.eval(n.then) || w.eval(n.els)
	case *assertNode:
		return w.eval(n.cond) || w.eval(n.body)
	case *notNode:
		return w.eval(n.x)
	case *logicNode:
		return w.eval(n.x) || w.eval(n.y)
	case *eqNode:
		return w.eval(n.x) || w.eval(n.y)
	case *lessNode:
		return w.eval(n.x) || w.eval(n.y)
	case *arithNode:
		return w.eval(n.x) || w.eval(n.y)
	case *addNode:
		return w.eval(n.x) || w.eval(n.y)
	case *updateNode:
		return w.eval(n.x) || w.eval(n.y)
	case *concatNode:
		return w.eval(n.x) || w.eval(n.y)
	case *stringNode:
		return w.any(n.parts, w.eval)
	case *pathNode:
		return w.any(n.parts, w.eval)
	}
	return true // functions, and whatever this does not know
}

// delay is eval for delaying a node.
func (w *keepWalk) delay(n node) bool {
	switch n := n.(type) {
	case *constNode, *globalNode, *posNode:
		return false
	case *varNode:
		return w.variable(0, n.slot)
	case *varNode1:
		return w.variable(1, n.slot)
	case *varNode2:
		return w.variable(2, n.slot)
	case *varNodeN:
		return w.variable(n.depth, n.slot)
	}
	return true
}

// variable reports whether a variable may become a thunk of an environment that
// is looked at; what is further out does not matter.
func (w *keepWalk) variable(depth, slot int32) bool {
	i := len(w.envs) - 1 - int(depth)
	return i >= 0 && w.envs[i](slot)
}

// arg is eval for an argument that the callee may evaluate or delay.
func (w *keepWalk) arg(n node) bool {
	switch n := n.(type) {
	case *attrsNode:
		return len(n.exprs) > builtAtOnce || w.eval(n)
	case *listNode:
		return len(n.elems) > builtAtOnce || w.eval(n)
	}
	return w.delay(n)
}

func (w *keepWalk) call(n *callNode) bool {
	if w.eval(n.fn) {
		return true
	}
	args := n.args
	if k, ok := n.fn.(*constNode); ok && k.v.Kind() == KindPrimOp {
		if p := k.v.asPrimOp(); len(args) >= p.Arity {
			for i := range p.Arity {
				keeps := w.arg
				if p.Strict&(1<<i) != 0 {
					keeps = w.eval
				}
				if keeps(args[i]) {
					return true
				}
			}
			args = args[p.Arity:]
		}
	}
	return w.any(args, w.arg)
}

func (w *keepWalk) path(path []attrName) bool {
	for i := range path {
		if path[i].expr != nil && w.eval(path[i].expr) {
			return true
		}
	}
	return false
}

func (w *keepWalk) any(nodes []node, keeps func(node) bool) bool {
	for _, n := range nodes {
		if keeps(n) {
			return true
		}
	}
	return false
}
