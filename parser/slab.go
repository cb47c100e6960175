package parser

import (
	"unsafe"

	"gonix.dev/gonix/parser/ast"
)

// slab hands out pointers into chunks, which saves an allocation for each node.
// A tree is kept or dropped as a whole, so nothing is lost by that.
type slab[T any] struct {
	free     []T
	given    int // elements in all chunks so far
	left     int // how many more are expected
	expected bool
	// In an Arena: every chunk, and how many of them this file has used.
	arena  bool
	chunks [][]T
	used   int
	held   int // elements in all chunks
}

const largeChunk = 512

func (s *slab[T]) new() *T {
	if len(s.free) == 0 {
		s.grow(1)
	}
	t := &s.free[0]
	s.free = s.free[1:]
	return t
}

// copy returns a slice of its own with the elements of list, nil for none.
func (s *slab[T]) copy(list []T) []T {
	t := s.list(len(list))
	copy(t, list)
	return t
}

// list returns a slice of n zero elements, nil for none.
func (s *slab[T]) list(n int) []T {
	if n == 0 {
		return nil
	}
	if len(s.free) < n {
		s.grow(n)
	}
	t := s.free[:n:n]
	s.free = s.free[n:]
	return t
}

func (s *slab[T]) grow(n int) {
	for s.used < len(s.chunks) {
		c := s.chunks[s.used]
		s.used++
		if len(c) >= n {
			s.free = c
			return
		}
	}
	size := s.given
	switch {
	case s.left > 0:
		size = s.left
	case s.expected: // that should nearly do
		size = s.given / 8
	}
	size = min(max(size, 6), largeChunk)
	s.left -= size
	s.given += size
	if s.arena {
		size = max(size, min(s.held, largeChunk)) // for the files to come
	}
	s.free = make([]T, max(size, n))
	if s.arena {
		s.held += len(s.free)
		s.chunks = append(s.chunks, s.free)
		s.used = len(s.chunks)
	}
}

// reset makes all chunks free again, and what was used of them zero.
func (s *slab[T]) reset() {
	for i, c := range s.chunks[:s.used] {
		if i == s.used-1 {
			c = c[:len(c)-len(s.free)]
		}
		clear(c)
	}
	s.free, s.used, s.arena = nil, 0, true
}

// expect prepares for a text of which every so many bytes need one node.
func (s *slab[T]) expect(length, each int) {
	s.given, s.left, s.expected = 0, length/each+1, true
}

// nodes holds the slabs of the node types that are frequent.
type nodes struct {
	ident     slab[ast.Ident]
	int       slab[ast.Int]
	str       slab[ast.String]
	ind       slab[ast.IndString]
	path      slab[ast.Path]
	paren     slab[ast.Paren]
	list      slab[ast.List]
	set       slab[ast.AttrSet]
	lambda    slab[ast.Lambda]
	apply     slab[ast.Apply]
	sel       slab[ast.Select]
	binary    slab[ast.Binary]
	attr      slab[ast.Attr]
	inherit   slab[ast.Inherit]
	attrName  slab[ast.AttrName]
	formal    slab[ast.Formal]
	formalSet slab[ast.Formals]
	let       slab[ast.Let]
	with      slab[ast.With]
	ifElse    slab[ast.If]
	assert    slab[ast.Assert]

	exprs    slab[ast.Expr]
	parts    slab[ast.Part]
	names    slab[*ast.AttrName]
	bindings slab[ast.Binding]
	formals  slab[*ast.Formal]
}

// expect sizes the slabs for a text. The numbers are averages over nixpkgs, in
// bytes.
func (n *nodes) expect(length int) {
	n.ident.expect(length, 62)
	n.int.expect(length, 3600)
	n.str.expect(length, 110)
	n.ind.expect(length, 1600)
	n.path.expect(length, 2000)
	n.paren.expect(length, 1300)
	n.list.expect(length, 460)
	n.set.expect(length, 240)
	n.lambda.expect(length, 1400)
	n.apply.expect(length, 220)
	n.sel.expect(length, 260)
	n.binary.expect(length, 1600)
	n.attr.expect(length, 64)
	n.inherit.expect(length, 4300)
	n.attrName.expect(length, 46)
	n.formal.expect(length, 340)
	n.formalSet.expect(length, 2300)
	n.let.expect(length, 7900)
	n.with.expect(length, 1700)
	n.ifElse.expect(length, 9700)
	n.assert.expect(length, 39000)
	n.exprs.expect(length, 160)
	n.parts.expect(length, 81)
	n.names.expect(length, 46)
	n.bindings.expect(length, 63)
	n.formals.expect(length, 340)
}

// textSlab holds the texts that differ from the source: those with escapes or
// indentation.
type textSlab struct {
	buf   []byte
	large bool // more files will follow
	small bool // little text will follow, and each chunk may be kept for long
}

const (
	textChunk      = 16 << 10
	smallTextChunk = 512
)

// reserve makes room for n more bytes; left is an upper bound of what this file
// may still need.
func (t *textSlab) reserve(n, left int) {
	if cap(t.buf)-len(t.buf) < n {
		switch {
		case t.large:
			left = textChunk
		case t.small:
			left = min(left, smallTextChunk)
		}
		t.buf = make([]byte, 0, max(n, min(left, textChunk)))
	}
}

// copy returns a copy of a text. It is not inlined so that what seldom calls it can be.
//
//go:noinline
func (t *textSlab) copy(text string) string {
	t.reserve(len(text), smallTextChunk)
	mark := len(t.buf)
	t.buf = append(t.buf, text...)
	return t.since(mark)
}

// since returns what was appended after mark as a string. The bytes are never
// written again.
func (t *textSlab) since(mark int) string {
	if len(t.buf) == mark {
		return ""
	}
	return unsafe.String(&t.buf[mark], len(t.buf)-mark)
}
