package eval

import (
	"cmp"
	"iter"
	"slices"
	"unsafe"
)

// Attrs is an attribute set: a shape and its values, possibly laid over another
// set, whose attributes it hides.
type Attrs struct {
	header
	deep  int32 // number of searches that had to look below this layer
	shape *Shape
	data  *Value // the first of as many values as shape has keys
	base  *Attrs
}

// layerRatio is how many times larger the left side of // must be for the right
// side to become a layer over it.
const layerRatio = 4

// vals are the values of this layer, in the order of the shape's keys.
func (a *Attrs) vals() []Value { return unsafe.Slice(a.data, a.shape.n) }

// EmptyAttrs is the set without attributes.
var emptyAttrsObj = Attrs{header: header{KindAttrs}, shape: emptyShape}

// get returns the slot of an attribute, nil if there is none.
func (a *Attrs) get(k Sym) *Value {
	if i := a.shape.find(k); i >= 0 {
		return &a.vals()[i]
	}
	if a.base == nil {
		return nil
	}
	return a.getBelow(k)
}

func (a *Attrs) getBelow(k Sym) *Value {
	// A set that is searched as often as it is long is better off flat.
	if a.deep++; int(a.deep) > 64 && int(a.deep) > a.base.upperLen() {
		a.flatten()
		return a.get(k)
	}
	for l := a.base; l != nil; l = l.base {
		if i := l.shape.find(k); i >= 0 {
			return &l.vals()[i]
		}
	}
	return nil
}

// upperLen is at least the number of attributes.
func (a *Attrs) upperLen() int {
	n := 0
	for l := a; l != nil; l = l.base {
		n += len(l.vals())
	}
	return n
}

// getPos returns the slot of an attribute and where it was defined.
func (a *Attrs) getPos(k Sym) (*Value, Pos) {
	for l := a; l != nil; l = l.base {
		if i := l.shape.find(k); i >= 0 {
			return &l.vals()[i], l.shape.posAt(i)
		}
	}
	return nil, 0
}

// flatten makes a a single layer, in place.
func (st *State) flatten(a *Attrs) {
	if a.base == nil {
		return
	}
	st.flatten(a.base)
	shape, vals := st.mergeAttrs(a.base, a)
	a.shape, a.data, a.base, a.deep = shape, unsafe.SliceData(vals), nil, 0
}

// flatten is State.flatten where there is no State.
func (a *Attrs) flatten() {
	if a.base == nil {
		return
	}
	a.base.flatten()
	m := mergeShapes(a.base.shape, a.shape, nil)
	vals := make([]Value, m.shape.n)
	m.fill(vals, a.base, a)
	a.shape, a.data, a.base, a.deep = m.shape, unsafe.SliceData(vals), nil, 0
}

// Len returns the number of attributes.
func (a *Attrs) Len() int {
	a.flatten()
	return len(a.vals())
}

// update is the operator //.
func (st *State) update(lower, upper *Attrs) *Attrs {
	if len(upper.vals()) == 0 && upper.base == nil {
		return lower
	}
	if len(lower.vals()) == 0 && lower.base == nil {
		return upper
	}
	st.flatten(upper)
	// Layers get smaller upwards, so that however many updates follow one another
	// there are few layers, and each value is copied few times.
	for lower.base != nil && lower.shape.n <= 2*upper.shape.n {
		top := Attrs{shape: lower.shape, data: lower.data}
		shape, vals := st.mergeAttrs(&top, upper)
		upper = st.newAttrs(shape, vals)
		lower = lower.base
	}
	ln, un := lower.shape.n, upper.shape.n
	if ln >= 8 && ln >= layerRatio*un {
		a := st.newAttrs(upper.shape, upper.vals())
		a.base = lower
		return a
	}
	st.flatten(lower)
	shape, vals := st.mergeAttrs(lower, upper)
	return st.newAttrs(shape, vals)
}

// Attr is one attribute of a set.
type Attr struct {
	Sym   Sym
	Pos   Pos
	Value *Value // the slot, so that forcing it can be remembered
}

// Get returns the slot of an attribute by name, nil if there is none.
func (st *State) Get(a *Attrs, name string) *Value {
	k, ok := st.lookupSym(name)
	if !ok {
		return nil
	}
	return a.get(k)
}

// GetSym returns the slot of an attribute, nil if there is none.
func (a *Attrs) GetSym(k Sym) *Value { return a.get(k) }

// GetAttr returns an attribute with its position; its Value is nil if there is
// none.
func (a *Attrs) GetAttr(k Sym) Attr {
	v, pos := a.getPos(k)
	return Attr{k, pos, v}
}

// Sorted returns the attributes in the order of their names' bytes, which is the
// order that everything visible uses.
func (st *State) Sorted(a *Attrs) []Attr {
	st.flatten(a)
	s := a.shape
	keys := s.keys()
	out := make([]Attr, len(keys))
	for i, k := range s.sorted(st.syms.names) {
		out[i] = Attr{keys[k], s.posAt(k), &a.vals()[k]}
	}
	return out
}

// All goes over the attributes in no meaningful order (that of their symbols), with
// the index of each.
func (a *Attrs) All() iter.Seq2[int, Attr] {
	return func(yield func(int, Attr) bool) {
		a.flatten()
		shape, vals := a.shape, a.vals()
		for i, k := range shape.keys() {
			if !yield(i, Attr{k, shape.posAt(int32(i)), &vals[i]}) {
				return
			}
		}
	}
}

// WithValues returns a set with the same names and other values, vals[i] for
// attribute i of All. As in Nix its attributes have no positions.
func (st *State) WithValues(a *Attrs, vals []Value) Value {
	st.flatten(a)
	return AttrsValue(st.newAttrs(a.shape.withoutPositions(), vals))
}

// AttrsBuilder collects attributes for a new set. The zero value is not usable:
// use [State.NewAttrs].
type AttrsBuilder struct {
	st   *State
	keys []Sym
	pos  []Pos
	vals []Value
}

// NewAttrs begins a set of about n attributes.
func (st *State) NewAttrs(n int) *AttrsBuilder {
	return &AttrsBuilder{st: st, keys: make([]Sym, 0, n), pos: make([]Pos, 0, n), vals: make([]Value, 0, n)}
}

// Set adds an attribute.
func (b *AttrsBuilder) Set(name string, v Value) *AttrsBuilder {
	return b.Add(b.st.Sym(name), 0, v)
}

// Add adds an attribute with its position.
func (b *AttrsBuilder) Add(k Sym, pos Pos, v Value) *AttrsBuilder {
	b.keys = append(b.keys, k)
	b.pos = append(b.pos, pos)
	b.vals = append(b.vals, v)
	return b
}

// Has reports whether an attribute has been added; it looks at all of them.
func (b *AttrsBuilder) Has(k Sym) bool { return slices.Contains(b.keys, k) }

// Build returns the set. Of attributes added twice the first stays.
func (b *AttrsBuilder) Build() *Attrs {
	if len(b.keys) == 0 {
		return &emptyAttrsObj
	}
	if !slices.IsSortedFunc(b.keys, func(x, y Sym) int { return cmp.Compare(x, y) }) || hasRepeats(b.keys) {
		b.sort()
	}
	return b.st.newAttrs(newShape(b.keys, b.pos), b.vals)
}

// Value returns the set as a value.
func (b *AttrsBuilder) Value() Value { return AttrsValue(b.Build()) }

func hasRepeats(sorted []Sym) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return true
		}
	}
	return false
}

func (b *AttrsBuilder) sort() {
	perm := make([]int32, len(b.keys))
	for i := range perm {
		perm[i] = int32(i)
	}
	// Stable, so that the first of equal names comes first.
	slices.SortStableFunc(perm, func(i, j int32) int { return cmp.Compare(b.keys[i], b.keys[j]) })
	keys := make([]Sym, 0, len(perm))
	pos := make([]Pos, 0, len(perm))
	vals := make([]Value, 0, len(perm))
	for _, i := range perm {
		if n := len(keys); n > 0 && keys[n-1] == b.keys[i] {
			continue
		}
		keys, pos, vals = append(keys, b.keys[i]), append(pos, b.pos[i]), append(vals, b.vals[i])
	}
	b.keys, b.pos, b.vals = keys, pos, vals
}
