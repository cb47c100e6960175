package eval

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"
)

// Shape is the names of an attribute set and the positions where they were
// defined. Shapes are immutable and shared.
type Shape struct {
	keys  []Sym         // ascending
	pos   []Pos         // parallel to keys; nil when no position is known
	fixed bool          // made by an expression of the program, so that there are only so many
	order []int32       // indices into keys in the order of the names' bytes, made on demand
	index map[Sym]int32 // for large shapes, made on demand
	finds int           // number of searches in a large shape
	bare  *Shape        // the same keys without positions, made on demand
}

// withoutPositions returns the shape of a set whose attributes no place in the
// program defines.
func (s *Shape) withoutPositions() *Shape {
	if s.pos == nil {
		return s
	}
	if s.bare == nil {
		s.bare = &Shape{keys: s.keys, fixed: s.fixed}
	}
	return s.bare
}

// Attrs is an attribute set: a shape and its values, possibly laid over another
// set, whose attributes it hides.
type Attrs struct {
	header
	deep  int32 // number of searches that had to look below this layer
	shape *Shape
	data  *Value // the first of as many values as shape has keys
	base  *Attrs
}

const (
	// layerRatio is how many times larger the left side of // must be for the
	// right side to become a layer over it.
	layerRatio = 4
	// largeShape is the number of keys from which a shape gets a hash index.
	largeShape = 64
)

var emptyShape = &Shape{}

// vals are the values of this layer, in the order of the shape's keys.
func (a *Attrs) vals() []Value { return unsafe.Slice(a.data, len(a.shape.keys)) }

// EmptyAttrs is the set without attributes.
var emptyAttrsObj = Attrs{header: header{KindAttrs}, shape: emptyShape}

// find returns the index of a key, or -1.
func (s *Shape) find(k Sym) int32 {
	keys := s.keys
	n := len(keys)
	if n <= 8 {
		for i, key := range keys {
			if key == k {
				return int32(i)
			}
		}
		return -1
	}
	if n >= largeShape {
		if s.index != nil {
			if i, ok := s.index[k]; ok {
				return i
			}
			return -1
		}
		if s.finds++; s.finds > n/4 {
			s.index = make(map[Sym]int32, n)
			for i, key := range keys {
				s.index[key] = int32(i)
			}
		}
	}
	lo, hi := 0, n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if keys[mid] < k {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < n && keys[lo] == k {
		return int32(lo)
	}
	return -1
}

func (s *Shape) posAt(i int32) Pos {
	if s.pos == nil {
		return 0
	}
	return s.pos[i]
}

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
	vals := make([]Value, len(m.from))
	m.fill(vals, a.base, a)
	a.shape, a.data, a.base, a.deep = m.shape, unsafe.SliceData(vals), nil, 0
}

// Len returns the number of attributes.
func (a *Attrs) Len() int {
	a.flatten()
	return len(a.vals())
}

// merge is how two shapes become one: the source of each value, as an index
// into the upper set, or the complement of one into the lower.
type merge struct {
	shape *Shape
	from  []int32
}

// mergeAttrs merges two flat sets; upper wins. What is known about shapes of the
// program's own expressions is remembered, since the same ones meet often.
func (st *State) mergeAttrs(lower, upper *Attrs) (*Shape, []Value) {
	if !lower.shape.fixed || !upper.shape.fixed {
		m := mergeShapes(lower.shape, upper.shape, st.mergeFrom[:0])
		st.mergeFrom = m.from
		vals := st.newValues(len(m.from))
		m.fill(vals, lower, upper)
		return m.shape, vals
	}
	pair := [2]*Shape{lower.shape, upper.shape}
	m, ok := st.merges[pair]
	if !ok {
		m = mergeShapes(lower.shape, upper.shape, nil)
		m.shape.fixed = true
		st.merges[pair] = m
	}
	vals := st.newValues(len(m.from))
	m.fill(vals, lower, upper)
	return m.shape, vals
}

func (m *merge) fill(vals []Value, lower, upper *Attrs) {
	lv, uv := lower.vals(), upper.vals()
	for i, f := range m.from {
		if f >= 0 {
			vals[i] = uv[f]
		} else {
			vals[i] = lv[^f]
		}
	}
}

// mergeShapes merges two shapes. It uses the memory of from if that is enough.
func mergeShapes(lower, upper *Shape, from []int32) merge {
	lk, uk := lower.keys, upper.keys
	n := len(lk) + len(uk) - common(lk, uk)
	keys, pos := make([]Sym, n), make([]Pos, n)
	from = slices.Grow(from, n)[:n]
	for i, j, o := 0, 0, 0; o < n; o++ {
		if j == len(uk) || i < len(lk) && lk[i] < uk[j] {
			keys[o], pos[o], from[o] = lk[i], lower.posAt(int32(i)), ^int32(i)
			i++
			continue
		}
		if i < len(lk) && lk[i] == uk[j] {
			i++
		}
		keys[o], pos[o], from[o] = uk[j], upper.posAt(int32(j)), int32(j)
		j++
	}
	return merge{&Shape{keys: keys, pos: pos}, from}
}

// common counts the keys that two ascending rows share.
func common(a, b []Sym) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			i, j, n = i+1, j+1, n+1
		}
	}
	return n
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
	for lower.base != nil && len(lower.shape.keys) <= 2*len(upper.shape.keys) {
		top := Attrs{shape: lower.shape, data: lower.data}
		shape, vals := st.mergeAttrs(&top, upper)
		upper = st.newAttrs(shape, vals)
		lower = lower.base
	}
	ln, un := len(lower.shape.keys), len(upper.shape.keys)
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
	if s.order == nil {
		order := make([]int32, len(s.keys))
		for i := range order {
			order[i] = int32(i)
		}
		slices.SortFunc(order, func(i, j int32) int {
			return strings.Compare(st.syms.names[s.keys[i]], st.syms.names[s.keys[j]])
		})
		s.order = order
	}
	out := make([]Attr, len(s.keys))
	for i, k := range s.order {
		out[i] = Attr{s.keys[k], s.posAt(k), &a.vals()[k]}
	}
	return out
}

// All returns the attributes in no meaningful order (that of their symbols).
func (a *Attrs) All() []Attr {
	a.flatten()
	out := make([]Attr, len(a.vals()))
	for i, k := range a.shape.keys {
		out[i] = Attr{k, a.shape.posAt(int32(i)), &a.vals()[i]}
	}
	return out
}

// WithValues returns a set with the same names and other values, vals[i] for
// All()[i]. As in Nix its attributes have no positions.
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
	return b.st.newAttrs(&Shape{keys: b.keys, pos: b.pos}, b.vals)
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
