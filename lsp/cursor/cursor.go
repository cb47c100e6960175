// Package cursor finds the syntax around a place in a text.
package cursor

import (
	"sort"

	"gonix.dev/gonix/parser/ast"
)

// Path returns the nodes around an offset, the root first and the innermost last.
// A node's end counts as part of it, since that is where the cursor stands after
// a word; where two nodes touch, the later one is meant.
func Path(root ast.Node, off ast.Pos) []ast.Node {
	if root == nil || !touches(root, off) {
		return nil
	}
	path := []ast.Node{root}
	for n := root; ; {
		next := child(n, off)
		if next == nil {
			return path
		}
		path = append(path, next)
		n = next
	}
}

// child returns the last child of a node that touches an offset, nil when none does.
func child(n ast.Node, off ast.Pos) ast.Node {
	// Of bindings there may be thousands.
	bindings := Bindings(n)
	i := sort.Search(len(bindings), func(i int) bool { return bindings[i].Pos() > off })
	if let, ok := n.(*ast.Let); ok && let.Body != nil && touches(let.Body, off) {
		return let.Body
	}
	if bindings != nil {
		if i > 0 && touches(bindings[i-1], off) {
			return bindings[i-1]
		}
		return nil
	}
	var last ast.Node
	for c := range ast.Children(n) {
		if c.Pos() > off {
			break
		}
		if touches(c, off) {
			last = c
		}
	}
	return last
}

// Before returns the root and, in each node, the last child that begins before an
// offset: what may lack its end there.
func Before(root ast.Node, off ast.Pos) []ast.Node {
	var nodes []ast.Node
	for n := root; n != nil; {
		nodes = append(nodes, n)
		var last ast.Node
		for c := range ast.Children(n) {
			if c.Pos() >= off {
				break
			}
			last = c
		}
		n = last
	}
	return nodes
}

func touches(n ast.Node, off ast.Pos) bool { return n.Pos() <= off && off <= n.Stop() }

// Cover returns the nodes around a whole span, the root first and the innermost
// last.
func Cover(root ast.Node, s ast.Span) []ast.Node {
	path := Path(root, s.Start)
	for len(path) > 0 && path[len(path)-1].Stop() < s.End {
		path = path[:len(path)-1]
	}
	if s.Start == s.End || len(path) == 0 {
		return path
	}
	// Path prefers the later of two nodes that touch; the earlier never holds more
	// than the place itself.
	return path
}

// Innermost returns the innermost node of a type on a path, and the index of it;
// -1 when there is none.
func Innermost[T ast.Node](path []ast.Node) (T, int) {
	for i := len(path) - 1; i >= 0; i-- {
		if n, ok := path[i].(T); ok {
			return n, i
		}
	}
	var none T
	return none, -1
}

// Unparen returns the expression inside any parentheses.
func Unparen(e ast.Expr) ast.Expr {
	for {
		p, ok := e.(*ast.Paren)
		if !ok {
			return e
		}
		e = p.X
	}
}

// Call takes an application apart: the function, and its arguments in order.
func Call(e ast.Expr) (fn ast.Expr, args []ast.Expr) {
	for {
		a, ok := e.(*ast.Apply)
		if !ok {
			break
		}
		args = append(args, a.Arg)
		e = a.Fn
	}
	for i, j := 0, len(args)-1; i < j; i, j = i+1, j-1 {
		args[i], args[j] = args[j], args[i]
	}
	return e, args
}

// StaticPath returns the names of an attribute path, and whether all of them are
// known.
func StaticPath(path []*ast.AttrName) ([]string, bool) {
	names := make([]string, len(path))
	for i, n := range path {
		if n.Dynamic() {
			return nil, false
		}
		names[i] = n.Name
	}
	return names, true
}

// Literal returns the text of a string without interpolation.
func Literal(e ast.Expr) (string, bool) {
	var parts []ast.Part
	switch e := e.(type) {
	case *ast.String:
		parts = e.Parts
	case *ast.IndString:
		parts = e.Parts
	default:
		return "", false
	}
	text := ""
	for _, p := range parts {
		if p.Expr != nil {
			return "", false
		}
		text += p.Text
	}
	return text, true
}

// LastName returns the name that a variable or selection ends with; "" for
// others, and for selections that are being typed.
func LastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.Select:
		if n := len(e.Path); n > 0 {
			return e.Path[n-1].Name
		}
	}
	return ""
}

// Bindings returns the bindings of a set or let; none for other nodes.
func Bindings(n ast.Node) []ast.Binding {
	switch n := n.(type) {
	case *ast.AttrSet:
		return n.Bindings
	case *ast.Let:
		return n.Bindings
	}
	return nil
}
