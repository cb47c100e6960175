package action

import (
	"fmt"
	"slices"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// provided returns the uses that a with may provide, and whether there are other
// withs around them that may, too: then only evaluation tells which of them does.
// There are none if another with comes before this one.
func (r *Request) provided() (w *ast.With, uses []*scope.Use, alone bool) {
	w, i := cursor.Innermost[*ast.With](r.path)
	if i < 0 || r.Span.Start > w.Semi+1 {
		return nil, nil, false
	}
	alone = true
	for _, u := range r.Scope.Uses {
		if u.Def != nil || u.Start < w.Semi || u.End > w.End || u.With == nil {
			continue
		}
		if u.With.Node != ast.Node(w) {
			return nil, nil, false
		}
		for s := u.With.Parent; s != nil; s = s.Parent {
			alone = alone && !s.IsWith()
		}
		uses = append(uses, u)
	}
	return w, uses, alone
}

// withToLet turns with e; body into let inherit (e) ...; in body. Where e is not the
// only one that may have the names, the title says what is taken for granted.
func withToLet(r *Request) []Action {
	w, uses, alone := r.provided()
	if len(uses) == 0 {
		return nil
	}
	var names []string
	for _, u := range uses {
		if !slices.Contains(names, u.Name) {
			names = append(names, u.Name)
		}
	}
	from := r.text(cursor.Unparen(w.Scope))
	title := "Convert the with to let inherit"
	if !alone {
		title += fmt.Sprintf(", if '%s' has %s", shortened(from), shortened(strings.Join(names, ", ")))
	}
	return []Action{{Title: title, Kind: Rewrite, Edits: []analysis.Edit{
		{Span: ast.Span{Start: w.Start, End: w.Semi + 1}, New: "let inherit (" + from + ") " + strings.Join(names, " ") + "; in"},
	}}}
}

// withToQualified removes with e; and puts e. before the names that it provides.
func withToQualified(r *Request) []Action {
	w, uses, alone := r.provided()
	if len(uses) == 0 || !alone {
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
	inside := func(s *scope.Scope) bool { return s.Node != nil && s.Start >= e.Pos() && s.End <= e.Stop() }
	for _, u := range r.Scope.Uses {
		if u.Start < e.Pos() || u.End > e.Stop() || u.Def != nil && inside(u.Def.Scope) {
			continue
		}
		def, with := at.Find(u.Name)
		if def != u.Def {
			return false
		}
		around := u.With
		for around != nil && (!around.IsWith() || inside(around)) {
			around = around.Parent
		}
		if def == nil && with != around {
			return false
		}
	}
	return true
}
