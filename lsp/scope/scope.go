// Package scope resolves the names of a Nix file to what they mean, without
// evaluating it.
//
// Nix is scoped lexically: a name means the innermost let, recursive set or
// function argument that binds it, else a global of the language. Only when none
// does, the innermost `with` gets to provide it, and then, at run time, the ones
// around it. So each [Use] has a definition, or some withs that may define it, or
// neither, and then it is undefined.
//
// [Resolve] walks the tree once. Recursive scopes declare all their names before
// anything in them is looked up; an `inherit x` without a source looks x up in
// the scope outside of the one it declares x in.
package scope

import (
	"sort"

	"gonix.dev/gonix/parser/ast"
)

// Kind is the kind of a definition.
type Kind uint8

// The kinds of definition.
const (
	Global Kind = iota // of the language
	Let                // let x = ..; or let inherit x;
	Rec                // rec { x = ..; }
	Formal             // { x }:
	Arg                // x: or x@{ }:
	Attr               // { x = ..; }: an attribute, in no scope
)

// Def is one definition of a name.
type Def struct {
	Name string
	Kind Kind
	// Names are the places that spell the name: one, unless attribute paths build
	// the value up (a.b = 1; a.c = 2). Nil for globals.
	Names []ast.Span
	// Node is the first *ast.Attr, *ast.Inherit, *ast.Formal or *ast.Lambda that
	// defines the name.
	Node ast.Node
	// Value is what `x = Value` says; nil when the definition has no value in one
	// piece.
	Value ast.Expr
	// From is the e of `inherit (e) x`.
	From ast.Expr
	// Inherits is the use that `inherit x` makes of the outer x.
	Inherits *Use
	Scope    *Scope
	Uses     []*Use

	pinned, live bool
	count        int32 // of the uses
}

// Span returns the first place that spells the name.
func (d *Def) Span() ast.Span {
	if len(d.Names) == 0 {
		return ast.Span{}
	}
	return d.Names[0]
}

// Live reports whether anything that counts uses the definition. Uses by its own
// value and by other definitions that nothing uses do not count.
func (d *Def) Live() bool { return d.live }

// Use is one mention of a name that is looked up.
type Use struct {
	ast.Span
	Name string
	// Def is what it means, or nil.
	Def *Def
	// With is the innermost `with` that may provide it when Def is nil.
	With *Scope
	// Inherit says that the mention is `inherit x`.
	Inherit bool
	Scope   *Scope
	// Owner is the let binding whose value the use is part of, the innermost one.
	Owner *Def
}

// Undefined reports whether nothing can define the name.
func (u *Use) Undefined() bool { return u.Def == nil && u.With == nil }

// Scope is a region in which names are known.
type Scope struct {
	ast.Span
	Parent *Scope
	// Node is the *ast.Let, *ast.AttrSet, *ast.Lambda or *ast.With that opens it;
	// nil for the globals.
	Node ast.Node
	Defs []*Def
	// Used counts the names that a `with` may have provided.
	Used int

	index map[string]*Def // only in large scopes
}

// IsWith reports whether the scope is a `with`, which has no names of its own.
func (s *Scope) IsWith() bool {
	_, ok := s.Node.(*ast.With)
	return ok
}

// Lookup returns the definition of a name in this scope alone.
func (s *Scope) Lookup(name string) *Def {
	if s.index != nil {
		return s.index[name]
	}
	for _, d := range s.Defs {
		if d.Name == name {
			return d
		}
	}
	return nil
}

const indexFrom = 12

func (s *Scope) add(d *Def) {
	d.Scope = s
	s.Defs = append(s.Defs, d)
	switch {
	case s.index != nil:
		s.index[d.Name] = d
	case len(s.Defs) == indexFrom:
		s.index = make(map[string]*Def, 4*indexFrom)
		for _, d := range s.Defs {
			s.index[d.Name] = d
		}
	}
}

// Find returns the definition that a name has in this scope or those around it,
// and otherwise the innermost `with`.
func (s *Scope) Find(name string) (def *Def, with *Scope) {
	for ; s != nil; s = s.Parent {
		if s.IsWith() {
			if with == nil {
				with = s
			}
			continue
		}
		if d := s.Lookup(name); d != nil {
			return d, nil
		}
	}
	return nil, with
}

// Info is all that is known about the names of a file. It is immutable.
type Info struct {
	Globals *Scope
	Scopes  []*Scope // in order of their start, outer before inner
	Defs    []*Def   // in order of their first name
	Uses    []*Use   // in order

	names []placedName // of the definitions, in order
}

type placedName struct {
	ast.Span
	def *Def
}

// UseAt returns the use at an offset; its end counts as part of it, since that is
// where the cursor stands after a word.
func (i *Info) UseAt(off ast.Pos) *Use {
	n := sort.Search(len(i.Uses), func(n int) bool { return i.Uses[n].End >= off })
	if n+1 < len(i.Uses) && i.Uses[n].End == off && i.Uses[n+1].Start == off {
		n++
	}
	if n < len(i.Uses) && i.Uses[n].Start <= off {
		return i.Uses[n]
	}
	return nil
}

// DefAt returns the definition whose name stands at an offset.
func (i *Info) DefAt(off ast.Pos) *Def {
	n := sort.Search(len(i.names), func(n int) bool { return i.names[n].End >= off })
	if n+1 < len(i.names) && i.names[n+1].Start == off {
		n++
	}
	if n < len(i.names) && i.names[n].Start <= off {
		return i.names[n].def
	}
	return nil
}

// At returns what a name at an offset means, whether it is a use or a
// definition. When it is an `inherit x`, which is both, it is the outer x.
func (i *Info) At(off ast.Pos) (*Def, *Use) {
	if u := i.UseAt(off); u != nil {
		return u.Def, u
	}
	return i.DefAt(off), nil
}

// ScopeAt returns the innermost scope around an offset.
func (i *Info) ScopeAt(off ast.Pos) *Scope {
	best := i.Globals
	// Scopes are sorted by start: those after off do not contain it.
	n := sort.Search(len(i.Scopes), func(n int) bool { return i.Scopes[n].Start > off })
	for n--; n >= 0; n-- {
		if s := i.Scopes[n]; s.Start <= off && off <= s.End {
			return s
		}
	}
	return best
}
