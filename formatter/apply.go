package formatter

import "gonix.dev/gonix/parser/ast"

// application is a function with all its arguments, `f a b c`.
//
// Its elements are separated by spaces that become line breaks. So that as many
// arguments as possible stay on the first line, the function with its first
// argument is a group, that with the second one too, and so on; these groups are
// transparent, because each argument is a priority group: an argument may take
// several lines by itself as long as the others stay on its first and last one.
type application struct {
	head ast.Expr // nil for the keyword assert, which is laid out like a function
	word ast.Span // that keyword
	args []ast.Expr

	// pre is a spacing before the function, inside of the group, so that the
	// application may start on a new line rather than expand; nop for none.
	pre kind
	// indent puts a function that does not fit on a line below.
	indent bool
	// post puts a line break at the end when the arguments are on their own lines.
	post bool
}

// call returns the function and the arguments of an application. The arguments
// are on a stack, from which release takes them.
func (p *printer) call(n *ast.Apply) (head ast.Expr, args []ast.Expr) {
	count := 1
	for fn, ok := n.Fn.(*ast.Apply); ok; fn, ok = fn.Fn.(*ast.Apply) {
		count++
	}
	mark := len(p.args)
	for range count {
		p.args = append(p.args, nil)
	}
	for i := len(p.args) - 1; i >= mark; i-- {
		p.args[i] = n.Arg
		head = n.Fn
		n, _ = head.(*ast.Apply)
	}
	return head, p.args[mark:]
}

func (p *printer) release(args []ast.Expr) { p.args = p.args[:len(p.args)-len(args)] }

// application prints a function and its arguments.
func (p *printer) application(a application) {
	start, end := a.word.Start, a.word.End
	simple := false
	if a.head != nil {
		start, end = a.head.Pos(), firstEnd(a.head)
		simple = p.simpleCall(a)
	}
	// Comments before the function stay out: they would expand its group.
	p.raise(start, end)
	before := p.takeNotes(start)
	p.notes(before)

	last := len(a.args) - 1
	p.enter(regular)
	switch first := len(p.elems); {
	case last > 0 && isList(a.args[last-1]) && isList(a.args[last]):
		// Two lists at the end are treated alike.
		p.function(a, last-1, before)
		p.space(space)
		p.level++
		p.innerGroup(a.args[last-1])
		p.space(space)
		p.innerGroup(a.args[last])
		p.level--
		p.postApplication(a)
	default:
		breaks := p.breaks
		p.function(a, last, before)
		if simple && p.breaks == breaks {
			p.flatten(first, 0)
			p.space(hardSpace)
			p.lastArgument(a.args[last])
			break
		}
		p.space(space)
		p.lastArgument(a.args[last])
		p.postApplication(a)
	}
	p.leave()
	if a.post && !before.empty() {
		p.space(hardLine)
	}
}

func (p *printer) postApplication(a application) {
	if a.post {
		p.space(brk)
	}
}

// function prints the function with its first n arguments.
func (p *printer) function(a application, n int, before notes) {
	if a.pre != nop {
		p.space(a.pre)
	}
	p.enter(transparent)
	p.applied(a, n, before)
	p.leave()
}

func (p *printer) applied(a application, n int, before notes) {
	if n == 0 {
		switch {
		case a.head == nil:
			p.token(a.word.Start, a.word.End)
		case a.indent && before.empty():
			p.level++
			p.enter(regular)
			p.space(brk)
			p.expr(a.head)
			p.leave()
			p.level--
		default:
			p.expr(a.head)
		}
		return
	}
	arg := a.args[n-1]
	_, isSelect := arg.(*ast.Select)
	switch {
	case isSelect:
		// Expanding a selection would only move what follows its dot.
		p.enter(transparent)
		p.applied(a, n-1, before)
		p.leave()
		p.space(space)
		p.level++
		p.enter(regular)
		p.argument(arg)
		p.leave()
		p.level--
	case n > 1 && isList(arg) && isList(a.args[n-2]):
		p.enter(transparent)
		p.enter(transparent)
		p.applied(a, n-2, before)
		p.leave()
		p.level++
		p.enter(regular)
		p.space(space)
		p.innerGroup(a.args[n-2])
		p.space(space)
		p.innerGroup(arg)
		p.leave()
		p.level--
		p.leave()
	default:
		p.enter(transparent)
		p.applied(a, n-1, before)
		p.leave()
		p.space(space)
		p.level++
		p.enter(priority)
		p.argument(arg)
		p.leave()
		p.level--
	}
}

func isList(e ast.Expr) bool {
	_, ok := e.(*ast.List)
	return ok
}

func (p *printer) innerGroup(e ast.Expr) {
	p.enter(regular)
	p.argument(e)
	p.leave()
}

// argument prints an argument that is not the last one, or one of two lists.
func (p *printer) argument(e ast.Expr) {
	if n, ok := e.(*ast.List); ok && p.shortList(n) {
		p.list(n, true)
		return
	}
	p.expr(e)
}

// lastArgument prints the last argument, which may start on the line of the
// function and go on below it.
func (p *printer) lastArgument(e ast.Expr) {
	if p.absorbable(e) {
		p.enter(priority)
		p.level++
		p.term(e, false)
		p.level--
		p.leave()
		return
	}
	paren, ok := e.(*ast.Paren)
	if !ok {
		p.enter(regular)
		p.level++
		p.expr(e)
		p.level--
		p.leave()
		return
	}
	switch x := paren.X.(type) {
	case *ast.Lambda: // (x: { })
		if x.Formals != nil || !p.absorbable(x.Body) || !p.bare(paren.Start, paren.Start+1) ||
			!p.bare(x.Arg.Start, x.Arg.End) || !p.bare(x.Colon, x.Colon+1) {
			break
		}
		p.enter(priority)
		p.level++
		p.word(paren.Start, 1)
		p.token(x.Arg.Start, x.Arg.End)
		p.word(x.Colon, 1)
		p.space(hardSpace)
		p.term(x.Body, true)
		p.word(paren.End-1, 1)
		p.level--
		p.leave()
		return
	case *ast.Apply: // (f { })
		fn, ok := x.Fn.(*ast.Ident)
		if !ok || !p.absorbable(x.Arg) || !p.bare(paren.Start, paren.Start+1) ||
			!p.bare(fn.Start, fn.End) || !p.bare(paren.End-1, paren.End) {
			break
		}
		p.enter(priority)
		p.level++
		p.word(paren.Start, 1)
		p.token(fn.Start, fn.End)
		p.space(hardSpace)
		p.term(x.Arg, true)
		p.word(paren.End-1, 1)
		p.level--
		p.leave()
		return
	}
	p.absorbParen(paren)
}

// simpleCall reports whether an application is short enough to stay on one line
// up to its last argument.
func (p *printer) simpleCall(a application) bool {
	if len(a.args) > 2 || !p.simple(a.head, false) {
		return false
	}
	for _, arg := range a.args {
		if !p.simple(arg, false) {
			return false
		}
	}
	return true
}

// simple reports whether an expression is a name, a literal, a plain selection,
// or such in parentheses or applied to up to two of them, without comments. The
// notes before an item of a list belong to the list.
func (p *printer) simple(e ast.Expr, item bool) bool {
	for {
		switch n := e.(type) {
		case *ast.Ident, *ast.Int, *ast.Float, *ast.SearchPath, *ast.Path, *ast.String, *ast.IndString, *ast.URI:
			return (item || !p.hasNotes(e.Pos())) && !p.hasComment(e.Stop())
		case *ast.Select:
			if n.Default != nil {
				return false
			}
			for _, name := range n.Path {
				if !plainName(name) {
					return false
				}
			}
			e = n.X
		case *ast.Paren:
			if !item && p.hasNotes(n.Start) || p.hasComment(n.Start+1) || !p.bare(n.End-1, n.End) {
				return false
			}
			item = false
			e = n.X
		case *ast.Apply:
			if fn, ok := n.Fn.(*ast.Apply); ok {
				if _, ok := fn.Fn.(*ast.Apply); ok {
					return false
				}
			}
			if !p.simple(n.Fn, item) {
				return false
			}
			item = false
			e = n.Arg
		default:
			return false
		}
	}
}
