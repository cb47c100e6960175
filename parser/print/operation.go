package print

import "gonix.dev/gonix/parser/ast"

// Some operators are calls of builtins to Nix, and a call of a call is one call
// with more arguments; it does not matter which of them was written how.

// call is a call as Nix has it after parsing.
type call struct {
	fn   ast.Expr
	name string // the builtin, when fn is nil
	args []ast.Expr
	zero bool // the first argument is 0, from a negation
}

// asCall returns the call that an expression is, if it is one.
func asCall(x ast.Expr) (call, bool) {
	switch n := x.(type) {
	case *ast.Paren:
		return asCall(n.X)
	case *ast.SearchPath:
		return call{fn: n}, true // printed with its parentheses
	case *ast.Apply:
		if arg, ok := n.Arg.(*ast.Ident); ok && arg.Name == "or" {
			return call{fn: n.Fn, args: []ast.Expr{arg}}, true
		}
		return applied(n.Fn, n.Arg), true
	case *ast.Unary:
		if n.Op == ast.OpNeg {
			return call{name: "__sub", args: []ast.Expr{n.X}, zero: true}, true
		}
	case *ast.Binary:
		switch n.Op {
		case ast.OpSub:
			return call{name: "__sub", args: []ast.Expr{n.X, n.Y}}, true
		case ast.OpMul:
			return call{name: "__mul", args: []ast.Expr{n.X, n.Y}}, true
		case ast.OpDiv:
			return call{name: "__div", args: []ast.Expr{n.X, n.Y}}, true
		case ast.OpLess:
			return call{name: "__lessThan", args: []ast.Expr{n.X, n.Y}}, true
		case ast.OpGreater:
			return call{name: "__lessThan", args: []ast.Expr{n.Y, n.X}}, true
		case ast.OpPipeRight:
			return applied(n.Y, n.X), true
		case ast.OpPipeLeft:
			return applied(n.X, n.Y), true
		}
	}
	return call{}, false
}

// applied calls fn with one more argument.
func applied(fn, arg ast.Expr) call {
	if inner, ok := asCall(fn); ok {
		inner.args = append(inner.args, arg)
		return inner
	}
	return call{fn: fn, args: []ast.Expr{arg}}
}

func (p *printer) operation(x ast.Expr) {
	if c, ok := asCall(x); ok {
		p.call(c)
		return
	}
	switch n := x.(type) {
	case *ast.Unary:
		p.str("(! ")
		p.expr(n.X)
		p.str(")")
	case *ast.Binary:
		switch n.Op {
		case ast.OpLessEq, ast.OpGreaterEq:
			x, y := n.X, n.Y
			if n.Op == ast.OpLessEq {
				x, y = y, x
			}
			p.str("(! ")
			p.call(call{name: "__lessThan", args: []ast.Expr{x, y}})
			p.str(")")
		default:
			p.str("(")
			p.expr(n.X)
			p.str(" ", n.Op.String(), " ")
			p.expr(n.Y)
			p.str(")")
		}
	}
}

func (p *printer) call(c call) {
	p.str("(")
	if n, ok := c.fn.(*ast.SearchPath); ok {
		p.str("__findFile __nixPath ")
		p.literal(n.Name)
	} else if c.fn != nil {
		p.expr(c.fn)
	} else {
		p.str(c.name)
	}
	if c.zero {
		p.str(" 0")
	}
	for _, a := range c.args {
		p.str(" ")
		p.expr(a)
	}
	p.str(")")
}
