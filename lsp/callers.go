package lsp

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/shape"
	"gonix.dev/gonix/parser/ast"
)

// callers looks for calls of a function that pass an argument in a way that a
// rename of the argument cannot follow: in a set made elsewhere, by callPackage, as
// a module, or through whoever the function is passed to.
type callers struct {
	world shape.World
	unit  *shape.Unit // of the function
	fn    *ast.Lambda
	name  string // of the argument
}

// callersOf returns what looks for the calls that pass an argument; nil for slots
// that are none.
func callersOf(world shape.World, slot *shape.Slot) *callers {
	formal, ok := slot.Binding.(*ast.Formal)
	if !ok {
		return nil
	}
	l, _ := cursor.Innermost[*ast.Lambda](cursor.Path(slot.Unit.File.Root, formal.Start))
	if l == nil || l.Formals == nil {
		return nil
	}
	return &callers{world: world, unit: slot.Unit, fn: l, name: slot.Name}
}

// inWorkspace refuses, with the reason, when a file of the workspace has such a
// call. Who calls the function without naming its file, by way of a third, is not
// seen.
func (c *callers) inWorkspace(ctx context.Context, s *Server) error {
	base := filepath.Base(c.unit.Path)
	if base == "default.nix" {
		base = filepath.Base(filepath.Dir(c.unit.Path))
	}
	return s.eachFile(ctx, func(d *document.Snapshot) error {
		if d.Path != c.unit.Path && !strings.Contains(d.Text, base) && !strings.Contains(d.Text, "./.") {
			return nil
		}
		u, err := unitIn(ctx, d)
		if err != nil {
			return err
		}
		return c.in(u)
	})
}

// in looks at one file.
func (c *callers) in(u *shape.Unit) error {
	root := ast.Node(cursor.Unparen(c.unit.File.Root)) == ast.Node(c.fn)
	var problem error
	var path []ast.Node
	var walk func(ast.Node)
	walk = func(n ast.Node) {
		if problem != nil {
			return
		}
		path = append(path, n)
		switch n := n.(type) {
		case *ast.Path, *ast.SearchPath:
			if root {
				problem = c.used(u, path)
			}
		case *ast.Apply:
			if c.calls(u, n.Fn) {
				problem = c.passed(u, n.Arg)
			}
		}
		for child := range ast.Children(n) {
			walk(child)
		}
		path = path[:len(path)-1]
	}
	walk(u.File.Root)
	return problem
}

// calls reports whether an expression is the function.
func (c *callers) calls(u *shape.Unit, e ast.Expr) bool {
	for _, f := range c.world.Of(u, e).Funcs {
		if f.Lambda == c.fn {
			return true
		}
	}
	return false
}

// passed says what is wrong with an argument of the function.
func (c *callers) passed(u *shape.Unit, arg ast.Expr) error {
	switch a := cursor.Unparen(arg).(type) {
	case *ast.AttrSet:
		return nil
	case *ast.Binary:
		if a.Op == ast.OpUpdate {
			if err := c.passed(u, a.X); err != nil {
				return err
			}
			return c.passed(u, a.Y)
		}
	}
	sh := c.world.Of(u, arg)
	if !sh.Open && len(sh.Sets) > 0 && len(sh.Attr(c.name)) == 0 {
		return nil
	}
	return refusal("'%s' is passed at %s, in a set that is made elsewhere", c.name, placeOf(u, arg))
}

// used says what is wrong with the use of a path, the last node, that leads to the
// function's file.
func (c *callers) used(u *shape.Unit, path []ast.Node) error {
	n := path[len(path)-1].(ast.Expr)
	if file := c.world.File(u, n); file == nil || file.Path != c.unit.Path {
		return nil
	}
	outer := func() (ast.Node, ast.Node) {
		i := len(path) - 2
		inner := path[i+1]
		for i >= 0 {
			if _, ok := path[i].(*ast.Paren); !ok {
				break
			}
			inner, i = path[i], i-1
		}
		path = path[:max(i+1, 0)]
		if i < 0 {
			return nil, inner
		}
		return path[i], inner
	}
	parent, inner := outer()
	call, ok := parent.(*ast.Apply)
	switch {
	case ok && call.Arg == inner && cursor.LastName(call.Fn) == "import":
	case ok && call.Arg == inner && strings.HasPrefix(cursor.LastName(call.Fn), "callPackage"):
		return refusal("'%s' is an argument that callPackage fills in by that name, at %s", c.name, placeOf(u, n))
	default:
		return refusal("'%s' may be passed by that name where the file is used, at %s", c.name, placeOf(u, n))
	}
	// import path: called, or given a name whose calls are seen.
	parent, inner = outer()
	switch p := parent.(type) {
	case *ast.Apply:
		if ast.Node(p.Fn) == inner {
			return nil
		}
	case *ast.Attr, *ast.Inherit, *ast.Select, *ast.With, *ast.Let, *ast.Binary, nil:
		return nil
	}
	return refusal("'%s' may be passed by that name to whoever gets the function, at %s", c.name, placeOf(u, n))
}

// placeOf writes a place for people.
func placeOf(u *shape.Unit, n ast.Node) string {
	p := u.File.Position(n.Pos())
	return fmt.Sprintf("%s:%d:%d", u.Path, p.Line, p.Column)
}
