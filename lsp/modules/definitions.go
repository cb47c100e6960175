package modules

import (
	"slices"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
)

// Definition is one place of a module that names an option, a set of options, or
// something inside of the value of one.
type Definition struct {
	Path []Step
	// Name is what the last step is written as; nil for elements of lists.
	Name *ast.AttrName
	// Value is what it is set to, without conditions and priorities around it; nil
	// for names in the middle of a path, and for inherited ones.
	Value ast.Expr
}

// visitor hears of the parts of a module. Paths are only valid during a call.
type visitor struct {
	// set is called for every set of definitions, or of parts of a value.
	set func(at []Step, set *ast.AttrSet)
	// define is called for every mention of an option.
	define func(Definition)
	// value is called for every value that is no set and no list.
	value func(at []Step, e ast.Expr)
	// imports is called for every element of `imports`.
	imports func(at []Step, e ast.Expr)
	// declare is called for every name in `options`.
	declare func(at []Step, name *ast.AttrName, value ast.Expr)
}

// The attributes of a module that are no definitions, and the ones that make a
// module keep its definitions below `config`.
var reserved = map[string]bool{
	"_file": true, "_class": true, "key": true, "imports": true, "require": true, "disabledModules": true,
	"freeformType": true, "options": true, "config": true, "meta": true, "_module": true,
}

func isLong(set *ast.AttrSet) bool {
	for _, b := range set.Bindings {
		if a, ok := b.(*ast.Attr); ok && len(a.Path) > 0 {
			switch a.Path[0].Name {
			case "config", "options":
				return true
			}
		}
	}
	return false
}

func (m *Module) walk(v visitor) {
	for _, set := range m.bodies {
		v.body(nil, set, 0)
	}
	for _, e := range m.imports {
		for _, set := range sets(e) {
			v.body(nil, set, 0)
		}
	}
}

// maxDepth bounds how deep values are looked into.
const maxDepth = 60

// body visits a set that is a module.
func (v visitor) body(at []Step, set *ast.AttrSet, depth int) {
	if depth > maxDepth {
		return
	}
	long := isLong(set)
	if !long && v.set != nil {
		v.set(at, set)
	}
	for _, b := range set.Bindings {
		a, ok := b.(*ast.Attr)
		if !ok {
			if in, ok := b.(*ast.Inherit); ok && !long {
				v.inherit(at, in)
			}
			continue
		}
		if len(a.Path) == 0 {
			continue
		}
		switch first := a.Path[0]; {
		case first.Name == "imports" || first.Name == "require":
			v.importList(at, a.Value, depth)
		case first.Name == "options" && !first.Dynamic():
			v.declarations(at, a.Path[1:], a.Value)
		case first.Name == "config" && long:
			v.along(at, a.Path[1:], a.Value, depth)
		case long || reserved[first.Name] && !first.Dynamic():
		default:
			v.along(at, a.Path, a.Value, depth)
		}
	}
}

func (v visitor) importList(at []Step, e ast.Expr, depth int) {
	for _, item := range listItems(e) {
		if v.imports != nil {
			v.imports(at, item)
		}
		for _, set := range sets(item) {
			v.body(at, set, depth+1)
		}
	}
}

func (v visitor) inherit(at []Step, in *ast.Inherit) {
	for _, n := range in.Names {
		if v.define != nil && !n.Dynamic() {
			v.define(Definition{Path: append(slices.Clip(at), Step{Name: n.Name}), Name: n})
		}
	}
}

// along visits a binding: each of its names, and then its value.
func (v visitor) along(at []Step, names []*ast.AttrName, value ast.Expr, depth int) {
	if depth > maxDepth {
		return
	}
	path := slices.Clip(at)
	values := unwrap(value)
	for i, n := range names {
		step := Step{Name: n.Name}
		if n.Dynamic() {
			step = Step{Any: true}
		}
		path = append(path, step)
		if v.define == nil {
			continue
		}
		if i < len(names)-1 {
			v.define(Definition{Path: path, Name: n})
			continue
		}
		for _, e := range values {
			v.define(Definition{Path: path, Name: n, Value: e})
		}
	}
	for _, e := range values {
		v.inside(path, e, depth+1)
	}
}

// inside visits what a value is made of.
func (v visitor) inside(at []Step, e ast.Expr, depth int) {
	if depth > maxDepth {
		return
	}
	switch e := e.(type) {
	case *ast.AttrSet:
		if e.Legacy {
			return
		}
		if v.set != nil {
			v.set(at, e)
		}
		for _, b := range e.Bindings {
			switch b := b.(type) {
			case *ast.Inherit:
				v.inherit(at, b)
			case *ast.Attr:
				if len(b.Path) == 1 && b.Path[0].Name == "imports" {
					v.importList(at, b.Value, depth+1)
					continue
				}
				if len(b.Path) > 0 {
					v.along(at, b.Path, b.Value, depth+1)
				}
			}
		}
	case *ast.Lambda:
		for _, set := range sets(e) {
			v.body(at, set, depth+1)
		}
	default:
		items := listItems(e)
		if items == nil && v.value != nil {
			v.value(at, e)
		}
		path := append(slices.Clip(at), Step{Elem: true})
		for _, item := range items {
			item = cursor.Unparen(item)
			if v.define != nil {
				v.define(Definition{Path: path, Value: item})
			}
			v.inside(path, item, depth+1)
		}
	}
}

// declarations visits the names below `options`.
func (v visitor) declarations(at []Step, names []*ast.AttrName, value ast.Expr) {
	if v.declare == nil {
		return
	}
	path := slices.Clip(at)
	for i, n := range names {
		if n.Dynamic() {
			return
		}
		path = append(path, Step{Name: n.Name})
		if i == len(names)-1 {
			v.declare(path, n, value)
		}
	}
	for _, e := range unwrap(value) {
		set, ok := e.(*ast.AttrSet)
		if !ok {
			continue
		}
		for _, b := range set.Bindings {
			if a, ok := b.(*ast.Attr); ok {
				v.declarations(path, a.Path, a.Value)
			}
		}
	}
}

// Definitions returns all places that name options, in order.
func (m *Module) Definitions() []Definition {
	var out []Definition
	m.walk(visitor{define: func(d Definition) {
		d.Path = slices.Clone(d.Path)
		out = append(out, d)
	}})
	return out
}

// At returns the path of the option that a name is mentioned for: where it is
// defined or declared.
func (m *Module) At(name *ast.AttrName) (path []Step, ok bool) {
	found := func(at []Step, n *ast.AttrName) {
		if n == name && !ok {
			path, ok = slices.Clone(at), true
		}
	}
	m.walk(visitor{
		define:  func(d Definition) { found(d.Path, d.Name) },
		declare: func(at []Step, n *ast.AttrName, _ ast.Expr) { found(at, n) },
	})
	return path, ok && name != nil
}

// Defined returns the names that define the option at the end of a path. The
// module may itself be one below an option, so that its own path is shorter.
func (m *Module) Defined(path []Step) []*ast.AttrName {
	var out []*ast.AttrName
	most := 1
	for _, d := range m.Definitions() {
		n := len(d.Path)
		if d.Name == nil || n < most || n > len(path) || !slices.Equal(d.Path, path[len(path)-n:]) {
			continue
		}
		if n > most {
			most, out = n, nil
		}
		if !slices.Contains(out, d.Name) {
			out = append(out, d.Name)
		}
	}
	return out
}

// Declared returns the places of the names in `options` that a path of names
// leads to.
func (m *Module) Declared(path []string) []*ast.AttrName {
	var out []*ast.AttrName
	m.walk(visitor{declare: func(at []Step, name *ast.AttrName, _ ast.Expr) {
		if len(at) != len(path) {
			return
		}
		for i := range at {
			if at[i].Name != path[i] {
				return
			}
		}
		out = append(out, name)
	}})
	return out
}

// PathOf returns the path to a set of definitions, or of parts of a value; ok is
// false when the set is something else.
func (m *Module) PathOf(set *ast.AttrSet) (path []Step, ok bool) {
	m.walk(visitor{set: func(at []Step, s *ast.AttrSet) {
		if s == set && !ok {
			path, ok = slices.Clone(at), true
		}
	}})
	return path, ok
}

// Body reports whether a set is a whole module, rather than a part of one.
func (m *Module) Body(set *ast.AttrSet) bool { return slices.Contains(m.bodies, set) }
