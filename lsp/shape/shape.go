// Package shape follows names through sets, selections, inherits, calls and
// imports without evaluating anything.
//
// A [Shape] is what an expression certainly or possibly evaluates to, as far as
// the source shows it: the set literals it may be, merged by //, and the function
// literals. A [Slot] is one place for a value that has a name: a variable, an
// attribute, or a function's argument. Slots are equal when their [Slot.Key] is,
// also when they were found on different ways. What `inherit` makes is a slot of
// its own, and an alias of the one it inherits.
//
// Everything is looked up when it is asked for, to a limited depth: code that
// defines itself by itself has an empty shape rather than an endless one.
package shape

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// Unit is one file with its names resolved.
type Unit struct {
	Path  string
	File  *ast.File
	Scope *scope.Lazy
}

// World finds other files.
type World struct {
	// Load returns the file that an import of a path reads, or nil.
	Load func(path string) *Unit
	// Search returns the path that <name> means, or "".
	Search func(name string) string
	// Stop reports whether nobody wants the answer any more; nil never does.
	Stop func() bool

	steps *int // that one answer has taken; see begin
}

// maxDepth bounds how far names are followed.
const maxDepth = 40

// maxSteps bounds how many expressions are looked at for one answer. Where each of many
// withs may have a name, there are more ways than anybody could go.
const maxSteps = 4000

// begin begins to look for an answer.
func (w World) begin() World {
	w.steps = new(int)
	return w
}

// Shape is what an expression may evaluate to. The zero value knows nothing.
type Shape struct {
	Sets  []Set // later ones are those that // puts on top of
	Funcs []Func
	// Open says that there may be attributes that Sets does not know of.
	Open bool
}

// Set is a set literal, or the part of one below an attribute path.
type Set struct {
	Unit    *Unit
	Node    ast.Node // the *ast.AttrSet or *ast.Let whose bindings these are, or the *ast.Lambda that they are passed to
	literal bool     // these are all bindings of Node: there may be thousands, so none are copied
	entries []entry
	over    []Set // what // certainly lays over it
}

// Func is a function literal.
type Func struct {
	Unit   *Unit
	Lambda *ast.Lambda
}

// entry is one binding, from some level of its path downwards.
type entry struct {
	path    []*ast.AttrName // of an attribute
	value   ast.Expr
	inherit *ast.Inherit // or an inherited name
	name    *ast.AttrName
	binding ast.Node
}

// Slot is a named place for a value.
type Slot struct {
	Unit  *Unit
	Name  string
	Names []ast.Span // the places that define it, in order
	// Binding is the first *ast.Attr, *ast.Inherit, *ast.Formal or *ast.Lambda.
	Binding ast.Node
	// Value is the expression it is bound to, when it is one expression.
	Value ast.Expr

	entries []entry
	alias   *aliasOf
	set     Set
}

// Inherited reports whether an inherit defines the slot.
func (s *Slot) Inherited() bool { return s.alias != nil }

// Owner returns the *ast.AttrSet or *ast.Let that the slot is bound in; nil for
// arguments.
func (s *Slot) Owner() ast.Node { return s.set.Node }

// aliasOf is what an inherit refers to.
type aliasOf struct {
	use  *scope.Use // inherit x
	from ast.Expr   // inherit (from) x
}

// Key identifies a slot: its file and the place of its first name.
func (s *Slot) Key() string { return fmt.Sprintf("%s:%d", s.Unit.Path, s.Names[0].Start) }

// Literal returns the shape of a set or let literal.
func Literal(u *Unit, n ast.Node) Set { return Set{Unit: u, Node: n, literal: true} }

// all yields the entries of a set in order.
func (s Set) all() iter.Seq[entry] {
	if !s.literal {
		return slices.Values(s.entries)
	}
	return func(yield func(entry) bool) {
		for _, b := range cursor.Bindings(s.Node) {
			switch b := b.(type) {
			case *ast.Attr:
				if len(b.Path) > 0 && !yield(entry{path: b.Path, value: b.Value, binding: b}) {
					return
				}
			case *ast.Inherit:
				for _, name := range b.Names {
					if !yield(entry{inherit: b, name: name, binding: b}) {
						return
					}
				}
			}
		}
	}
}

// Attr returns the slot of an attribute, or nil.
func (s Set) Attr(name string) *Slot {
	for _, o := range s.over {
		if o.Attr(name) != nil {
			return nil
		}
	}
	slot := &Slot{Unit: s.Unit, Name: name, set: s}
	for e := range s.all() {
		switch {
		case e.inherit != nil:
			if e.name.Dynamic() || e.name.Name != name {
				continue
			}
			slot.Names = append(slot.Names, e.name.Span)
			slot.Binding = e.inherit
			slot.alias = &aliasOf{from: e.inherit.From}
			if e.inherit.From == nil {
				slot.alias.use = s.Unit.Scope.UseAt(e.name.Start)
			}
		case e.path[0].Dynamic() || e.path[0].Name != name:
		default:
			slot.Names = append(slot.Names, e.path[0].Span)
			if slot.Binding == nil {
				slot.Binding = e.binding
			}
			if len(e.path) == 1 {
				slot.Value = e.value
			}
			slot.entries = append(slot.entries, e)
		}
	}
	if len(slot.Names) == 0 {
		return nil
	}
	if len(slot.Names) > 1 {
		slot.Value = nil
	}
	return slot
}

// Names returns the names of the set's attributes, in order and once each.
func (s Set) Names() []string {
	var out []string
	seen := map[string]bool{}
	for e := range s.all() {
		n := e.name
		if e.inherit == nil {
			n = e.path[0]
		}
		if !n.Dynamic() && n.Name != "" && !seen[n.Name] {
			seen[n.Name] = true
			out = append(out, n.Name)
		}
	}
	return out
}

// Attr returns the slots that an attribute may be, the strongest first.
func (sh Shape) Attr(name string) []*Slot {
	var out []*Slot
	for i := len(sh.Sets) - 1; i >= 0; i-- {
		if slot := sh.Sets[i].Attr(name); slot != nil {
			out = append(out, slot)
		}
	}
	return out
}

// Of returns the shape of an expression in a file.
func (w World) Of(u *Unit, e ast.Expr) Shape { return w.begin().of(u, e, maxDepth) }

func (w World) of(u *Unit, e ast.Expr, depth int) Shape {
	if *w.steps++; depth <= 0 || e == nil || *w.steps > maxSteps {
		return Shape{Open: true}
	}
	depth--
	switch e := e.(type) {
	case *ast.Paren:
		return w.of(u, e.X, depth)
	case *ast.AttrSet:
		if e.Legacy {
			if slot := Literal(u, e).Attr("body"); slot != nil {
				return w.value(slot, depth)
			}
			return Shape{Open: true}
		}
		return Shape{Sets: []Set{Literal(u, e)}}
	case *ast.Let:
		return w.of(u, e.Body, depth)
	case *ast.With:
		return w.of(u, e.Body, depth)
	case *ast.Assert:
		return w.of(u, e.Body, depth)
	case *ast.If:
		return join(w.of(u, e.Then, depth/2), w.of(u, e.Else, depth/2))
	case *ast.Lambda:
		return Shape{Funcs: []Func{{u, e}}}
	case *ast.Binary:
		if e.Op == ast.OpUpdate {
			return update(w.of(u, e.X, depth/2), w.of(u, e.Y, depth/2))
		}
	case *ast.Ident:
		use := u.Scope.UseAt(e.Start)
		if use == nil {
			break
		}
		return w.slots(w.use(u, use, depth), depth)
	case *ast.Select:
		sh := w.slots(w.path(u, e, len(e.Path)-1, depth), depth)
		if e.Default != nil {
			sh = join(w.of(u, e.Default, depth/2), sh)
		}
		return sh
	case *ast.Apply:
		return w.call(u, e, depth)
	}
	return Shape{Open: true}
}

func join(a, b Shape) Shape {
	return Shape{
		Sets:  append(append([]Set(nil), a.Sets...), b.Sets...),
		Funcs: append(append([]Func(nil), a.Funcs...), b.Funcs...),
		Open:  a.Open || b.Open,
	}
}

// update is a // b: where b is one set, and no more than that, its attributes hide
// those of a.
func update(a, b Shape) Shape {
	sh := join(a, b)
	if len(b.Sets) == 1 && !b.Open {
		for i := range a.Sets {
			sh.Sets[i].over = append(slices.Clip(sh.Sets[i].over), b.Sets[0])
		}
	}
	return sh
}

// slots returns the shape of whatever any of the slots holds.
func (w World) slots(slots []*Slot, depth int) Shape {
	if len(slots) == 0 {
		return Shape{Open: true}
	}
	var sh Shape
	for i := len(slots) - 1; i >= 0; i-- {
		sh = join(sh, w.value(slots[i], depth/len(slots)))
	}
	return sh
}

// Value returns the shape of what a slot holds.
func (w World) Value(s *Slot) Shape { return w.begin().value(s, maxDepth) }

func (w World) value(s *Slot, depth int) Shape {
	if depth <= 0 {
		return Shape{Open: true}
	}
	if s.alias != nil {
		return w.slots(w.aliases(s, depth-1), depth-1)
	}
	if l, ok := s.Binding.(*ast.Lambda); ok && l.Formals != nil {
		return Shape{Sets: []Set{arguments(s.Unit, l)}, Open: l.Formals.Ellipsis}
	}
	if len(s.entries) == 0 {
		if fixed, ok := w.fixpoint(s, depth); ok {
			return fixed
		}
		return w.of(s.Unit, s.Value, depth-1)
	}
	var sh Shape
	nested := Set{Unit: s.Unit, Node: s.set.Node}
	for _, e := range s.entries {
		if len(e.path) == 1 {
			sh = join(sh, w.of(s.Unit, e.value, depth-1))
		} else {
			nested.entries = append(nested.entries, entry{path: e.path[1:], value: e.value, binding: e.binding})
		}
	}
	if len(nested.entries) > 0 {
		sh.Sets = append(sh.Sets, nested)
	}
	return sh
}

// arguments is the set that a function is called with, as its formals tell of it.
func arguments(u *Unit, l *ast.Lambda) Set {
	set := Set{Unit: u, Node: l}
	for _, f := range l.Formals.List {
		name := &ast.AttrName{Span: f.Name.Span, Name: f.Name.Name}
		set.entries = append(set.entries, entry{path: []*ast.AttrName{name}, value: f.Default, binding: f})
	}
	return set
}

// fixpoint gives the argument of `makeExtensible (self: ...)` and the like the
// shape of what the function returns.
func (w World) fixpoint(s *Slot, depth int) (Shape, bool) {
	l, ok := s.Binding.(*ast.Lambda)
	if !ok || l.Formals != nil {
		return Shape{}, false
	}
	if name := l.Arg.Name; name == "final" || name == "self" {
		// By convention the result of it all, of which this is a part.
		body := l.Body
		for {
			inner, ok := cursor.Unparen(body).(*ast.Lambda)
			if !ok || inner.Formals != nil {
				break
			}
			body = inner.Body // prev, or super
		}
		sh := w.of(s.Unit, body, depth-1)
		sh.Open = true
		if len(sh.Sets) > 0 {
			return sh, true
		}
	}
	for _, n := range cursor.Path(s.Unit.File.Root, l.Start) {
		call, ok := n.(*ast.Apply)
		if !ok || cursor.Unparen(call.Arg) != ast.Expr(l) {
			continue
		}
		switch cursor.LastName(call.Fn) {
		case "makeExtensible", "fix", "fix'", "mkDerivation", "buildPythonPackage", "buildGoModule", "makeScope":
			return w.of(s.Unit, l.Body, depth-1), true
		}
	}
	return Shape{}, false
}

// call returns the shape of an application.
func (w World) call(u *Unit, e *ast.Apply, depth int) Shape {
	if unit := w.imported(u, e, depth); unit != nil {
		return w.of(unit, unit.File.Root, depth)
	}
	fn, args := cursor.Call(e)
	switch name := cursor.LastName(fn); name {
	case "makeExtensible", "fix", "callLibs", "callPackage", "mkDerivation", "recurseIntoAttrs", "lowPrio", "hiPrio":
		// The argument, or what it returns, is what the call returns, or nearly.
		arg := args[0]
		if l, ok := cursor.Unparen(arg).(*ast.Lambda); ok {
			return w.of(u, l.Body, depth)
		}
		if unit := w.File(u, arg); unit != nil {
			return returned(w, w.of(unit, unit.File.Root, depth), depth)
		}
		sh := w.of(u, arg, depth)
		sh.Open = true
		return sh
	}
	return returned(w, w.of(u, e.Fn, depth), depth)
}

// returned is what the functions of a shape return.
func returned(w World, fn Shape, depth int) Shape {
	if len(fn.Funcs) == 0 {
		return Shape{Open: true}
	}
	var sh Shape
	for _, f := range fn.Funcs {
		sh = join(sh, w.of(f.Unit, f.Lambda.Body, depth/len(fn.Funcs)))
	}
	return sh
}

// imported returns the file that `import path` reads, or nil.
func (w World) imported(u *Unit, e *ast.Apply, depth int) *Unit {
	switch fn := e.Fn.(type) {
	case *ast.Ident:
		if fn.Name != "import" {
			return nil
		}
	case *ast.Select:
		if x, ok := fn.X.(*ast.Ident); !ok || x.Name != "builtins" || cursor.LastName(fn) != "import" {
			return nil
		}
	default:
		return nil
	}
	return w.File(u, e.Arg)
}

// File returns the file that a path literal or search path names, or nil.
func (w World) File(u *Unit, e ast.Expr) *Unit {
	path := ""
	switch e := cursor.Unparen(e).(type) {
	case *ast.Path:
		if len(e.Parts) == 1 && e.Parts[0].Expr == nil {
			path = e.Parts[0].Text
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(u.Path), path)
			}
		}
	case *ast.SearchPath:
		if w.Search != nil {
			path = w.Search(e.Name)
		}
	}
	if path == "" || w.Load == nil {
		return nil
	}
	return w.Load(path)
}
