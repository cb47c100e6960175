package formatter

import (
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// printer makes the document of a file. The rules of the format are its methods,
// one file for each family of constructs.
type printer struct {
	doc
	trivia
	regions regions
	// strict ignores where the source breaks its lines.
	strict bool
	width  int32 // of a line

	// Scratch space, used as stacks.
	parts       []strPart
	args        []ast.Expr
	formalStack []formal
}

// file makes the document of a whole file.
func (p *printer) file(f *ast.File, strict bool, width int32) {
	p.doc.reset(f.Src, len(f.Tokens))
	p.regions.reset(f.Src)
	p.strict, p.width = strict, width
	p.parts, p.args, p.formalStack = p.parts[:0], p.args[:0], p.formalStack[:0]
	p.attach(&p.doc, f, &p.regions)

	end := ast.Pos(len(f.Src))
	final := p.takeNotes(end)
	if n := p.takeNotes(f.Root.Pos()); !n.empty() {
		if p.all[n.from].kind == blankLine {
			p.unsettled = true
		}
		p.setNotes(f.Root.Pos(), n)
	}
	p.groups = append(p.groups, group{})
	p.elems = append(p.elems, elem{kind: open})
	p.enter(regular)
	p.expr(f.Root)
	p.notes(final)
	p.regions.toEnd(p)
	p.leave()
	p.elems = append(p.elems, elem{kind: closer})
	p.groups[0].closer = int32(len(p.elems) - 1)
	p.measure(0)
	for i := int32(1); i < p.groups[0].closer; {
		e := &p.elems[i]
		i++
		if e.kind == open {
			g := &p.groups[e.n]
			i = g.closer + 1
			if g.class == priority || g.class == transparent && g.hasPriority {
				p.groups[0].hasPriority = true
			}
		}
	}
}

// token prints one token with its trivia.
func (p *printer) token(start, end ast.Pos) {
	lead, trail := p.hasLead.has(int32(start)), p.hasTrail.has(int32(end))
	if lead {
		p.notesOf(start)
	}
	p.source(text, int32(start), int32(end))
	if trail {
		p.commentOf(end)
	}
}

// notesOf prints the notes before a token that is not the first of an item.
func (p *printer) notesOf(start ast.Pos) {
	p.notes(p.takeNotes(start))
}

// commentOf prints the comment after a token.
func (p *printer) commentOf(end ast.Pos) {
	p.comment(p.takeComment(end))
}

// word prints a token of n bytes at start.
func (p *printer) word(start ast.Pos, n ast.Pos) { p.token(start, start+n) }

// groupOf prints an expression as a group.
func (p *printer) groupOf(e ast.Expr) {
	p.enter(regular)
	p.expr(e)
	p.leave()
}

// sameLine reports whether two offsets are on one line of the source, for all
// the format is to know.
func (p *printer) sameLine(a, b ast.Pos) bool {
	return p.strict || strings.IndexByte(p.src[a:b], '\n') < 0
}

// next returns the offset of the token at or after pos.
func (p *printer) next(pos ast.Pos) ast.Pos {
	i := int(pos)
	for i < len(p.src) {
		switch c := p.src[i]; {
		case c == ' ' || '\t' <= c && c <= '\r':
			i++
		case c == '#':
			n := strings.IndexAny(p.src[i:], "\r\n")
			if n < 0 {
				return ast.Pos(len(p.src))
			}
			i += n
		case c == '/' && strings.HasPrefix(p.src[i:], "/*"):
			n := strings.Index(p.src[i+2:], "*/")
			if n < 0 {
				return ast.Pos(len(p.src))
			}
			i += n + 4
		default:
			return ast.Pos(i)
		}
	}
	return ast.Pos(i)
}

// firstEnd returns where the first token of an expression ends.
func firstEnd(e ast.Expr) ast.Pos {
	for {
		switch n := e.(type) {
		case *ast.Paren:
			return n.Start + 1
		case *ast.List:
			return n.Start + 1
		case *ast.AttrSet:
			if n.Open > n.Start {
				return n.Start + 3
			}
			return n.Start + 1
		case *ast.Select:
			e = n.X
		case *ast.Apply:
			e = n.Fn
		case *ast.Binary:
			e = n.X
		case *ast.HasAttr:
			e = n.X
		case *ast.Unary:
			return n.Start + 1
		case *ast.If:
			return n.Start + 2
		case *ast.Assert:
			return n.Start + 6
		case *ast.With:
			return n.Start + 4
		case *ast.Let:
			return n.Start + 3
		case *ast.Lambda:
			if n.Arg != nil && (n.Formals == nil || n.Formals.ArgFirst) {
				return n.Arg.End
			}
			return n.Start + 1
		default:
			return e.Stop()
		}
	}
}

// expr prints an expression.
func (p *printer) expr(e ast.Expr) {
	switch n := e.(type) {
	case *ast.List:
		p.enter(regular)
		p.list(n, false)
		p.leave()
	case *ast.Lambda:
		p.lambda(n)
	case *ast.Apply:
		h, args := p.call(n)
		p.application(application{head: h, args: args})
		p.release(args)
	case *ast.Binary:
		p.operation(n)
	case *ast.HasAttr:
		p.expr(n.X)
		p.space(softSpace)
		p.word(n.Op, 1)
		p.space(hardSpace)
		p.attrPath(n.Path)
	case *ast.Unary:
		p.word(n.Start, 1)
		p.expr(n.X)
	case *ast.Let:
		p.let(n)
	case *ast.If:
		p.conditional(n)
	case *ast.Assert:
		p.assert(n)
	case *ast.With:
		p.with(n)
	default:
		p.term(e, false)
	}
}

// isTerm reports whether an expression is no operator, application or keyword
// construct.
func isTerm(e ast.Expr) bool {
	switch e.(type) {
	case *ast.Ident, *ast.Int, *ast.Float, *ast.String, *ast.IndString, *ast.URI, *ast.Path, *ast.SearchPath,
		*ast.Paren, *ast.List, *ast.AttrSet, *ast.Select:
		return true
	}
	return false
}

// term prints a term, a list without the group that expr puts it into. Wide
// attribute sets are expanded even when they would fit on a line.
func (p *printer) term(e ast.Expr, wide bool) {
	switch n := e.(type) {
	case *ast.AttrSet:
		p.attrSet(n, wide)
	case *ast.List:
		p.list(n, false)
	case *ast.Select:
		p.selection(n)
	case *ast.Paren:
		p.paren(n)
	case *ast.String:
		p.lexeme(n.Span, func() { p.str(n) })
	case *ast.IndString:
		p.lexeme(n.Span, func() { p.indString(n) })
	case *ast.URI:
		p.lexeme(n.Span, func() { p.uri(n) })
	case *ast.Path:
		p.lexeme(n.Span, func() { p.path(n) })
	default: // *ast.Ident, *ast.Int, *ast.Float, *ast.SearchPath
		p.token(e.Pos(), e.Stop())
	}
}

// lexeme prints a token that print writes, with its trivia.
func (p *printer) lexeme(s ast.Span, print func()) {
	p.notesOf(s.Start)
	print()
	p.commentOf(s.End)
}
