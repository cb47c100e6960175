package resolve

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// Merging. The syntax tree has bindings as they were written; Nix makes one set
// of
//
//	{ a.b = 1; a.c = 2; a = { d = 3; }; }
//
// namely { a = { b = 1; c = 2; d = 3; }; }. The rules are those of its parser
// (ParserState::addAttr), applied binding by binding:
//
//   - A path a.b.c makes the sets a and a.b unless they are there already. They
//     may be there as { } literals, also parenthesised or rec, but not as any
//     other expression nor through inherit.
//   - A literal { } for a name that is such a set is merged into it, attribute
//     by attribute. Whether the result is recursive says the set that was first: a
//     rec of the later one is lost.
//   - Anything else that defines a name again is an error.
//   - Dynamic names are never merged with anything and keep their order.
//
// So that sets without such things cost next to nothing, a literal { } is left
// alone as the Plain value that it is until something must be merged into it.

// Kind says how an attribute is defined.
type Kind uint8

const (
	// Plain is name = Expr.
	Plain Kind = iota
	// Inherit is inherit name: the variable of that name in the scope around
	// the set.
	Inherit
	// InheritFrom is inherit (From[Attr.From]) name.
	InheritFrom
	// Nested is a set made or extended by attribute paths.
	Nested
)

// Attr is one attribute of a merged set.
type Attr struct {
	Name string
	// Pos is where Nix says that the attribute is defined: at the start of the
	// whole attribute path, or at the name in an inherit.
	Pos  ast.Pos
	Kind Kind
	From int32    // for InheritFrom
	Expr ast.Expr // for Plain
	Set  *Merged  // for Nested
	At   *ast.AttrName
}

// DynamicAttr is an attribute whose name must be evaluated.
type DynamicAttr struct {
	Name ast.Expr
	Pos  ast.Pos
	Expr ast.Expr // the value, unless Set has it
	Set  *Merged  // a set made by the rest of the attribute path
}

// Merged is a set, or the definitions of a let, with one entry for each name.
type Merged struct {
	// Attrs are in the order of their first definition.
	Attrs   []Attr
	Dynamic []DynamicAttr
	// From are the expressions of inherit (e). Each is evaluated at most once.
	From []ast.Expr
	// Rec says whether a nested set is recursive. Merge itself does not set it:
	// its caller knows whether it has a set, a rec or a let.
	Rec bool
	// Literal is the { } that a nested set was first written as, or nil.
	Literal *ast.AttrSet

	index map[string]int32 // of a set that is being merged and large

	// For Resolve: the further places where a name stands, and the attributes
	// that were refused as duplicates.
	sites []*ast.AttrName
	extra []Attr
}

// CodeDuplicateAttr is the code of the error for a name that is defined twice.
const CodeDuplicateAttr = "duplicate-attr"

// Merge merges the bindings of one [ast.AttrSet] or [ast.Let] of the file f,
// which is needed only for the positions in errors. The sets below, as far as
// they are not merged into, stay Plain values and are not looked into. The error
// is the first one and worded like Nix's.
func Merge(f *ast.File, bindings []ast.Binding) (Merged, *ast.Error) {
	m := merger{file: f}
	set := m.merge(bindings)
	if len(m.errors) > 0 {
		return set, m.errors[0]
	}
	return set, nil
}

// Duplicates returns the errors of all sets and lets of a file, in source order. It
// does not look into nodes for which skip, unless it is nil, returns true.
func Duplicates(f *ast.File, skip func(ast.Node) bool) []*ast.Error {
	m := merger{file: f, seen: map[*ast.AttrSet]bool{}}
	ast.Inspect(f.Root, func(n ast.Node) bool {
		if skip != nil && skip(n) {
			return false
		}
		switch n := n.(type) {
		case *ast.AttrSet:
			if !m.seen[n] {
				m.merge(n.Bindings)
			}
		case *ast.Let:
			m.merge(n.Bindings)
		}
		return true
	})
	slices.SortStableFunc(m.errors, func(a, b *ast.Error) int { return cmp.Compare(a.Start, b.Start) })
	return m.errors
}

type merger struct {
	file   *ast.File
	errors []*ast.Error
	seen   map[*ast.AttrSet]bool // the literals that were merged, if asked for
	keep   bool                  // fill sites and extra
	memory *Memory               // nil for none
}

// Memory is used again and again for the results of [Memory.Merge]. Its zero
// value is ready to use.
type Memory struct{ attrs, free []Attr }

// memoryAttrs is the number of attributes that Memory holds on to.
const memoryAttrs = 4096

// Reset makes all results of earlier calls invalid.
func (m *Memory) Reset() { m.free = m.attrs }

// Merge is like the function Merge; its result is valid until Reset.
func (m *Memory) Merge(f *ast.File, bindings []ast.Binding) (Merged, *ast.Error) {
	g := merger{file: f, memory: m}
	set := g.merge(bindings)
	if len(g.errors) > 0 {
		return set, g.errors[0]
	}
	return set, nil
}

// take returns room for n attributes.
func (m *Memory) take(n int) []Attr {
	if m == nil || n > memoryAttrs {
		return make([]Attr, 0, n)
	}
	if len(m.free) < n {
		m.attrs = make([]Attr, memoryAttrs)
		m.free = m.attrs
	}
	attrs := m.free[:0:n]
	m.free = m.free[n:]
	return attrs
}

// again notes one more site of an attribute.
func (m *merger) again(set *Merged, name *ast.AttrName) {
	if m.keep {
		set.sites = append(set.sites, name)
	}
}

// refuse keeps an attribute that is a duplicate.
func (m *merger) refuse(set *Merged, a Attr) {
	if m.keep {
		set.extra = append(set.extra, a)
		set.sites = append(set.sites, a.At)
	}
}

// orphan keeps the expression of a dynamic name that is part of nothing.
func (m *merger) orphan(set *Merged, name *ast.AttrName) {
	if m.keep && name.Expr != nil {
		set.extra = append(set.extra, Attr{Pos: name.Start, Expr: name.Expr, At: name})
	}
}

func (m *merger) merge(bindings []ast.Binding) Merged {
	var set Merged
	n, froms, simple := count(bindings)
	if n > 0 {
		set.Attrs = m.memory.take(n)
	}
	if froms > 0 {
		set.From = make([]ast.Expr, 0, froms)
	}
	if simple {
		set.fill(bindings)
		if unique(set.Attrs) {
			return set
		}
		set.Attrs, set.From = set.Attrs[:0], set.From[:0]
	}
	for _, b := range bindings {
		switch b := b.(type) {
		case *ast.Attr:
			m.add(&set, b)
		case *ast.Inherit:
			m.inherit(&set, b)
		}
	}
	set.index = nil
	return set
}

// count returns how many attributes and inherit (e) there are at most, and
// whether no name is dynamic or a path.
func count(bindings []ast.Binding) (attrs, froms int, simple bool) {
	simple = true
	for _, b := range bindings {
		switch b := b.(type) {
		case *ast.Attr:
			attrs++
			if len(b.Path) != 1 || b.Path[0].Expr != nil {
				simple = false
			}
		case *ast.Inherit:
			attrs += len(b.Names)
			for _, name := range b.Names {
				simple = simple && name.Expr == nil
			}
			if b.From != nil {
				froms++
			}
		}
	}
	return attrs, froms, simple
}

// fill takes over bindings that need no merging.
func (s *Merged) fill(bindings []ast.Binding) {
	for _, b := range bindings {
		switch b := b.(type) {
		case *ast.Attr:
			name := b.Path[0]
			s.Attrs = append(s.Attrs, Attr{Name: name.Name, Pos: name.Start, Expr: b.Value, At: name})
		case *ast.Inherit:
			kind, from := Inherit, int32(0)
			if b.From != nil {
				kind, from = InheritFrom, int32(len(s.From))
				s.From = append(s.From, b.From)
			}
			for _, name := range b.Names {
				s.Attrs = append(s.Attrs, Attr{Name: name.Name, Pos: name.Start, Kind: kind, From: from, At: name})
			}
		}
	}
}

// Sets up to this size are searched from end to end.
const smallSet = 12

var seed = maphash.MakeSeed()

// unique reports whether no two attributes have the same name.
func unique(attrs []Attr) bool {
	if len(attrs) <= smallSet {
		for i := range attrs {
			for j := range i {
				if attrs[i].Name == attrs[j].Name {
					return false
				}
			}
		}
		return true
	}
	// A hash table of indices plus one, probed linearly, at most half full.
	var small [128]int32
	table := small[:]
	if len(attrs) > len(table)/2 {
		size := len(table)
		for size < 2*len(attrs) {
			size *= 2
		}
		table = make([]int32, size)
	}
	mask := uint64(len(table) - 1)
	for i := range attrs {
		h := maphash.String(seed, attrs[i].Name) & mask
		for table[h] != 0 {
			if attrs[table[h]-1].Name == attrs[i].Name {
				return false
			}
			h = (h + 1) & mask
		}
		table[h] = int32(i + 1)
	}
	return true
}

// find returns the attribute of a name. The pointer is good until the next one
// is added.
func (s *Merged) find(name string) *Attr {
	if s.index != nil {
		if i, ok := s.index[name]; ok {
			return &s.Attrs[i]
		}
		return nil
	}
	for i := range s.Attrs {
		if s.Attrs[i].Name == name {
			return &s.Attrs[i]
		}
	}
	return nil
}

func (s *Merged) append(a Attr) {
	s.Attrs = append(s.Attrs, a)
	switch {
	case s.index != nil:
		s.index[a.Name] = int32(len(s.Attrs) - 1)
	case len(s.Attrs) > smallSet:
		s.index = make(map[string]int32, max(cap(s.Attrs), 2*smallSet))
		for i := range s.Attrs {
			s.index[s.Attrs[i].Name] = int32(i)
		}
	}
}

func (m *merger) inherit(set *Merged, b *ast.Inherit) {
	kind, from := Inherit, int32(0)
	if b.From != nil {
		kind, from = InheritFrom, int32(len(set.From))
		set.From = append(set.From, b.From)
	}
	for _, name := range b.Names {
		if name.Expr != nil { // refused by the parser
			m.orphan(set, name)
			continue
		}
		if old := set.find(name.Name); old != nil {
			m.duplicate(quote.Identifier(name.Name), name.Span, old.Pos)
			m.refuse(set, Attr{Name: name.Name, Pos: name.Start, Kind: kind, From: from, At: name})
			continue
		}
		set.append(Attr{Name: name.Name, Pos: name.Start, Kind: kind, From: from, At: name})
	}
}

// add adds path = value.
func (m *merger) add(set *Merged, b *ast.Attr) {
	if len(b.Path) == 0 {
		return
	}
	pos := b.Path[0].Start
	last := len(b.Path) - 1
	for i, name := range b.Path[:last] {
		if name.Expr != nil {
			next := &Merged{}
			set.Dynamic = append(set.Dynamic, DynamicAttr{Name: name.Expr, Pos: pos, Set: next})
			set = next
			continue
		}
		old := set.find(name.Name)
		if old == nil {
			next := &Merged{}
			set.append(Attr{Name: name.Name, Pos: pos, Kind: Nested, Set: next, At: name})
			set = next
			continue
		}
		next := m.nested(old)
		if next == nil {
			m.duplicate(pathText(b.Path[:i+1]), pathSpan(b.Path), old.Pos)
			m.refuse(set, Attr{Name: name.Name, Pos: pos, Expr: b.Value, At: name})
			for _, rest := range b.Path[i+1:] {
				m.orphan(set, rest)
			}
			return
		}
		m.again(set, name)
		set = next
	}
	name := b.Path[last]
	if name.Expr != nil {
		set.Dynamic = append(set.Dynamic, DynamicAttr{Name: name.Expr, Pos: pos, Expr: b.Value})
		return
	}
	m.insert(set, b.Path[:last], Attr{Name: name.Name, Pos: pos, Expr: b.Value, At: name}, pathSpan(b.Path))
}

// insert adds an attribute to a set, or merges it into the set that has its name
// already. path leads to the set, at is the place of the new attribute.
func (m *merger) insert(set *Merged, path []*ast.AttrName, a Attr, at ast.Span) {
	old := set.find(a.Name)
	if old == nil {
		set.append(a)
		return
	}
	path = append(path[:len(path):len(path)], a.At)
	var more *Merged
	if isSet(&a) && isSet(old) {
		more = m.nested(&a)
	}
	if more == nil {
		m.duplicate(pathText(path), at, old.Pos)
		m.refuse(set, a)
		return
	}
	m.again(set, a.At)
	into := m.nested(old)
	offset := int32(len(into.From))
	into.From = append(into.From, more.From...)
	for _, b := range more.Attrs {
		if b.Kind == InheritFrom {
			b.From += offset
		}
		m.insert(into, path, b, ast.Span{Start: b.Pos, End: b.At.End})
	}
	into.Dynamic = append(into.Dynamic, more.Dynamic...)
	into.sites = append(into.sites, more.sites...)
	into.extra = append(into.extra, more.extra...)
}

// literal returns the { } that a Plain attribute is, nil if it is another
// expression.
func literal(a *Attr) *ast.AttrSet {
	if a.Kind != Plain {
		return nil
	}
	x := a.Expr
	for {
		switch n := x.(type) {
		case *ast.Paren:
			x = n.X
			continue
		case *ast.AttrSet:
			if !n.Legacy {
				return n
			}
		}
		return nil
	}
}

func isSet(a *Attr) bool { return a.Kind == Nested || literal(a) != nil }

// nested makes sure that an attribute is a Nested one and returns its set; nil
// when it is no set.
func (m *merger) nested(a *Attr) *Merged {
	if a.Kind == Nested {
		return a.Set
	}
	n := literal(a)
	if n == nil {
		return nil
	}
	if m.seen != nil {
		m.seen[n] = true
	}
	set := m.merge(n.Bindings)
	set.Rec, set.Literal = n.Rec, n
	a.Kind, a.Set, a.Expr = Nested, &set, nil
	return a.Set
}

func (m *merger) duplicate(name string, at ast.Span, old ast.Pos) {
	pos := m.file.Position(old)
	m.errors = append(m.errors, &ast.Error{
		Span: at, Code: CodeDuplicateAttr, Other: old,
		Msg: fmt.Sprintf("attribute '%s' already defined at %s:%d:%d", name, m.file.Name, pos.Line, pos.Column),
	})
}

func pathSpan(path []*ast.AttrName) ast.Span {
	return ast.Span{Start: path[0].Start, End: path[len(path)-1].End}
}

// pathText writes a path of known names as Nix does in messages.
func pathText(path []*ast.AttrName) string {
	var b strings.Builder
	for i, n := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(quote.Identifier(n.Name))
	}
	return b.String()
}
