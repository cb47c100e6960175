package formatter

import "gonix.dev/gonix/parser/ast"

// Most items of sets and lists are as simple as `name = "value";`, and most of
// these are written already as they are to be. They are one text of the document
// rather than a dozen elements, which is most of what makes formatting fast.

// asWritten reports whether an item is printed on one line, as it is written.
func (p *printer) asWritten(item ast.Node) bool {
	if p.hasTrail.has(int32(item.Stop())) {
		return false
	}
	switch n := item.(type) {
	case *ast.Attr:
		// Longer ones may be broken after the sign.
		return int32(n.End-n.Start) <= p.width && p.attrAsWritten(n)
	case ast.Expr:
		return p.valueAsWritten(n)
	}
	return false
}

func (p *printer) attrAsWritten(n *ast.Attr) bool {
	end := n.Start
	for i, name := range n.Path {
		if i > 0 {
			end++ // a dot
		}
		if name.Start != end || name.Braced != nil || name.Expr != nil {
			return false
		}
		end = name.End
	}
	const sign = " = "
	value := end + ast.Pos(len(sign))
	return n.Value.Pos() == value && n.Value.Stop() == n.End-1 && p.src[end:value] == sign &&
		p.valueAsWritten(n.Value)
}

// valueAsWritten reports whether an expression is one token, or a few without
// spaces.
func (p *printer) valueAsWritten(e ast.Expr) bool {
	switch n := e.(type) {
	case *ast.String:
		return !interpolated(n.Parts)
	case *ast.Path:
		return !interpolated(n.Parts)
	case *ast.Ident, *ast.Int, *ast.Float, *ast.SearchPath:
		return true
	case *ast.Select:
		x, ok := n.X.(*ast.Ident)
		if !ok || n.Default != nil {
			return false
		}
		end := x.End
		for _, name := range n.Path {
			if name.Start != end+1 || !plainName(name) {
				return false
			}
			end = name.End
		}
		return true
	}
	return false
}
