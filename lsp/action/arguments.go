package action

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// missingArguments makes an undefined name an argument of the functions around
// it, and all undefined names arguments of the file: what callPackage fills in.
func missingArguments(r *Request) []Action {
	use := r.Scope.UseAt(r.Span.Start)
	if use == nil || !r.missing(use) {
		return nil
	}
	var problem *analysis.Diagnostic
	for i := range r.Problems {
		if r.Problems[i].Span == use.Span {
			problem = &r.Problems[i]
		}
	}
	var out []Action
	var outermost *ast.Lambda
	for i := len(r.path) - 1; i >= 0; i-- {
		l, ok := r.path[i].(*ast.Lambda)
		if !ok || l.Formals == nil {
			continue
		}
		title := fmt.Sprintf("Add argument '%s'", use.Name)
		if i == 0 {
			outermost = l
			title += " to the function of the file"
		}
		out = append(out, Action{Title: title, Kind: QuickFix, Edits: r.addFormals(l, []string{use.Name}), Problem: problem})
	}
	if len(out) == 1 {
		out[0].Preferred = true
	}
	names := r.undefined()
	root := cursor.Unparen(r.File.Root)
	switch _, isLambda := root.(*ast.Lambda); {
	case outermost != nil && len(names) > 1:
		out = append(out, Action{
			Title: fmt.Sprintf("Add all %d missing arguments to the function of the file", len(names)),
			Kind:  QuickFix, Edits: r.addFormals(outermost, names), Problem: problem,
		})
	case !isLambda:
		out = append(out, Action{
			Title: fmt.Sprintf("Make the file a function of %s", strings.Join(names, ", ")), Kind: QuickFix,
			Edits: []analysis.Edit{insert(r.File.Root.Pos(), "{ "+strings.Join(names, ", ")+" }:\n")}, Problem: problem,
		})
	}
	return out
}

// likelyBuiltin reports whether a name that is not defined rather lacks its
// `builtins.`. Packages want fetchurl as an argument.
func likelyBuiltin(name string) bool { return scope.IsBuiltin(name) && name != "fetchurl" }

// missing reports whether a use wants an argument: nothing defines the name, and it
// is neither the operator of another language nor a word of a comment without end.
func (r *Request) missing(u *scope.Use) bool {
	return u.Undefined() && !likelyBuiltin(u.Name) && u.Name != "or" && (r.openComment < 0 || u.Start < r.openComment)
}

// undefined returns the names that nothing defines, once each, in order.
func (r *Request) undefined() []string {
	var out []string
	seen := map[string]bool{}
	for _, u := range r.Scope.Uses {
		if !seen[u.Name] && quote.IsIdentifier(u.Name) && r.missing(u) {
			seen[u.Name] = true
			out = append(out, u.Name)
		}
	}
	return out
}

// addFormals adds names to a function's formals, in the style in which those that
// are there are written.
func (r *Request) addFormals(l *ast.Lambda, names []string) []analysis.Edit {
	fs, src := l.Formals, r.File.Src
	list := strings.Join(names, ", ")
	if len(fs.List) == 0 {
		if fs.Ellipsis {
			return []analysis.Edit{insert(fs.EllipsisPos, list+", ")}
		}
		return []analysis.Edit{replace(fs, "{ "+list+" }")}
	}
	last := fs.List[len(fs.List)-1]
	sep := ", "
	if len(fs.List) > 1 {
		// What stands between two arguments stands between the others.
		prev := fs.List[len(fs.List)-2]
		if between := src[prev.End:last.Start]; !commentIn(between) {
			sep = between
		}
	} else if between := src[fs.Start+1 : last.Start]; strings.Contains(between, "\n") {
		sep = "," + between
	}
	text := ""
	for _, n := range names {
		text += sep + n
	}
	return []analysis.Edit{insert(last.End, text)}
}

// patternFromArgument turns x: ... x.a ... x.b ... into { a, b, ... }: ... a ... b
// ...; it is offered where x is used for nothing else.
func patternFromArgument(r *Request) []Action {
	l, i := cursor.Innermost[*ast.Lambda](r.path)
	if i < 0 || l.Formals != nil || l.Arg == nil || r.Span.Start > l.Colon {
		return nil
	}
	d := r.Scope.DefAt(l.Arg.Start)
	if d == nil || len(d.Uses) == 0 {
		return nil
	}
	var names []string
	var edits []analysis.Edit
	seen := map[string]bool{}
	ok := true
	uses := map[ast.Pos]bool{}
	for _, u := range d.Uses {
		uses[u.Start] = true
	}
	found := 0
	ast.Inspect(l.Body, func(n ast.Node) bool {
		sel, isSelect := n.(*ast.Select)
		if !isSelect {
			return true
		}
		id, isIdent := sel.X.(*ast.Ident)
		if !isIdent || !uses[id.Start] || len(sel.Path) == 0 {
			return true
		}
		found++
		first := sel.Path[0]
		if first.Dynamic() || !quote.IsIdentifier(first.Name) || sel.Default != nil && len(sel.Path) == 1 {
			ok = false
			return true
		}
		if inner, _ := r.Scope.ScopeAt(id.Start).Find(first.Name); inner != nil && inner.Scope.Node != nil {
			ok = false // the name means something there already
		}
		if !seen[first.Name] {
			seen[first.Name] = true
			names = append(names, first.Name)
		}
		edits = append(edits, analysis.Edit{Span: ast.Span{Start: id.Start, End: first.End}, New: first.Name})
		return true
	})
	if !ok || found != len(d.Uses) {
		return nil
	}
	edits = append([]analysis.Edit{replace(l.Arg, "{ "+strings.Join(names, ", ")+", ... }")}, edits...)
	return []Action{{Title: fmt.Sprintf("Take '%s' apart into a pattern", l.Arg.Name), Kind: Rewrite, Edits: edits}}
}
