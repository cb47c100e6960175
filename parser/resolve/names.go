package resolve

import (
	"cmp"
	"slices"

	"gonix.dev/gonix/parser/ast"
)

// Names. Nix is lexically scoped except for `with`, so that nearly every
// identifier has one definition that can be found without evaluation.
//
// The tree is walked once, from the root down, with the chain of scopes that are
// open. A scope is made by
//
//   - a let, a rec { } and the old let { }: all their names are visible in all
//     their values, in the e of inherit (e), in dynamic names, and for let in the
//     body; but `inherit x` looks for x outside;
//   - a function: its argument and formals are visible in the defaults and the
//     body;
//   - a with: it has no names that are known here, and is visible in its body.
//
// An identifier belongs to the innermost scope that has its name, passing over all
// with; then to the builtins, which are a scope around everything; and only then
// may it come from a with. So a with never shadows anything, and an identifier
// inside a with that has no definition is looked up in all enclosing withs when
// it is evaluated, innermost first. Outside of any with it is undefined.
//
// Sets are walked as they are after merging (see [Merge]), since that decides
// what is visible: in { a = rec { b = 1; }; a.c = b; } the second b is the first.
// The names of a set which is not recursive are not in scope anywhere and have no
// definition here.
//
// Operators call builtins that may be redefined (`let __sub = ...; in a - b`), and
// <x> uses __findFile and __nixPath. Such uses are recorded, as implicit ones,
// where a definition of the user's own would be used.

// DefKind says what defines a name.
type DefKind uint8

const (
	LetDef     DefKind = iota // a name of let ... in, or of the old let { }
	RecDef                    // an attribute of rec { }
	FormalDef                 // x in { x }: ...
	ArgDef                    // x in x: ... and in x@{ }: ...
	BuiltinDef                // a global of the language; it has no place
)

// Def is the definition of a name.
type Def struct {
	Kind DefKind
	Name string
	ast.Span
	// Sites are all places where the name stands in its definition, in source
	// order, Span included: a.b = 1; a.c = 2; defines a at two. They are
	// identifiers, or strings in quotes.
	Sites []ast.Node
	// Value is the expression that the name is bound to: the value of a binding
	// with a path of one name, the default of a formal, or nil.
	Value ast.Expr
	// Inherited says that the definition is inherit x; or inherit (e) x;. For
	// the former there is a use of the same span.
	Inherited bool
	// Scope is where the name is visible; nil for a builtin.
	Scope *Scope
	Uses  []*Use
}

// Use is an occurrence of an identifier as a variable.
type Use struct {
	Name string
	ast.Span
	// Node is the *ast.Ident, the *ast.AttrName of an inherit, or, when
	// Implicit, the operator or search path.
	Node ast.Node
	// Def is the definition; nil when there is none that is known statically.
	Def *Def
	// Scope is the innermost scope around.
	Scope *Scope
	// Implicit says that the name itself does not stand in the source.
	Implicit bool
}

// Withs returns the withs that may provide the name, innermost first: all that
// enclose an identifier without a definition, none otherwise.
func (u *Use) Withs() []*ast.With {
	if u.Def != nil {
		return nil
	}
	return u.Scope.Withs()
}

// Undefined reports whether the name has no definition and no with around it.
func (u *Use) Undefined() bool { return u.Def == nil && (u.Scope == nil || !u.Scope.inWith) }

// Scope is a stretch of source in which names are visible.
type Scope struct {
	ast.Span
	Node   ast.Node // *ast.Let, *ast.AttrSet, *ast.Lambda or *ast.With
	Parent *Scope   // nil at the top level
	Defs   []*Def   // in order of their first site
	// WithUses are, for a with, the identifiers that it may provide.
	WithUses []*Use

	inWith bool
	index  map[string]*Def
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

// Withs returns the withs around, innermost first.
func (s *Scope) Withs() []*ast.With {
	var list []*ast.With
	for ; s != nil && s.inWith; s = s.Parent {
		if w, ok := s.Node.(*ast.With); ok {
			list = append(list, w)
		}
	}
	return list
}

// Names is what is known about all identifiers of a file.
type Names struct {
	Defs   []*Def   // in source order, without builtins
	Uses   []*Use   // in source order
	Scopes []*Scope // outer ones before inner ones
	// Builtins are the globals that are used.
	Builtins map[string]*Def
	// Errors are those of attributes that are defined twice.
	Errors []*ast.Error
}

// Resolve finds the definitions of all identifiers of a file. The names that are
// defined outside of it are those for which global returns true; see [IsGlobal].
// Files with syntax errors are resolved as far as they could be read.
func Resolve(f *ast.File, global func(name string) bool) *Names {
	r := &resolver{global: global, names: &Names{Builtins: map[string]*Def{}}}
	r.merger = merger{file: f, keep: true}
	r.expr(f.Root)
	n := r.names
	n.Errors = r.merger.errors
	slices.SortStableFunc(n.Errors, func(a, b *ast.Error) int { return cmp.Compare(a.Start, b.Start) })
	slices.SortStableFunc(n.Defs, func(a, b *Def) int { return cmp.Compare(a.Start, b.Start) })
	slices.SortStableFunc(n.Uses, func(a, b *Use) int { return cmp.Compare(a.Start, b.Start) })
	slices.SortStableFunc(n.Scopes, func(a, b *Scope) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	for _, d := range n.Defs {
		slices.SortFunc(d.Sites, func(a, b ast.Node) int { return cmp.Compare(a.Pos(), b.Pos()) })
		slices.SortStableFunc(d.Uses, func(a, b *Use) int { return cmp.Compare(a.Start, b.Start) })
	}
	return n
}

// Undefined returns the identifiers that are certainly undefined.
func (n *Names) Undefined() []*Use {
	var list []*Use
	for _, u := range n.Uses {
		if u.Undefined() {
			list = append(list, u)
		}
	}
	return list
}

// UseAt returns the identifier at an offset, or the one that ends there; nil
// when there is none.
func (n *Names) UseAt(off ast.Pos) *Use {
	i, _ := slices.BinarySearchFunc(n.Uses, off+1, func(u *Use, p ast.Pos) int { return cmp.Compare(u.Start, p) })
	for i--; i >= 0; i-- {
		u := n.Uses[i]
		if u.Implicit {
			continue
		}
		if off <= u.End {
			return u
		}
		break
	}
	return nil
}

// DefAt returns the definition that has a site at an offset, or one that ends
// there; nil when there is none. An identifier that is used there is not
// followed.
func (n *Names) DefAt(off ast.Pos) *Def {
	for _, d := range n.Defs {
		for _, s := range d.Sites {
			if s.Pos() <= off && off <= s.Stop() {
				return d
			}
		}
	}
	return nil
}

// ScopeAt returns the innermost scope around an offset, nil outside of all.
func (n *Names) ScopeAt(off ast.Pos) *Scope {
	var found *Scope
	for _, s := range n.Scopes {
		if s.Start > off {
			break
		}
		if off <= s.End && (found == nil || s.Start >= found.Start) {
			found = s
		}
	}
	return found
}
