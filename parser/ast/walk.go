package ast

import "iter"

// Children yields the direct children of n in source order: expressions,
// bindings, attribute names, formals and identifiers.
func Children(n Node) iter.Seq[Node] {
	return func(yield func(Node) bool) {
		eachChild(n, yield)
	}
}

// Inspect calls f for n and, while f returns true, for all below it, in source
// order.
func Inspect(n Node, f func(Node) bool) {
	if f(n) {
		eachChild(n, func(c Node) bool { Inspect(c, f); return true })
	}
}

func eachChild(n Node, yield func(Node) bool) bool {
	expr := func(e Expr) bool { return e == nil || yield(e) }
	parts := func(ps []Part) bool {
		for _, p := range ps {
			if !expr(p.Expr) {
				return false
			}
		}
		return true
	}
	names := func(ns []*AttrName) bool {
		for _, a := range ns {
			if !yield(a) {
				return false
			}
		}
		return true
	}
	bindings := func(bs []Binding) bool {
		for _, b := range bs {
			if !yield(b) {
				return false
			}
		}
		return true
	}
	switch n := n.(type) {
	case *String:
		return parts(n.Parts)
	case *IndString:
		return parts(n.Parts)
	case *Path:
		return parts(n.Parts)
	case *Paren:
		return expr(n.X)
	case *List:
		for _, e := range n.Elems {
			if !yield(e) {
				return false
			}
		}
	case *AttrSet:
		return bindings(n.Bindings)
	case *Let:
		return bindings(n.Bindings) && expr(n.Body)
	case *Lambda:
		argFirst := n.Formals == nil || n.Formals.ArgFirst
		if n.Arg != nil && argFirst && !yield(n.Arg) {
			return false
		}
		if n.Formals != nil && !yield(n.Formals) {
			return false
		}
		if n.Arg != nil && !argFirst && !yield(n.Arg) {
			return false
		}
		return expr(n.Body)
	case *Formals:
		for _, f := range n.List {
			if !yield(f) {
				return false
			}
		}
	case *Formal:
		return yield(n.Name) && expr(n.Default)
	case *Apply:
		return expr(n.Fn) && expr(n.Arg)
	case *Select:
		return expr(n.X) && names(n.Path) && expr(n.Default)
	case *HasAttr:
		return expr(n.X) && names(n.Path)
	case *If:
		return expr(n.Cond) && expr(n.Then) && expr(n.Else)
	case *Assert:
		return expr(n.Cond) && expr(n.Body)
	case *With:
		return expr(n.Scope) && expr(n.Body)
	case *Unary:
		return expr(n.X)
	case *Binary:
		return expr(n.X) && expr(n.Y)
	case *AttrName:
		if n.Braced != nil {
			return expr(n.Braced)
		}
		return expr(n.Expr)
	case *Attr:
		return names(n.Path) && expr(n.Value)
	case *Inherit:
		return expr(n.From) && names(n.Names)
	}
	return true
}
