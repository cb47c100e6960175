package eval

import (
	"unsafe"

	"gonix.dev/gonix/internal/suggest"
)

// lambdaNode is a function written in Nix: of one argument that it takes apart,
// or of one or more plain, curried arguments.
type lambdaNode struct {
	name      Sym // of the attribute or variable it is bound to
	named     bool
	arity     int32
	params    []param // one for each argument
	slots     int32
	transient bool     // environments can be used again after a call
	strict    []int32  // arguments that the body forces first, in that order
	pattern   bool     // takes its argument apart: formals may still be empty
	alias     bool     // with pattern: slot 0 is the whole argument
	ellipsis  bool     // with pattern
	formals   []formal // ascending by symbol; formal i has slot first+i
	first     int32
	body      node
}

// param is an argument; its position is that of the lambda that begins with it.
type param struct {
	sym Sym // 0 for a pattern without @
	pos Pos
}

type formal struct {
	sym Sym
	def *code // nil when required
	pos Pos
}

// nameOnce names a function after the first thing it is bound to.
func (n *lambdaNode) nameOnce(k Sym) {
	if !n.named {
		n.name, n.named = k, true
	}
}

func (n *lambdaNode) describe(st *State) string {
	if n.named {
		return "'" + st.SymName(n.name) + "'"
	}
	return "anonymous lambda"
}

func (n *lambdaNode) title(st *State) string {
	if n.named {
		return st.SymName(n.name)
	}
	return "anonymous lambda"
}

func (n *lambdaNode) eval(st *State, env *Env) (Value, *Error) { return st.newClosure(n, env), nil }
func (n *lambdaNode) delay(st *State, env *Env) Value          { return st.newClosure(n, env) }
func (n *lambdaNode) at() Pos                                  { return n.params[0].pos }

// bodyPos is the position of the lambda that the body belongs to.
func (n *lambdaNode) bodyPos() Pos { return n.params[n.arity-1].pos }

// callNode is a function applied to one or more arguments.
type callNode struct {
	fn   node
	args []node
	pos  Pos
}

func (n *callNode) eval(st *State, env *Env) (Value, *Error) {
	f, err := n.fn.eval(st, env)
	if err != nil {
		return Value{}, err
	}
	args := n.args
	for len(args) > 0 {
		switch f.Kind() {
		case KindLambda:
			c := f.asClosure()
			fn := c.fn
			if fn.pattern {
				// The function looks at its argument at once: no thunk.
				arg, err := args[0].eval(st, env)
				if err != nil {
					return Value{}, st.patternFailed(fn, err, n.pos)
				}
				if f, err = st.callPattern(c, arg, n.pos); err != nil {
					return Value{}, err
				}
				args = args[1:]
				continue
			}
			take := min(int(fn.arity-c.have), len(args))
			inner := st.curryEnv(c, take)
			complete := c.have+int32(take) == fn.arity
			var forced uint32
			if complete {
				for _, i := range fn.strict {
					if i < c.have {
						// From an earlier call: if it is a thunk, the body forces it first.
						if peekSlot(inner.slot(i)).Kind() == KindThunk {
							break
						}
						continue
					}
					v, err := args[i-c.have].eval(st, env)
					if err != nil {
						return Value{}, st.bodyFailed(fn, err, n.pos)
					}
					*inner.slot(i) = v
					forced |= 1 << (i - c.have)
				}
			}
			for i := range take {
				if forced&(1<<i) == 0 {
					*inner.slot(c.have + int32(i)) = st.argument(args[i], env)
				}
			}
			args = args[take:]
			if !complete {
				return st.partial(fn, inner, c.have+int32(take)), nil
			}
			if f, err = st.runBody(fn, inner, n.pos); err != nil {
				return Value{}, err
			}
		case KindPrimOp:
			p := f.asPrimOp()
			if len(args) < p.Arity {
				app := newPrimOpApp(p, st.argument(args[0], env))
				for _, a := range args[1:] {
					app.args[app.n] = st.argument(a, env)
					app.n++
				}
				return app.value(), nil
			}
			var a [maxArity]Value
			for i := range p.Arity {
				if p.Strict&(1<<i) != 0 {
					if a[i], err = args[i].eval(st, env); err != nil {
						return Value{}, err.AddTrace(n.pos, "while calling the '%s' builtin", p.Name)
					}
				} else {
					a[i] = st.argument(args[i], env)
				}
			}
			if f, err = st.callPrimOp(p, &a, n.pos); err != nil {
				return Value{}, err
			}
			args = args[p.Arity:]
		default:
			if f, err = st.Call(f, n.pos, st.argument(args[0], env)); err != nil {
				return Value{}, err
			}
			args = args[1:]
		}
	}
	return f, nil
}
func (n *callNode) delay(*State, *Env) Value { panic("callNode is always wrapped") }
func (n *callNode) at() Pos                  { return n.pos }

// builtAtOnce is the largest number of elements of a set or list that is built
// without being asked for.
const builtAtOnce = 32

// argument delays the argument of a call that is being made now. Sets and lists
// are built at once: a callee nearly always looks at them, and building them
// cannot fail.
func (st *State) argument(n node, env *Env) Value {
	switch a := n.(type) {
	case *attrsNode:
		if (a.more == nil || a.more.dynamic == nil && a.more.overrides < 0) && len(a.exprs) <= builtAtOnce {
			v, _ := a.eval(st, env)
			return v
		}
	case *listNode:
		if len(a.elems) <= builtAtOnce {
			v, _ := a.eval(st, env)
			return v
		}
	}
	return n.delay(st, env)
}

// curryEnv makes the environment for applying a closure to n more arguments,
// which the caller puts into the slots after those of earlier ones.
func (st *State) curryEnv(c *Closure, n int) *Env {
	if c.have == 0 {
		return st.newEnv(int32(n), c.env)
	}
	// Others may apply the same closure: what it holds is copied.
	env := st.newEnv(c.have+int32(n), c.env.up)
	for i := range c.have {
		*env.slot(i) = *c.env.slot(i)
	}
	return env
}

// partial is a function that has got have of its arguments.
func (st *State) partial(fn *lambdaNode, env *Env, have int32) Value {
	v := st.newClosure(fn, env)
	v.asClosure().have = have
	return v
}

// callClosure applies a function to one argument.
func (st *State) callClosure(c *Closure, arg Value, pos Pos) (Value, *Error) {
	if c.fn.pattern {
		arg, err := st.Force(arg)
		if err != nil {
			return Value{}, st.patternFailed(c.fn, err, pos)
		}
		return st.callPattern(c, arg, pos)
	}
	env := st.curryEnv(c, 1)
	*env.slot(c.have) = arg
	if c.have+1 < c.fn.arity {
		return st.partial(c.fn, env, c.have+1), nil
	}
	return st.runBody(c.fn, env, pos)
}

// callPattern applies a function that takes its argument apart to a forced
// value.
func (st *State) callPattern(c *Closure, arg Value, pos Pos) (Value, *Error) {
	fn := c.fn
	if arg.Kind() != KindAttrs {
		return Value{}, st.patternFailed(fn, st.typeError(fn.at(), "a set", arg), pos)
	}
	env := st.newEnv(fn.slots, c.env)
	if err := st.bindFormals(fn, env, arg, pos); err != nil {
		return Value{}, err
	}
	return st.runBody(fn, env, pos)
}

func (st *State) patternFailed(fn *lambdaNode, err *Error, pos Pos) *Error {
	err.AddTrace(fn.at(), "while evaluating the value passed for the lambda argument")
	if pos != 0 {
		err.AddTrace(pos, "from call site")
	}
	return err
}

// runBody evaluates the body of a function that has all its arguments.
func (st *State) runBody(fn *lambdaNode, env *Env, pos Pos) (Value, *Error) {
	if err := st.enterCall(pos); err != nil {
		return Value{}, err
	}
	if st.profiler != nil {
		return st.profileBody(fn, env, pos)
	}
	v, err := fn.body.eval(st, env)
	st.depth--
	if err != nil {
		return Value{}, st.bodyFailed(fn, err, pos)
	}
	if fn.transient {
		st.reuseEnv(env, fn.slots)
	}
	return v, nil
}

func (st *State) bodyFailed(fn *lambdaNode, err *Error, pos Pos) *Error {
	err.AddTrace(fn.bodyPos(), "while calling %s", fn.describe(st))
	if pos != 0 {
		err.AddTrace(pos, "from call site")
	}
	return err
}

func (st *State) profileBody(fn *lambdaNode, env *Env, pos Pos) (Value, *Error) {
	st.profiler.enter(st, fn, nil, pos)
	v, err := fn.body.eval(st, env)
	st.profiler.leave()
	st.depth--
	if err != nil {
		return Value{}, st.bodyFailed(fn, err, pos)
	}
	return v, nil
}

// enterCall counts a call, and stops evaluation that is too deep or unwanted.
func (st *State) enterCall(pos Pos) *Error {
	st.Stats.Calls++
	if st.Stats.Calls&0x3ff == 0 {
		if err := st.poll(); err != nil {
			return err
		}
	}
	if st.depth >= st.opts.MaxCallDepth {
		return st.Errorf(ErrRecursion, pos, "stack overflow; max-call-depth exceeded")
	}
	st.depth++
	return nil
}

// bindFormals takes the argument set apart.
func (st *State) bindFormals(fn *lambdaNode, env *Env, arg Value, pos Pos) *Error {
	set := arg.AsAttrs()
	if fn.alias {
		*env.slot(0) = arg
	}
	used := 0
	if set.base == nil {
		keys, j := set.shape.keys(), 0
		// Few formals of a large set are looked up; otherwise both are walked.
		walk := len(keys) <= 4*len(fn.formals)+8
		for i := range fn.formals {
			f := &fn.formals[i]
			at := -1
			if walk {
				for j < len(keys) && keys[j] < f.sym {
					j++
				}
				if j < len(keys) && keys[j] == f.sym {
					at = j
				}
			} else {
				at = int(set.shape.find(f.sym))
			}
			s := env.slot(fn.first + int32(i))
			switch {
			case at >= 0:
				*s = peekSlot(&set.vals()[at])
				used++
			case f.def == nil:
				return st.missingArgument(fn, f, pos)
			default:
				*s = Value{unsafe.Pointer(f.def)}
			}
		}
	} else {
		for i := range fn.formals {
			f := &fn.formals[i]
			s := env.slot(fn.first + int32(i))
			if v := set.get(f.sym); v != nil {
				*s = peekSlot(v)
				used++
			} else if f.def == nil {
				return st.missingArgument(fn, f, pos)
			} else {
				*s = Value{unsafe.Pointer(f.def)}
			}
		}
	}
	if !fn.ellipsis && used != set.Len() {
		return st.unexpectedArgument(fn, set, pos)
	}
	return nil
}

func (st *State) missingArgument(fn *lambdaNode, f *formal, pos Pos) *Error {
	err := st.Errorf(ErrType, fn.at(), "function '%s' called without required argument '%s'", fn.title(st), st.ShowName(f.sym))
	if pos != 0 {
		err.AddTrace(pos, "from call site")
	}
	return err
}

func (st *State) unexpectedArgument(fn *lambdaNode, set *Attrs, pos Pos) *Error {
	names := make([]string, len(fn.formals))
	has := make(map[Sym]bool, len(fn.formals))
	for i := range fn.formals {
		names[i] = st.SymName(fn.formals[i].sym)
		has[fn.formals[i].sym] = true
	}
	for _, a := range st.Sorted(set) {
		if has[a.Sym] {
			continue
		}
		name := st.SymName(a.Sym)
		err := st.Errorf(ErrType, fn.at(), "function '%s' called with unexpected argument '%s'", fn.title(st), st.ShowName(a.Sym))
		err.Suggestions = suggest.Best(names, name)
		if pos != 0 {
			err.AddTrace(pos, "from call site")
		}
		return err
	}
	panic("unexpectedArgument: no argument is unexpected")
}

// Call applies a function to arguments, one after another. The arguments may be
// thunks.
func (st *State) Call(f Value, pos Pos, args ...Value) (Value, *Error) {
	f, err := st.Force(f)
	for i := 0; i < len(args) && err == nil; i++ {
		f, err = st.call1(f, args[i], pos)
	}
	return f, err
}

// Call1 is Call for one argument.
func (st *State) Call1(f, arg Value, pos Pos) (Value, *Error) {
	f, err := st.Force(f)
	if err != nil {
		return Value{}, err
	}
	return st.call1(f, arg, pos)
}

// Call2 is Call for two arguments.
func (st *State) Call2(f, arg1, arg2 Value, pos Pos) (Value, *Error) {
	f, err := st.Force(f)
	if err != nil {
		return Value{}, err
	}
	switch f.Kind() {
	case KindPrimOp:
		if f.asPrimOp().Arity == 2 {
			a := [maxArity]Value{arg1, arg2}
			return st.callPrimOp(f.asPrimOp(), &a, pos)
		}
	case KindLambda:
		if c := f.asClosure(); !c.fn.pattern && c.fn.arity-c.have == 2 {
			env := st.curryEnv(c, 2)
			*env.slot(c.have), *env.slot(c.have + 1) = arg1, arg2
			return st.runBody(c.fn, env, pos)
		}
	}
	if f, err = st.call1(f, arg1, pos); err != nil {
		return Value{}, err
	}
	return st.call1(f, arg2, pos)
}

// call1 applies a forced function to one argument.
func (st *State) call1(f, arg Value, pos Pos) (Value, *Error) {
	switch f.Kind() {
	case KindLambda:
		return st.callClosure(f.asClosure(), arg, pos)
	case KindPrimOp:
		p := f.asPrimOp()
		if p.Arity > 1 {
			return newPrimOpApp(p, arg).value(), nil
		}
		a := [maxArity]Value{arg}
		return st.callPrimOp(p, &a, pos)
	case KindPrimOpApp:
		app := f.asPrimOpApp()
		if app.n+1 < app.op.Arity {
			return app.with(arg).value(), nil
		}
		a := app.args
		a[app.n] = arg
		return st.callPrimOp(app.op, &a, pos)
	case KindAttrs:
		if functor := f.AsAttrs().get(st.wk.functor); functor != nil {
			if err := st.enterCall(pos); err != nil {
				return Value{}, err
			}
			fn, err := st.ForceSlot(functor)
			if err == nil {
				v, err2 := st.Call2(fn, f, arg, f.AsAttrs().GetAttr(st.wk.functor).Pos)
				st.depth--
				if err2 == nil {
					return v, nil
				}
				err = err2
			} else {
				st.depth--
			}
			return Value{}, err.AddTrace(pos, "while calling a functor (an attribute set with a '__functor' attribute)")
		}
	}
	return Value{}, st.Errorf(ErrType, pos, "attempt to call something which is not a function but %s: %s",
		st.showType(f), st.showForError(f))
}
