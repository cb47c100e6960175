package formatter

import "gonix.dev/gonix/parser/ast"

// let prints let ... in, which is never on one line.
func (p *printer) let(n *ast.Let) {
	p.enter(regular)
	p.word(n.Start, 3)
	p.space(hardLine)
	p.level++
	items(p, hardLine, n.Bindings, n.In, (*printer).binding)
	p.level--
	p.leave()
	p.space(hardLine)
	p.enter(regular)
	p.source(text, int32(n.In), int32(n.In+2))
	p.space(hardLine)
	p.notes(p.stray(p.asNote(p.takeComment(n.In + 2))))
	p.expr(n.Body)
	p.leave()
}

// with prints with scope; and its body.
func (p *printer) with(n *ast.With) {
	p.enter(regular)
	p.scope(n)
	p.leave()
	p.space(space)
	p.expr(n.Body)
}

func (p *printer) scope(n *ast.With) {
	p.word(n.Start, 4)
	p.space(hardSpace)
	p.level++
	p.groupOf(n.Scope)
	p.level--
	p.word(n.Semi, 1)
}

// absorbWith prints a with whose body starts on its line.
func (p *printer) absorbWith(n *ast.With) {
	p.enter(regular)
	p.space(brk)
	p.scope(n)
	p.space(hardSpace)
	p.enter(priority)
	p.term(n.Body, true)
	p.leave()
	p.leave()
}

// assert prints assert condition; and its body. The keyword and the condition are
// laid out like a function and its arguments.
func (p *printer) assert(n *ast.Assert) {
	p.enter(regular)
	mark := len(p.args)
	a := application{word: ast.Span{Start: n.Start, End: n.Start + 6}}
	if call, ok := n.Cond.(*ast.Apply); ok {
		p.args = append(p.args, nil)
		head, args := p.call(call)
		a.args = p.args[mark : mark+1+len(args)]
		a.args[0] = head
	} else {
		p.args = append(p.args, n.Cond)
		a.args = p.args[mark:]
	}
	p.application(a)
	p.args = p.args[:mark]
	p.word(n.Semi, 1)
	p.space(hardLine)
	p.expr(n.Body)
	p.leave()
}

// conditional prints if, with the chain of further ifs after its else.
func (p *printer) conditional(n *ast.If) {
	p.enter(regular)
	p.raise(n.Start, n.Start+2)
	sep := space
	for {
		p.enter(regular)
		p.word(n.Start, 2)
		p.space(space)
		p.level++
		p.expr(n.Cond)
		p.level--
		p.space(space)
		p.word(n.ThenPos, 4)
		p.leave()
		p.space(sep)
		p.level++
		p.groupOf(n.Then)
		p.level--
		p.space(sep)
		p.raise(n.ElsePos, n.ElsePos+4)
		p.word(n.ElsePos, 4)
		p.space(hardSpace)
		next, ok := n.Else.(*ast.If)
		if !ok {
			break
		}
		n, sep = next, hardLine
	}
	p.space(space)
	p.level++
	p.groupOf(n.Else)
	p.level--
	p.leave()
}

// selection prints x.path or default.
func (p *printer) selection(n *ast.Select) {
	p.expr(n.X)
	switch n.X.(type) {
	case *ast.Ident, *ast.SearchPath:
	case *ast.Int, *ast.Float:
		p.space(hardSpace) // 1.a would be a number and a name
	case *ast.Paren:
		p.space(softBreak)
	default:
		p.space(brk)
	}
	p.word(p.next(n.X.Stop()), 1)
	p.attrPath(n.Path)
	if n.Default != nil {
		p.space(softSpace)
		p.level++
		p.word(n.Or, 2)
		p.space(hardSpace)
		p.expr(n.Default)
		p.level--
	}
}

// paren prints a parenthesised expression.
func (p *printer) paren(n *ast.Paren) {
	p.enter(regular)
	p.raise(n.Start, n.Start+1)
	p.word(n.Start, 1)
	p.level++
	p.enclosed(n.X)
	p.notes(p.takeNotes(n.End - 1))
	p.level--
	p.word(n.End-1, 1)
	p.leave()
}

// enclosed prints what is in parentheses.
func (p *printer) enclosed(e ast.Expr) {
	if p.absorbableExpr(e) {
		p.enter(regular)
		p.absorb(e, false)
		p.leave()
		return
	}
	switch n := e.(type) {
	case *ast.Apply:
		h, args := p.call(n)
		p.application(application{head: h, args: args, indent: true, post: true})
		p.release(args)
	case *ast.Select:
		if p.absorbable(n.X) {
			p.space(brk)
		}
		p.groupOf(e)
		p.space(brk)
	default:
		p.space(brk)
		p.groupOf(e)
		p.space(brk)
	}
}
