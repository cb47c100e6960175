package eval

import (
	"slices"
	"strings"
	"unsafe"
)

// Shape is the names of an attribute set and the positions where they were
// defined. Shapes are immutable and shared.
type Shape struct {
	key   *Sym // the first of n, ascending
	pos   *Pos // the first of n, parallel to the keys; nil when no position is known
	n     uint32
	fixed bool       // made by an expression of the program, so that there are only so many
	more  *shapeMore // made on demand
}

// shapeMore is what few shapes need, for the most part to be searched faster.
type shapeMore struct {
	order []int32       // indices of keys in the order of the names' bytes
	index map[Sym]int32 // for large shapes
	finds int           // number of searches in a large shape
	bare  *Shape        // the same keys without positions
}

// largeShape is the number of keys from which a shape gets a hash index.
const largeShape = 64

var emptyShape = &Shape{}

// newShape makes a shape of ascending keys and their positions, or nil. It keeps
// the slices.
func newShape(keys []Sym, pos []Pos) *Shape {
	return &Shape{key: unsafe.SliceData(keys), pos: unsafe.SliceData(pos), n: uint32(len(keys))}
}

func (s *Shape) keys() []Sym { return unsafe.Slice(s.key, s.n) }

func (s *Shape) extra() *shapeMore {
	if s.more == nil {
		s.more = new(shapeMore)
	}
	return s.more
}

// withoutPositions returns the shape of a set whose attributes no place in the
// program defines.
func (s *Shape) withoutPositions() *Shape {
	if s.pos == nil {
		return s
	}
	m := s.extra()
	if m.bare == nil {
		m.bare = newShape(s.keys(), nil)
		m.bare.fixed = s.fixed
	}
	return m.bare
}

// find returns the index of a key, or -1.
func (s *Shape) find(k Sym) int32 {
	keys := s.keys()
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
		f := s.extra()
		if f.index != nil {
			if i, ok := f.index[k]; ok {
				return i
			}
			return -1
		}
		if f.finds++; f.finds > n/4 {
			f.index = make(map[Sym]int32, n)
			for i, key := range keys {
				f.index[key] = int32(i)
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
	return unsafe.Slice(s.pos, s.n)[i]
}

// merge is how two shapes become one: the source of each value, as an index
// into the upper set, or the complement of one into the lower.
type merge struct {
	shape *Shape
	from  *int32 // the first of as many as shape has keys
}

func (m *merge) sources() []int32 { return unsafe.Slice(m.from, m.shape.n) }

// mergeAttrs merges two flat sets; upper wins. What is known about shapes of the
// program's own expressions is remembered, since the same ones meet often.
func (st *State) mergeAttrs(lower, upper *Attrs) (*Shape, []Value) {
	if !lower.shape.fixed || !upper.shape.fixed {
		st.mergeFrom = slices.Grow(st.mergeFrom[:0], int(lower.shape.n+upper.shape.n))
		m := mergeShapes(lower.shape, upper.shape, st.mergeFrom)
		vals := st.newValues(int(m.shape.n))
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
	vals := st.newValues(int(m.shape.n))
	m.fill(vals, lower, upper)
	return m.shape, vals
}

func (m *merge) fill(vals []Value, lower, upper *Attrs) {
	lv, uv := lower.vals(), upper.vals()
	for i, f := range m.sources() {
		if f >= 0 {
			vals[i] = uv[f]
		} else {
			vals[i] = lv[^f]
		}
	}
}

// mergeShapes merges two shapes. It uses the memory of from if that is enough.
func mergeShapes(lower, upper *Shape, from []int32) merge {
	lk, uk := lower.keys(), upper.keys()
	n := len(lk) + len(uk) - common(lk, uk)
	keys := make([]Sym, n)
	var pos []Pos
	if lower.pos != nil || upper.pos != nil {
		pos = make([]Pos, n)
	}
	from = slices.Grow(from, n)[:n]
	for i, j, o := 0, 0, 0; o < n; o++ {
		if j == len(uk) || i < len(lk) && lk[i] < uk[j] {
			keys[o], from[o] = lk[i], ^int32(i)
			if pos != nil {
				pos[o] = lower.posAt(int32(i))
			}
			i++
			continue
		}
		if i < len(lk) && lk[i] == uk[j] {
			i++
		}
		keys[o], from[o] = uk[j], int32(j)
		if pos != nil {
			pos[o] = upper.posAt(int32(j))
		}
		j++
	}
	return merge{newShape(keys, pos), unsafe.SliceData(from)}
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

// sorted gives the indices of the keys in the order of the names' bytes.
func (s *Shape) sorted(names []string) []int32 {
	f := s.extra()
	if f.order == nil {
		keys := s.keys()
		f.order = make([]int32, len(keys))
		for i := range f.order {
			f.order[i] = int32(i)
		}
		slices.SortFunc(f.order, func(i, j int32) int { return strings.Compare(names[keys[i]], names[keys[j]]) })
	}
	return f.order
}
