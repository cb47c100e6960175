package eval

import "unsafe"

// Force gives a value in weak head normal form.
func (st *State) Force(v Value) (Value, *Error) {
	if v.Kind() != KindThunk {
		return v, nil
	}
	return st.forceThunk(v.asThunk())
}

// ForceSlot forces the value in a slot, and leaves the result there.
func (st *State) ForceSlot(s *Value) (Value, *Error) {
	v := *s
	if v.Kind() != KindThunk {
		return v, nil
	}
	v, err := st.forceThunk(v.asThunk())
	if err != nil {
		return Value{}, err
	}
	*s = v
	return v, nil
}

// maxForceDepth bounds how deep thunks may wait for one another without a call
// between them, so that deep recursion is an error before memory runs out.
const maxForceDepth = 4_000_000

func (st *State) forceThunk(t *thunk) (Value, *Error) {
	switch t.state {
	case thunkDone:
		return t.value(), nil
	case thunkFailed:
		return Value{}, (*failure)(t.data).again()
	case thunkForcing:
		return Value{}, &Error{Kind: ErrRecursion, Msg: "infinite recursion encountered", cycleOf: t}
	}
	t.state = thunkForcing
	c := st.codes[t.code]
	if st.forceDepth++; st.forceDepth > maxForceDepth {
		st.forceDepth--
		t.state = thunkWaiting
		return Value{}, st.tooDeep(c)
	}
	v, err := c.n.eval(st, (*Env)(t.data))
	st.forceDepth--
	if err != nil {
		// After a tryEval somebody else may ask: what tryEval catches is
		// remembered, anything else happens again.
		t.state = thunkWaiting
		if err.caught() {
			t.fail(err)
		}
		st.leaveCycle(err, c, t, nil)
		return Value{}, err
	}
	t.state = thunkDone
	t.data = v.p
	return v, nil
}

// failure is an error that a thunk remembers, with the trace it had then: on its
// way to the tryEval, the error collects frames that are not the thunk's.
type failure struct {
	err   *Error
	trace int
}

func (f *failure) again() *Error {
	e := *f.err
	e.Trace = f.err.Trace[:f.trace:f.trace]
	return &e
}

// fail makes a thunk remember an error.
func (t *thunk) fail(err *Error) {
	t.state, t.data = thunkFailed, unsafe.Pointer(&failure{err, len(err.Trace)})
}

func (st *State) tooDeep(c *code) *Error {
	return st.Errorf(ErrRecursion, c.at(), "stack overflow; too many values wait for one another")
}

// leaveCycle notes, while the error of an infinite recursion leaves the evaluation
// of c, that it is part of the cycle; t or s is where the cycle begins and ends.
func (st *State) leaveCycle(err *Error, c *code, t *thunk, s *Value) {
	if err.cycleOf == nil && err.cycleSlot == nil {
		return
	}
	err.Cycle = append(err.Cycle, c.at())
	if err.cycleOf != nil && err.cycleOf == t || err.cycleSlot != nil && err.cycleSlot == s {
		err.cycleOf, err.cycleSlot = nil, nil
	}
}

// applyNode calls the function in slot 0 with the arguments in the slots after
// it: what builtins like map leave to be done later.
type applyNode struct{ args int32 }

var (
	apply1 = &code{header{kindCode}, codeApply1, &applyNode{1}}
	apply2 = &code{header{kindCode}, codeApply2, &applyNode{2}}
)

func (n *applyNode) eval(st *State, env *Env) (Value, *Error) {
	// No place in the program calls the function; Nix names that of the function.
	f := *env.slot(0)
	pos := st.FunctionPos(f)
	if n.args == 1 {
		return st.Call1(f, *env.slot(1), pos)
	}
	return st.Call2(f, *env.slot(1), *env.slot(2), pos)
}
func (n *applyNode) delay(*State, *Env) Value { panic("applyNode is always wrapped") }
func (n *applyNode) at() Pos                  { return 0 }

// Lazy1 returns a thunk for f applied to a.
func (st *State) Lazy1(f, a Value) Value {
	env := st.newEnv(2, nil)
	*env.slot(0), *env.slot(1) = f, a
	return st.newThunk(apply1, env)
}

// Lazy2 returns a thunk for f applied to a and b.
func (st *State) Lazy2(f, a, b Value) Value {
	env := st.newEnv(3, nil)
	*env.slot(0), *env.slot(1), *env.slot(2) = f, a, b
	return st.newThunk(apply2, env)
}

// goNode is a computation in Go that waits: goFunc, which has the place of the
// environment.
type goNode struct{}

type goFunc struct{ f func() (Value, *Error) }

var callGo = &code{header{kindCode}, codeGo, goNode{}}

func (goNode) eval(st *State, env *Env) (Value, *Error) {
	v, err := (*goFunc)(unsafe.Pointer(env)).f()
	if err != nil {
		return Value{}, err
	}
	return st.Force(v)
}
func (goNode) delay(*State, *Env) Value { panic("goNode is always wrapped") }
func (goNode) at() Pos                  { return 0 }

// Lazy returns a thunk for a computation in Go.
func (st *State) Lazy(f func() (Value, *Error)) Value {
	return st.newThunk(callGo, (*Env)(unsafe.Pointer(&goFunc{f})))
}

// ForceInt forces v to be an integer; doing names what it is needed for.
func (st *State) ForceInt(v Value, pos Pos, doing string) (int64, *Error) {
	v, err := st.Force(v)
	if err == nil && v.Kind() != KindInt {
		err = st.typeError(pos, "an integer", v)
	}
	if err != nil {
		return 0, err.AddTrace(pos, "%s", doing)
	}
	return v.AsInt(), nil
}

// ForceFloat forces v to be a number.
func (st *State) ForceFloat(v Value, pos Pos, doing string) (float64, *Error) {
	v, err := st.Force(v)
	if err == nil {
		switch v.Kind() {
		case KindInt:
			return float64(v.AsInt()), nil
		case KindFloat:
			return v.AsFloat(), nil
		}
		err = st.typeError(pos, "a float", v)
	}
	return 0, err.AddTrace(pos, "%s", doing)
}

// ForceBool forces v to be a boolean.
func (st *State) ForceBool(v Value, pos Pos, doing string) (bool, *Error) {
	v, err := st.Force(v)
	if err == nil && v.Kind() != KindBool {
		err = st.typeError(pos, "a Boolean", v)
	}
	if err != nil {
		return false, err.AddTrace(pos, "%s", doing)
	}
	return v.AsBool(), nil
}

// ForceList forces v to be a list and returns its elements.
func (st *State) ForceList(v Value, pos Pos, doing string) ([]Value, *Error) {
	v, err := st.Force(v)
	if err == nil && v.Kind() != KindList {
		err = st.typeError(pos, "a list", v)
	}
	if err != nil {
		return nil, err.AddTrace(pos, "%s", doing)
	}
	return v.AsList(), nil
}

// ForceAttrs forces v to be an attribute set.
func (st *State) ForceAttrs(v Value, pos Pos, doing string) (*Attrs, *Error) {
	v, err := st.Force(v)
	if err == nil && v.Kind() != KindAttrs {
		err = st.typeError(pos, "a set", v)
	}
	if err != nil {
		return nil, err.AddTrace(pos, "%s", doing)
	}
	return v.AsAttrs(), nil
}

// ForceString forces v to be a string.
func (st *State) ForceString(v Value, pos Pos, doing string) (string, *Context, *Error) {
	v, err := st.Force(v)
	if err == nil && v.Kind() != KindString {
		err = st.typeError(pos, "a string", v)
	}
	if err != nil {
		return "", nil, err.AddTrace(pos, "%s", doing)
	}
	return v.AsString(), v.Context(), nil
}

// ForceStringNoContext forces v to be a string that refers to no store path.
func (st *State) ForceStringNoContext(v Value, pos Pos, doing string) (string, *Error) {
	s, ctx, err := st.ForceString(v, pos, doing)
	if err != nil {
		return "", err
	}
	if ctx != nil {
		return "", st.Errorf(ErrEval, pos, "the string '%s' is not allowed to refer to a store path (such as '%s')",
			s, ctx.Elems()[0].showFor(st)).AddTrace(pos, "%s", doing)
	}
	return s, nil
}

// showFor names the element as error messages do.
func (e *ContextElem) showFor(st *State) string {
	return e.String()
}

// ForceFunction forces v to be something that can be called.
func (st *State) ForceFunction(v Value, pos Pos, doing string) (Value, *Error) {
	v, err := st.Force(v)
	if err == nil && !v.IsFunction() && !(v.Kind() == KindAttrs && v.AsAttrs().get(st.wk.functor) != nil) {
		err = st.typeError(pos, "a function", v)
	}
	if err != nil {
		return Value{}, err.AddTrace(pos, "%s", doing)
	}
	return v, nil
}

// ForceDeep forces v and all it contains.
func (st *State) ForceDeep(v Value) (Value, *Error) {
	return st.forceDeep(v, make(map[Value]bool))
}

func (st *State) forceDeep(v Value, seen map[Value]bool) (Value, *Error) {
	v, err := st.Force(v)
	if err != nil {
		return Value{}, err
	}
	if v.Kind() != KindAttrs && v.Kind() != KindList || seen[v] {
		return v, nil
	}
	seen[v] = true
	if err := st.enterCall(0); err != nil {
		return Value{}, err
	}
	defer func() { st.depth-- }()
	if v.Kind() == KindAttrs {
		for _, a := range st.Sorted(v.AsAttrs()) {
			w, err := st.forceDeep(*a.Value, seen)
			if err != nil {
				return Value{}, err.AddTrace(a.Pos, "while evaluating the attribute '%s'", st.ShowName(a.Sym))
			}
			*a.Value = w
		}
		return v, nil
	}
	elems := v.AsList()
	for i := range elems {
		w, err := st.forceDeep(elems[i], seen)
		if err != nil {
			return Value{}, err.AddTrace(0, "while evaluating list element at index %d", i)
		}
		elems[i] = w
	}
	return v, nil
}
