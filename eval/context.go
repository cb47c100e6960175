package eval

import (
	"slices"
	"strings"
)

// ContextKind tells what a string's use of a store path means.
type ContextKind uint8

const (
	// ContextPath is a store path that has to exist: a source.
	ContextPath ContextKind = iota
	// ContextDrvDeep is a derivation with its whole closure and outputs, as in
	// the context of drvPath.
	ContextDrvDeep
	// ContextOutput is an output of a derivation, to be built.
	ContextOutput
)

// ContextElem is one store path that a string refers to. Elements are interned:
// equal elements of one State are the same pointer.
type ContextElem struct {
	Kind   ContextKind
	Path   string       // full store path: source, derivation; empty when Base is set
	Output string       // name of the output, for ContextOutput
	Base   *ContextElem // the output whose content is the derivation (dynamic derivations)

	id   uint32
	text string // String, made once
}

// String returns the element in Nix's encoding: path, =drv or !output!drv.
func (e *ContextElem) String() string {
	if e.text == "" {
		e.text = e.encode()
	}
	return e.text
}

func (e *ContextElem) encode() string {
	switch e.Kind {
	case ContextDrvDeep:
		return "=" + e.Path
	case ContextOutput:
		if e.Base != nil {
			return "!" + e.Output + e.Base.String()
		}
		return "!" + e.Output + "!" + e.Path
	}
	return e.Path
}

// Context is an immutable set of context elements; nil is the empty set.
type Context struct{ elems []*ContextElem } // ascending by id

// Elems returns the elements in the order of their encoding.
func (c *Context) Elems() []*ContextElem {
	if c == nil {
		return nil
	}
	out := slices.Clone(c.elems)
	slices.SortFunc(out, func(a, b *ContextElem) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// Empty reports whether c has no element.
func (c *Context) Empty() bool { return c == nil }

type contextKey struct {
	kind   ContextKind
	path   string
	output string
	base   *ContextElem
}

// ContextElem interns an element.
func (st *State) ContextElem(kind ContextKind, path, output string, base *ContextElem) *ContextElem {
	key := contextKey{kind, path, output, base}
	if e := st.contextElems[key]; e != nil {
		return e
	}
	e := &ContextElem{Kind: kind, Path: path, Output: output, Base: base, id: uint32(len(st.contextElems))}
	st.contextElems[key] = e
	return e
}

// NewContext makes a context of elements, nil of none.
func NewContext(elems ...*ContextElem) *Context {
	if len(elems) == 0 {
		return nil
	}
	elems = slices.Clone(elems)
	slices.SortFunc(elems, func(a, b *ContextElem) int { return int(a.id) - int(b.id) })
	return &Context{slices.Compact(elems)}
}

// Union returns the elements of both.
func (c *Context) Union(d *Context) *Context {
	switch {
	case d == nil || c == d:
		return c
	case c == nil:
		return d
	}
	if c.contains(d) {
		return c
	}
	if d.contains(c) {
		return d
	}
	out := make([]*ContextElem, 0, len(c.elems)+len(d.elems))
	i, j := 0, 0
	for i < len(c.elems) && j < len(d.elems) {
		a, b := c.elems[i], d.elems[j]
		if a.id <= b.id {
			out = append(out, a)
			i++
			if a == b {
				j++
			}
		} else {
			out = append(out, b)
			j++
		}
	}
	out = append(out, c.elems[i:]...)
	out = append(out, d.elems[j:]...)
	return &Context{out}
}

// contains reports whether d is a subset of c.
func (c *Context) contains(d *Context) bool {
	if len(d.elems) > len(c.elems) {
		return false
	}
	i := 0
	for _, e := range d.elems {
		for i < len(c.elems) && c.elems[i].id < e.id {
			i++
		}
		if i == len(c.elems) || c.elems[i] != e {
			return false
		}
	}
	return true
}
