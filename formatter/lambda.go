package formatter

import "gonix.dev/gonix/parser/ast"

// lambda prints a function.
func (p *printer) lambda(n *ast.Lambda) {
	if n.Formals == nil {
		p.curried(n)
		return
	}
	if n.Arg != nil && n.Formals.ArgFirst {
		p.token(n.Arg.Start, n.Arg.End)
		p.word(p.next(n.Arg.End), 1)
	}
	p.formals(n.Formals)
	if n.Arg != nil && !n.Formals.ArgFirst {
		p.word(p.next(n.Formals.End), 1)
		p.token(n.Arg.Start, n.Arg.End)
	}
	p.word(n.Colon, 1)
	p.space(space)
	if isTerm(n.Body) && p.absorbable(n.Body) {
		p.enter(regular)
		p.term(n.Body, true)
		p.leave()
		return
	}
	p.expr(n.Body)
}

// curried prints a function of a plain argument, together with those it returns
// directly: their arguments are all on one line.
func (p *printer) curried(n *ast.Lambda) {
	p.enter(regular)
	p.space(brk)
	p.token(n.Arg.Start, n.Arg.End)
	p.word(n.Colon, 1)
	arguments := 1
	for {
		inner, ok := n.Body.(*ast.Lambda)
		if !ok || inner.Formals != nil {
			break
		}
		n = inner
		arguments++
		p.space(hardSpace)
		p.token(n.Arg.Start, n.Arg.End)
		p.word(n.Colon, 1)
	}
	switch {
	case p.absorbableExpr(n.Body):
		p.space(hardSpace)
		p.enter(priority)
		p.absorb(n.Body, false)
		p.leave()
	case arguments <= 2:
		p.space(space)
		p.expr(n.Body)
	default:
		p.space(hardLine)
		p.expr(n.Body)
	}
	p.leave()
}

// formal is one of the formals of a function, or its ellipsis.
type formal struct {
	*ast.Formal         // nil for the ellipsis
	question    ast.Pos // when there is a default
	// comma is where the comma is, or the end of the formal when it has none
	// and gets one.
	comma    ast.Pos
	hasComma bool
	added    bool  // the comma is not in the source
	comment  piece // the comment after an added comma, or one moved there
}

// formals prints the formals in braces.
func (p *printer) formals(n *ast.Formals) {
	opened, closed := n.Start, n.End-1
	p.enter(regular)
	p.raise(opened, opened+1)
	p.word(opened, 1)
	if len(n.List) == 0 && !n.Ellipsis {
		if p.sameLine(opened, closed) {
			p.space(hardSpace)
		} else {
			p.space(hardLine)
		}
		p.word(closed, 1)
		p.leave()
		return
	}
	list := p.formalList(n)
	sep := hardLine
	if p.sameLine(opened, closed) && fewFormals(n) {
		sep = space
	}
	p.space(sep)
	p.level++
	for i := range list {
		if i > 0 {
			p.space(sep)
		}
		if list[i].Formal == nil {
			p.word(n.EllipsisPos, 3)
			continue
		}
		p.formal(&list[i], i == len(list)-1)
	}
	p.level--
	p.space(sep)
	p.level++
	p.notes(p.takeNotes(closed))
	p.level--
	p.word(closed, 1)
	p.leave()
	p.formalStack = p.formalStack[:len(p.formalStack)-len(list)]
}

// fewFormals reports whether formals may be on one line: up to two, and an
// ellipsis, without defaults.
func fewFormals(n *ast.Formals) bool {
	if len(n.List) > 2 {
		return false
	}
	for _, f := range n.List {
		if f.Default != nil {
			return false
		}
	}
	return true
}

// formalList prepares formals for printing: comments that were written for
// commas at the start of lines move to where they are right for commas at the
// end. The list is on a stack.
func (p *printer) formalList(n *ast.Formals) []formal {
	mark := len(p.formalStack)
	for _, f := range n.List {
		it := formal{Formal: f, comma: f.End}
		if f.Default != nil {
			it.question = p.next(f.Name.End)
		}
		if at := p.next(f.End); p.src[at] == ',' {
			it.comma, it.hasComma = at, true
		}
		p.formalStack = append(p.formalStack, it)
	}
	if n.Ellipsis {
		p.formalStack = append(p.formalStack, formal{})
	}
	list := p.formalStack[mark:]

	// Notes before a comma are about what follows it.
	for i := range list {
		it := &list[i]
		switch {
		case it.Formal == nil:
		case i == len(list)-1:
			if !it.hasComma {
				it.hasComma, it.added = true, true
			}
		case it.hasComma && !p.hasComment(it.comma+1):
			next := n.EllipsisPos
			if list[i+1].Formal != nil {
				next = list[i+1].Name.Start
			}
			if before := p.movable(it.comma); !before.empty() {
				p.setNotes(next, p.join(before, p.takeNotes(next)))
			}
		}
	}
	// A comment between a formal and its comma goes behind the comma.
	for i := range list {
		it := &list[i]
		if it.Formal != nil && it.hasComma && (it.added || p.bare(it.comma, it.comma+1)) {
			it.comment = p.takeComment(it.End)
		}
	}
	return list
}

// formal prints a formal with its comma. The comma of the last one is there only
// when the formals are on several lines, unless there is a comment with it.
func (p *printer) formal(f *formal, last bool) {
	if f.Default != nil {
		p.enter(regular)
	}
	p.notes(p.takeNotes(f.Name.Start)) // at home here
	if f.Default == nil {
		p.token(f.Name.Start, f.Name.End)
	} else {
		p.token(f.Name.Start, f.Name.End)
		p.space(hardSpace)
		p.level++
		p.word(f.question, 1)
		p.value(f.Default)
		p.level--
	}
	if f.hasComma {
		bare := f.comment.size == 0 && (f.added || p.bare(f.comma, f.comma+1))
		switch {
		case last && bare:
			if f.Default != nil {
				p.leave()
			}
			p.string(optionalText, ",")
			return
		case f.added:
			p.string(text, ",")
		default:
			p.word(f.comma, 1)
		}
		p.comment(f.comment)
	}
	if f.Default != nil {
		p.leave()
	}
}
