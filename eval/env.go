package eval

import "unsafe"

// Env is an environment: the head of a row of values, of which the first links
// to the enclosing environment and the others are the slots.
type Env struct{ up *Env }

const valueSize = unsafe.Sizeof(Value{})

func (e *Env) slot(i int32) *Value {
	return (*Value)(unsafe.Add(unsafe.Pointer(e), uintptr(i+1)*valueSize))
}

// slots gives the first n slots.
func (e *Env) slots(n int) []Value { return unsafe.Slice(e.slot(0), n) }

// thunk is an expression with its environment; later, its value.
//
// While the thunk waits, code says what to evaluate, and data is its *Env. When
// it is done, data is the value.
type thunk struct {
	header
	state thunkState
	code  codeID
	data  unsafe.Pointer
}

type thunkState uint8

const (
	thunkWaiting thunkState = iota
	thunkForcing            // being evaluated right now: meeting it again is an infinite recursion
	thunkDone
	thunkFailed // data is a *failure
)

func (t *thunk) value() Value { return Value{t.data} }

// Allocation is in slabs: most objects of an evaluation are small and live as
// long as their neighbours, and one allocation for many of them is several times
// cheaper. Slabs are kept small so that one survivor does not hold on to much.
//
// slabBytes fills a size class of Go's allocator, which puts a word before
// objects with pointers: anything else wastes up to a sixth of the heap.
const (
	slabBytes    = 16<<10 - 8
	slabValues   = slabBytes / int(unsafe.Sizeof(Value{}))
	slabThunks   = slabBytes / int(unsafe.Sizeof(thunk{}))
	slabClosures = slabBytes / int(unsafe.Sizeof(Closure{}))
	slabStrings  = slabBytes / int(unsafe.Sizeof(Str{}))
	slabLists    = slabBytes / int(unsafe.Sizeof(List{}))
	slabAttrs    = slabBytes / int(unsafe.Sizeof(Attrs{}))

	// ownRow is the number of values from which a row is an allocation of its own.
	ownRow = slabValues / 8
)

// reusableSlots is the number of slots from which environments are not used again.
const reusableSlots = 8

type slabs struct {
	poison   bool                // for tests: what would be used again is made unreadable instead
	used     [reusableSlots]*Env // by number of slots: environments nothing refers to, linked by up
	values   []Value
	thunks   []thunk
	closures []Closure
	strings  []Str
	lists    []List
	attrs    []Attrs
}

// newEnv makes an environment with n slots, all of which must be set before
// they are read.
func (st *State) newEnv(n int32, up *Env) *Env {
	if n < reusableSlots {
		if e := st.slabs.used[n]; e != nil {
			st.slabs.used[n] = e.up
			e.up = up
			return e
		}
	}
	row := st.newValues(int(n) + 1)
	e := (*Env)(unsafe.Pointer(unsafe.SliceData(row)))
	e.up = up
	return e
}

// reuseEnv gives back an environment with n slots to which nothing refers.
func (st *State) reuseEnv(e *Env, n int32) {
	if st.slabs.poison {
		clear(e.slots(int(n)))
		e.up = nil
		return
	}
	e.up = st.slabs.used[n]
	st.slabs.used[n] = e
}

// newValues returns a row of n zero values, to be filled by the caller.
func (st *State) newValues(n int) []Value {
	if n >= ownRow {
		return make([]Value, n)
	}
	s := st.slabs.values
	if len(s) < n {
		s = make([]Value, slabValues)
	}
	st.slabs.values = s[n:]
	return s[:n:n]
}

func (st *State) newThunk(c *code, env *Env) Value {
	if c.id == noCode {
		st.number(c)
	}
	t := st.allocThunk()
	t.code = c.id
	t.data = unsafe.Pointer(env)
	return Value{unsafe.Pointer(t)}
}

func (st *State) allocThunk() *thunk {
	s := st.slabs.thunks
	if len(s) == 0 {
		s = make([]thunk, slabThunks)
	}
	st.slabs.thunks = s[1:]
	t := &s[0]
	t.kind = KindThunk
	st.Stats.Thunks++
	return t
}

func (st *State) newClosure(fn *lambdaNode, env *Env) Value {
	s := st.slabs.closures
	if len(s) == 0 {
		s = make([]Closure, slabClosures)
	}
	st.slabs.closures = s[1:]
	c := &s[0]
	c.kind = KindLambda
	c.fn = fn
	c.env = env
	return Value{unsafe.Pointer(c)}
}

// NewString is StringWithContext, cheaper.
func (st *State) NewString(str string, ctx *Context) Value {
	s := st.slabs.strings
	if len(s) == 0 {
		s = make([]Str, slabStrings)
	}
	st.slabs.strings = s[1:]
	o := &s[0]
	o.set(str, ctx)
	return Value{unsafe.Pointer(o)}
}

// NewList is ListOf, cheaper.
func (st *State) NewList(elems []Value) Value {
	if len(elems) == 0 {
		return EmptyList
	}
	s := st.slabs.lists
	if len(s) == 0 {
		s = make([]List, slabLists)
	}
	st.slabs.lists = s[1:]
	o := &s[0]
	o.kind = KindList
	o.n = uint32(len(elems))
	o.data = unsafe.SliceData(elems)
	return Value{unsafe.Pointer(o)}
}

// NewElems returns a row for the elements of a list or set that is being built.
func (st *State) NewElems(n int) []Value { return st.newValues(n) }

func (st *State) newAttrs(shape *Shape, vals []Value) *Attrs {
	s := st.slabs.attrs
	if len(s) == 0 {
		s = make([]Attrs, slabAttrs)
	}
	st.slabs.attrs = s[1:]
	o := &s[0]
	o.kind = KindAttrs
	o.shape = shape
	o.data = unsafe.SliceData(vals)
	return o
}
