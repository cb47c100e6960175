package formatter

import "gonix.dev/gonix/parser/ast"

// list prints a list without a group around it. Each item of a list is on a line
// of its own, unless the list is compact and fits on one.
func (p *printer) list(n *ast.List, compact bool) {
	opened, closed := n.Start, n.End-1
	final := p.hasNotes(closed)
	first := p.takeComment(opened + 1)
	same := p.sameLine(opened, closed)
	if len(n.Elems) == 0 && !final && first.size == 0 && !compact {
		p.word(opened, 1)
		if same {
			p.space(hardSpace)
		} else {
			p.space(hardLine)
		}
		p.word(closed, 1)
		return
	}
	sep := space
	switch {
	case !same, len(n.Elems) == 0 && final:
		sep = hardLine
	case len(n.Elems) == 0 && (first.size > 0 || p.hasNotes(opened)):
		sep = hardLine
	case len(n.Elems) == 0:
		sep = hardSpace
	}
	between := hardLine
	if compact {
		between = space
	}
	p.word(opened, 1)
	p.space(sep)
	p.level++
	p.comment(first)
	items(p, between, n.Elems, closed, (*printer).expr)
	p.level--
	p.space(sep)
	p.word(closed, 1)
}

// shortList reports whether a list may be compact.
func (p *printer) shortList(n *ast.List) bool {
	const most = 6 // items, counting the notes before them
	if len(n.Elems) > most {
		return false
	}
	count := len(n.Elems)
	for _, e := range n.Elems {
		if !p.simple(e, true) {
			return false
		}
		if p.hasNotes(e.Pos()) {
			count++
		}
	}
	if p.hasNotes(n.End - 1) {
		count++
	}
	return count <= most
}
