package eval

import "unsafe"

// maxArity is the largest number of arguments a builtin takes.
const maxArity = 3

// PrimOp is a builtin function. Exactly one of F1, F2, F3 is set, as Arity says.
//
// Arguments may be thunks, except those that Strict marks.
type PrimOp struct {
	header
	Name   string // without the leading underscores that keep it out of the global scope
	Arity  int
	Strict uint8 // bit i: argument i is forced before the call; only for those the builtin would force first
	F1     func(st *State, pos Pos, a Value) (Value, *Error)
	F2     func(st *State, pos Pos, a, b Value) (Value, *Error)
	F3     func(st *State, pos Pos, a, b, c Value) (Value, *Error)
	// NoTrace leaves "while calling the ... builtin" out of traces.
	NoTrace bool
	// Internal says that the name is only for the builtins' own use.
	Internal bool
}

func (p *PrimOp) value() Value {
	p.kind = KindPrimOp
	return Value{unsafe.Pointer(p)}
}

// primOpApp is a builtin that still misses arguments.
type primOpApp struct {
	header
	n    int
	op   *PrimOp
	args [maxArity]Value
}

func newPrimOpApp(p *PrimOp, first Value) *primOpApp {
	a := &primOpApp{header: header{KindPrimOpApp}, n: 1, op: p}
	a.args[0] = first
	return a
}

// with returns an application to one argument more.
func (a *primOpApp) with(v Value) *primOpApp {
	b := *a
	b.args[b.n] = v
	b.n++
	return &b
}

func (a *primOpApp) value() Value { return Value{unsafe.Pointer(a)} }

func (st *State) callPrimOp(p *PrimOp, a *[maxArity]Value, pos Pos) (Value, *Error) {
	st.Stats.PrimOpCalls++
	for i := range p.Arity {
		if p.Strict&(1<<i) != 0 && a[i].Kind() == KindThunk {
			v, err := st.forceThunk(a[i].asThunk())
			if err != nil {
				return Value{}, st.primOpFailed(p, err, pos)
			}
			a[i] = v
		}
	}
	if st.profiler != nil {
		st.profiler.enter(st, nil, p, pos)
		defer st.profiler.leave()
	}
	var v Value
	var err *Error
	switch p.Arity {
	case 1:
		v, err = p.F1(st, pos, a[0])
	case 2:
		v, err = p.F2(st, pos, a[0], a[1])
	default:
		v, err = p.F3(st, pos, a[0], a[1], a[2])
	}
	if err != nil {
		return Value{}, st.primOpFailed(p, err, pos)
	}
	return v, nil
}

func (st *State) primOpFailed(p *PrimOp, err *Error, pos Pos) *Error {
	if p.NoTrace {
		return err
	}
	return err.AddTrace(pos, "while calling the '%s' builtin", p.Name)
}
