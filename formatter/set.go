package formatter

import "gonix.dev/gonix/parser/ast"

// attrSet prints an attribute set. A wide one is expanded even if it has one
// binding and would fit on a line.
func (p *printer) attrSet(n *ast.AttrSet, wide bool) {
	opened, closed := n.Open, n.End-1
	if opened > n.Start {
		p.word(n.Start, 3) // rec or let
		p.space(hardSpace)
	}
	empty := len(n.Bindings) == 0 && !p.hasNotes(closed)
	if empty && p.bare(opened, opened+1) {
		p.word(opened, 1)
		if p.sameLine(opened, closed) {
			p.space(hardSpace)
		} else {
			p.space(hardLine)
		}
		p.word(closed, 1)
		return
	}
	sep := space
	if wide && !empty || !p.sameLine(opened, closed) {
		sep = hardLine
	}
	first := p.takeComment(opened + 1)
	p.word(opened, 1)
	p.space(sep)
	p.level++
	p.comment(first)
	items(p, hardLine, n.Bindings, closed, (*printer).binding)
	p.level--
	p.space(sep)
	p.word(closed, 1)
}

// items prints the items between brackets or after let, each with the notes
// before it on lines of their own. Notes before the token at end close the list.
func items[T ast.Node](p *printer, sep kind, list []T, end ast.Pos, print func(*printer, T)) {
	final := p.hasNotes(end)
	for i, it := range list {
		last := i == len(list)-1 && !final
		notes := p.takeNotes(it.Pos())
		if !notes.empty() {
			if notes.to-notes.from == 1 && p.all[notes.from].kind == annotation {
				p.note(&p.all[notes.from])
				p.space(hardSpace)
			} else {
				if p.all[notes.to-1].kind == annotation {
					p.unsettled = true
				}
				p.notes(notes)
				p.space(sep)
			}
		}
		if notes.empty() && p.asWritten(it) {
			p.lone(int32(it.Pos()), int32(it.Stop()))
		} else {
			p.enter(regular)
			print(p, it)
			p.leave()
		}
		if !last {
			p.space(sep)
		}
	}
	if final {
		p.notes(p.takeNotes(end))
	}
}

// binding prints a binding of a set or let.
func (p *printer) binding(b ast.Binding) {
	switch n := b.(type) {
	case *ast.Attr:
		p.attr(n)
	case *ast.Inherit:
		p.inherit(n)
	}
}

// attr prints path = value;.
func (p *printer) attr(n *ast.Attr) {
	p.attrPath(n.Path)
	p.level++
	p.space(hardSpace)
	p.word(n.Eq, 1)
	if plainPath(n.Path) {
		p.value(n.Value)
	} else {
		// What is on the left may be long enough for a line of its own.
		p.space(brk)
		p.enter(priority)
		p.value(n.Value)
		p.leave()
	}
	p.level--
	p.word(n.End-1, 1)
}

// plainName reports whether a name is an identifier.
func plainName(n *ast.AttrName) bool { return !n.Quoted && n.Braced == nil && n.Expr == nil }

// plainPath reports whether a path is of up to four identifiers.
func plainPath(path []*ast.AttrName) bool {
	if len(path) > 4 {
		return false
	}
	for _, n := range path {
		if !plainName(n) {
			return false
		}
	}
	return true
}

// attrPath prints a.b.c.
func (p *printer) attrPath(path []*ast.AttrName) {
	for i, n := range path {
		if i > 0 {
			p.word(p.next(path[i-1].End), 1)
		}
		p.attrName(n)
	}
}

// attrName prints a component of an attribute path.
func (p *printer) attrName(n *ast.AttrName) {
	switch {
	case n.Braced != nil:
		p.lexeme(n.Span, func() { p.interpolation(n.Span, n.Braced) })
	case n.Quoted:
		s, ok := n.Expr.(*ast.String)
		if !ok {
			s = &ast.String{Span: n.Span}
		}
		p.lexeme(n.Span, func() { p.str(s) })
	default:
		p.token(n.Start, n.End)
	}
}

// inherit prints inherit (from) a b c;. Only a few names that are on one line
// already stay there.
func (p *printer) inherit(n *ast.Inherit) {
	const word = ast.Pos(len("inherit"))
	semi := n.End - 1
	sep, end := hardLine, hardLine
	if p.sameLine(n.Start, semi) && len(n.Names) < 4 {
		sep, end = space, brk
	}
	p.word(n.Start, word)
	p.level++
	if n.From != nil {
		opened := p.next(n.Start + word)
		closed := p.next(n.From.Stop())
		p.enter(regular)
		p.space(space)
		p.paren(&ast.Paren{Span: ast.Span{Start: opened, End: closed + 1}, X: n.From})
		p.leave()
	}
	for _, name := range n.Names {
		p.space(sep)
		p.attrName(name)
	}
	if len(n.Names) == 0 {
		p.space(sep)
	}
	p.space(end)
	p.word(semi, 1)
	p.level--
}
