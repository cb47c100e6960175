package formatter

import "gonix.dev/gonix/parser/ast"

// Absorbing an expression means to start it on the line of what stands before
// it, such as `x = {`, and to let it take as many lines as it needs.

// absorbable reports whether an expression is a term that can be absorbed:
// something in brackets, or a string of several lines.
func (p *printer) absorbable(e ast.Expr) bool {
	for {
		switch n := e.(type) {
		case *ast.IndString:
			return p.multiline(n)
		case *ast.List:
			return len(n.Elems) > 0 || p.absorbableBrackets(n.Start, n.End-1)
		case *ast.AttrSet:
			return len(n.Bindings) > 0 || p.absorbableBrackets(n.Open, n.End-1)
		case *ast.Paren:
			if !p.bare(n.Start, n.Start+1) {
				return false
			}
			e = n.X
		default:
			return false
		}
	}
}

// absorbableBrackets decides for brackets without items between them.
func (p *printer) absorbableBrackets(opened, closed ast.Pos) bool {
	return p.hasNotes(closed) || !p.bare(opened, opened+1) || !p.sameLine(opened, closed)
}

// absorbableExpr reports the same of any expression: besides terms, `with` and
// functions of plain arguments are absorbed when their bodies are.
func (p *printer) absorbableExpr(e ast.Expr) bool {
	for {
		switch n := e.(type) {
		case *ast.With:
			return p.absorbable(n.Body)
		case *ast.Lambda:
			if n.Formals != nil {
				return false
			}
			if _, ok := n.Body.(*ast.Lambda); !ok {
				return p.absorbable(n.Body)
			}
			e = n.Body
		default:
			return p.absorbable(e)
		}
	}
}

// absorb prints an expression that absorbableExpr holds for.
func (p *printer) absorb(e ast.Expr, wide bool) {
	switch n := e.(type) {
	case *ast.With:
		p.absorbWith(n)
	case *ast.Lambda:
		p.expr(e)
	default:
		p.term(e, wide)
	}
}

// absorbParen prints a parenthesised expression that starts on the line of what
// stands before it, and whose content is indented on lines of its own if it does
// not fit there.
func (p *printer) absorbParen(n *ast.Paren) {
	p.enter(priority)
	p.level++
	opening := p.stray(p.asNote(p.takeComment(n.Start + 1)))
	p.token(n.Start, n.Start+1)
	p.space(brk)
	p.enter(regular)
	p.level++
	if !opening.empty() {
		start := n.X.Pos()
		p.setNotes(start, p.join(opening, p.takeNotes(start)))
	}
	p.expr(n.X)
	p.notes(p.takeNotes(n.End - 1))
	p.level--
	p.leave()
	p.space(brk)
	p.token(n.End-1, n.End)
	p.level--
	p.leave()
}

// value prints what is assigned or is a default, from the space after the sign
// on.
func (p *printer) value(e ast.Expr) {
	if set, ok := e.(*ast.AttrSet); ok && p.onlyInherits(set) {
		p.level++
		p.space(hardSpace)
		p.enter(regular)
		p.term(e, false)
		p.leave()
		p.level--
		return
	}
	if p.absorbableExpr(e) {
		p.level++
		p.space(hardSpace)
		p.enter(regular)
		p.absorb(e, true)
		p.leave()
		p.level--
		return
	}
	switch n := e.(type) {
	case *ast.Paren:
		p.level++
		p.space(hardSpace)
		p.absorbParen(n)
		p.level--
	case *ast.String, *ast.IndString, *ast.URI, *ast.Path:
		// Starting these on a new line would gain nothing.
		p.level++
		p.space(hardSpace)
		p.groupOf(e)
		p.level--
	case *ast.Apply:
		p.level++
		h, args := p.call(n)
		p.application(application{head: h, args: args, pre: space})
		p.release(args)
		p.level--
	case *ast.With:
		p.valueGroup(e)
	case *ast.Binary:
		p.operationValue(n)
	default:
		if isTerm(e) {
			p.valueGroup(e)
			return
		}
		p.valueBelow(e)
	}
}

// valueGroup prints a value that starts on a line of its own if it does not fit
// on one.
func (p *printer) valueGroup(e ast.Expr) {
	p.level++
	p.enter(regular)
	p.space(space)
	p.expr(e)
	p.leave()
	p.level--
}

// valueBelow prints a value that starts on a line of its own if it, with all
// that is around it, does not fit on one.
func (p *printer) valueBelow(e ast.Expr) {
	p.level++
	p.space(space)
	p.groupOf(e)
	p.level--
}

// onlyInherits reports whether a set has one inherit and nothing else.
func (p *printer) onlyInherits(n *ast.AttrSet) bool {
	if len(n.Bindings) != 1 {
		return false
	}
	_, ok := n.Bindings[0].(*ast.Inherit)
	return ok && !p.hasNotes(n.Bindings[0].Pos()) && !p.hasNotes(n.End-1)
}
