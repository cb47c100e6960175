package eval

import "unsafe"

// A slot of an environment holds a value, a thunk, or, before anybody has looked
// at it, the code of an expression that belongs to the same environment: a let
// binding, or the default of a formal. Code takes no memory for each environment.
// Who reads such a slot evaluates the code on the spot; only who passes it on
// unevaluated makes a thunk of it.

// forcingSlot stands in a slot while its code is being evaluated. If somebody
// passes the slot on meanwhile, a thunk takes its place, which gets the value in
// the end.
var forcingSlot = Value{unsafe.Pointer(&thunk{header: header{KindThunk}, state: thunkForcing})}

// readSlot gives the value of a slot of env in weak head normal form.
func (st *State) readSlot(env *Env, s *Value, pos Pos) (Value, *Error) {
	v := *s
	k := v.Kind()
	if k > kindCode {
		return v, nil
	}
	if k == kindCode {
		return st.forceCode(env, s, (*code)(v.p))
	}
	if v == forcingSlot {
		return Value{}, &Error{Kind: ErrRecursion, Pos: pos, Msg: "infinite recursion encountered", cycleSlot: s}
	}
	return st.readValue(s, pos)
}

// readValue is readSlot for a value of a set, which is never code.
func (st *State) readValue(s *Value, pos Pos) (Value, *Error) {
	v := *s
	if v.Kind() != KindThunk {
		return v, nil
	}
	t := v.asThunk()
	if t.state == thunkDone {
		v = t.value()
		*s = v
		return v, nil
	}
	v, err := st.forceThunk(t)
	if err != nil {
		if err.Kind == ErrRecursion && err.Pos == 0 {
			err.Pos = pos
		}
		return Value{}, err
	}
	*s = v
	return v, nil
}

// forceCode evaluates the code in a slot of env, and leaves the value there.
func (st *State) forceCode(env *Env, s *Value, c *code) (Value, *Error) {
	*s = forcingSlot
	if st.forceDepth++; st.forceDepth > maxForceDepth {
		st.forceDepth--
		*s = Value{unsafe.Pointer(c)}
		return Value{}, st.tooDeep(c)
	}
	v, err := c.n.eval(st, env)
	st.forceDepth--
	if *s == forcingSlot {
		if err == nil {
			*s = v
			return v, nil
		}
		// What tryEval catches is remembered, in a thunk.
		*s = Value{unsafe.Pointer(c)}
		if err.caught() {
			*s = st.newThunk(c, env)
			s.asThunk().fail(err)
		}
		st.leaveCycle(err, c, nil, s)
		return Value{}, err
	}
	// Somebody has the slot as a thunk.
	t := s.asThunk()
	if err != nil {
		t.state, t.code, t.data = thunkWaiting, st.number(c), unsafe.Pointer(env)
		if err.caught() {
			t.fail(err)
		}
		st.leaveCycle(err, c, t, s)
		return Value{}, err
	}
	t.state, t.data = thunkDone, v.p
	*s = v
	return v, nil
}

// delaySlot gives the value of a slot of env, possibly a thunk.
func (st *State) delaySlot(env *Env, s *Value) Value {
	v := *s
	k := v.Kind()
	if k > kindCode {
		return v
	}
	if k == KindThunk && v != forcingSlot {
		return peekSlot(s)
	}
	if k == kindCode {
		c := (*code)(v.p)
		if fn, ok := c.n.(*lambdaNode); ok {
			v = st.newClosure(fn, env)
		} else {
			v = st.newThunk(c, env)
		}
	} else {
		t := st.allocThunk()
		t.state = thunkForcing
		v = Value{unsafe.Pointer(t)}
	}
	*s = v
	return v
}

// peekSlot gives a value, forced if that has been done already.
func peekSlot(s *Value) Value {
	v := *s
	if v.Kind() == KindThunk {
		if t := v.asThunk(); t.state == thunkDone {
			v = t.value()
			*s = v
		}
	}
	return v
}
