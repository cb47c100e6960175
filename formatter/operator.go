package formatter

import "gonix.dev/gonix/parser/ast"

// operation prints an operator between its operands.
func (p *printer) operation(n *ast.Binary) {
	switch n.Op {
	case ast.OpLess, ast.OpGreater, ast.OpLessEq, ast.OpGreaterEq, ast.OpEq, ast.OpNotEq:
		p.expr(n.X)
		p.space(softSpace)
		p.operator(n)
		p.space(hardSpace)
		p.expr(n.Y)
	default:
		p.chain(n, false)
	}
}

// operator prints the sign of an operation.
func (p *printer) operator(n *ast.Binary) {
	p.word(n.OpPos, ast.Pos(len(n.Op.String())))
}

// chain prints a chain of one operator: each operand but the first starts a line
// with its operator when they do not all fit on one. A wide chain expands the
// set that starts it.
func (p *printer) chain(n *ast.Binary, wide bool) {
	p.enter(regular)
	p.chainOperand(n.X, n.Op, wide)
	p.link(n)
	p.leave()
}

// chainOperand prints the left operand of an operator of a chain, which may be
// more of the chain.
func (p *printer) chainOperand(e ast.Expr, op ast.Op, wide bool) {
	if n, ok := e.(*ast.Binary); ok && n.Op == op {
		p.chainOperand(n.X, op, wide)
		p.link(n)
		return
	}
	if wide && p.absorbable(e) {
		p.term(e, true)
		return
	}
	p.expr(e)
}

// link prints an operator of a chain and its right operand, which may be more of
// the chain.
func (p *printer) link(n *ast.Binary) {
	for {
		p.space(space)
		size := ast.Pos(len(n.Op.String()))
		p.raise(n.OpPos, n.OpPos+size)
		p.word(n.OpPos, size)
		right, ok := n.Y.(*ast.Binary)
		if !ok || right.Op != n.Op {
			p.level++
			p.operand(n.Y, n.Op)
			p.level--
			return
		}
		p.linkOperand(right)
		n = right
	}
}

// linkOperand prints the first operand of the rest of a chain.
func (p *printer) linkOperand(n *ast.Binary) {
	if left, ok := n.X.(*ast.Binary); ok && left.Op == n.Op {
		p.linkOperand(left)
		p.link(left)
		return
	}
	p.level++
	p.operand(n.X, n.Op)
	p.level--
}

// operand prints an operand of an operator with the spacing before it.
func (p *printer) operand(e ast.Expr, op ast.Op) {
	switch n := e.(type) {
	case *ast.Binary:
		p.enter(regular)
		p.space(space)
		p.operation(n)
		p.leave()
	case *ast.Apply:
		p.enter(regular)
		if op == ast.OpDiv {
			p.space(hardSpace) // a comment must not follow immediately
		}
		h, args := p.call(n)
		p.application(application{head: h, args: args, pre: space})
		p.release(args)
		p.leave()
	default:
		p.space(hardSpace)
		p.expr(e)
	}
}

// operationValue prints an operation that is assigned. Concatenations and
// updates start on the line of the sign when they start with brackets, or when
// all up to the brackets at their end fits there.
func (p *printer) operationValue(n *ast.Binary) {
	switch n.Op {
	case ast.OpUpdate, ast.OpConcat, ast.OpAdd:
	default:
		p.valueBelow(n)
		return
	}
	first, long := n.X, false
	for n.Op == ast.OpAdd {
		left, ok := first.(*ast.Binary)
		if !ok || left.Op != n.Op {
			break
		}
		first, long = left.X, true
	}
	switch {
	case p.absorbable(first) && !p.hasNotes(first.Pos()):
		p.space(hardSpace)
		p.chain(n, true)
	case !long && p.absorbable(n.Y) && p.bare(n.OpPos, n.OpPos+ast.Pos(len(n.Op.String()))):
		p.level++
		p.enter(regular)
		p.space(space)
		p.expr(n.X)
		p.space(space)
		p.enter(transparent)
		p.operator(n)
		p.space(hardSpace)
		p.enter(priority)
		p.term(n.Y, true)
		p.leave()
		p.leave()
		p.leave()
		p.level--
	default:
		p.valueBelow(n)
	}
}
