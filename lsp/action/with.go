package action

import (
	"slices"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// provided returns the uses that a with may provide, when it is the only one
// around them that may: taking the names from it is then what happens anyway.
func (r *Request) provided() (*ast.With, []*scope.Use) {
	w, i := cursor.Innermost[*ast.With](r.path)
	if i < 0 || r.Span.Start > w.Semi+1 {
		return nil, nil
	}
	var uses []*scope.Use
	for _, u := range r.Scope.Uses {
		if u.Def != nil || u.Start < w.Semi || u.End > w.End {
			continue
		}
		withs := 0
		mine := false
		for s := u.With; s != nil; s = s.Parent {
			if s.IsWith() {
				withs++
				mine = mine || s.Node == ast.Node(w)
			}
		}
		if !mine {
			continue
		}
		if withs > 1 {
			return nil, nil // which of them it comes from, only evaluation tells
		}
		uses = append(uses, u)
	}
	return w, uses
}

// withToLet turns with e; body into let inherit (e) ...; in body.
func withToLet(r *Request) []Action {
	w, uses := r.provided()
	if len(uses) == 0 {
		return nil
	}
	var names []string
	for _, u := range uses {
		if !slices.Contains(names, u.Name) {
			names = append(names, u.Name)
		}
	}
	return []Action{{Title: "Convert the with to let inherit", Kind: Rewrite, Edits: []analysis.Edit{
		{Span: ast.Span{Start: w.Start, End: w.Semi + 1}, New: "let inherit (" + r.text(cursor.Unparen(w.Scope)) + ") " + strings.Join(names, " ") + "; in"},
	}}}
}

// withToQualified removes with e; and puts e. before the names that it provides.
func withToQualified(r *Request) []Action {
	w, uses := r.provided()
	if len(uses) == 0 {
		return nil
	}
	switch cursor.Unparen(w.Scope).(type) {
	case *ast.Ident, *ast.Select:
	default:
		return nil // e would be written many times
	}
	from := r.wrapped(cursor.Unparen(w.Scope))
	// The first name of e must mean the same where the names are.
	edits := []analysis.Edit{{Span: ast.Span{Start: w.Start, End: w.Body.Pos()}}}
	done := map[ast.Pos]bool{}
	for _, u := range uses {
		if !r.sameMeaning(w.Scope, u.Scope) {
			return nil
		}
		if !u.Inherit {
			edits = append(edits, insert(u.Start, from+"."))
			continue
		}
		in, _ := cursor.Innermost[*ast.Inherit](cursor.Path(r.File.Root, u.Start))
		if in == nil {
			return nil
		}
		all := true
		for _, n := range in.Names {
			all = all && slices.ContainsFunc(uses, func(x *scope.Use) bool { return x.Span == n.Span })
		}
		if !all {
			return nil
		}
		if !done[in.Start] {
			done[in.Start] = true
			edits = append(edits, insert(in.Start+7, " ("+r.text(cursor.Unparen(w.Scope))+")"))
		}
	}
	return []Action{{Title: "Remove the with and qualify its names", Kind: Rewrite, Edits: edits}}
}

// sameMeaning reports whether the variables of an expression mean the same in
// another scope.
func (r *Request) sameMeaning(e ast.Expr, at *scope.Scope) bool {
	same := true
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if u := r.Scope.UseAt(id.Start); u != nil {
				if u.Def != nil && u.Def.Scope.Start >= e.Pos() && u.Def.Scope.End <= e.Stop() && u.Def.Scope.Node != nil {
					return true // bound inside of it
				}
				def, _ := at.Find(id.Name)
				same = same && def == u.Def
			}
		}
		return true
	})
	return same
}
