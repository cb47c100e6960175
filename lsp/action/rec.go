package action

import (
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// recAt returns the rec set whose keyword or opening brace is at the place, and
// its scope.
func (r *Request) recAt() (*ast.AttrSet, *scope.Scope, int) {
	set, i := cursor.Innermost[*ast.AttrSet](r.path)
	if i < 0 || !set.Rec || r.Span.Start > set.Open+1 {
		return nil, nil, 0
	}
	for _, s := range r.Scope.Scopes {
		if s.Node == ast.Node(set) && s.Lookup("__overrides") == nil {
			return set, s, i
		}
	}
	return nil, nil, 0
}

// recToLet moves the attributes that others use into a let around the set, and
// has the set inherit them.
func recToLet(r *Request) []Action {
	set, s, i := r.recAt()
	if set == nil {
		return nil
	}
	open, closing := "(", ")"
	if i == 0 || delimited(r.path[i-1], set) {
		open, closing = "", ""
	}
	var moved []string
	var inherited []string
	var edits []analysis.Edit
	indent := r.indentAt(set.Start)
	for _, d := range s.Defs {
		if len(d.Uses) == 0 {
			continue
		}
		a, ok := d.Node.(*ast.Attr)
		if !ok || len(d.Names) > 1 || len(a.Path) > 1 || a.Path[0].Quoted {
			return nil
		}
		moved = append(moved, r.moved(a, r.indentAt(a.Start), indent+"  "))
		inherited = append(inherited, d.Name)
		edits = append(edits, analysis.Edit{Span: r.lineStart(a.Span)})
	}
	if len(moved) == 0 || len(moved) < len(s.Defs) && r.usesOf(s, inherited) {
		return nil
	}
	sep := "\n" + indent
	head := open + "let" + sep + "  " + strings.Join(moved, sep+"  ") + sep + "in" + sep
	edits = append([]analysis.Edit{ // the first binding may go right behind the brace
		{Span: ast.Span{Start: set.Start, End: set.Open}, New: head},
		insert(set.Open+1, sep+"  inherit "+strings.Join(inherited, " ")+";"),
	}, append(edits, insert(set.End, closing))...)
	return []Action{{Title: "Convert rec to let", Kind: Rewrite, Edits: edits}}
}

// delimited reports whether an expression is a part of a node that ends by
// itself, so that a let needs no parentheses there.
func delimited(parent ast.Node, e ast.Expr) bool {
	switch p := parent.(type) {
	case *ast.Attr:
		return p.Value == e
	case *ast.Let:
		return p.Body == e
	case *ast.Lambda:
		return p.Body == e
	case *ast.With:
		return p.Body == e
	case *ast.Paren:
		return true
	}
	return false
}

// usesOf reports whether one of the attributes that move uses one that stays.
func (r *Request) usesOf(s *scope.Scope, moving []string) bool {
	for _, d := range s.Defs {
		for _, name := range moving {
			if d.Name == name {
				goto next
			}
		}
		if len(d.Uses) > 0 {
			return true
		}
	next:
	}
	return false
}

// recToFinalAttrs turns mkDerivation rec { ... } into mkDerivation (finalAttrs: {
// ... }), so that overrides of an attribute reach the others.
func recToFinalAttrs(r *Request) []Action {
	set, s, i := r.recAt()
	if set == nil || i < 1 {
		return nil
	}
	call, ok := r.path[i-1].(*ast.Apply)
	if !ok || call.Arg != ast.Expr(set) {
		return nil
	}
	name := cursor.LastName(call.Fn)
	if !strings.HasPrefix(name, "mkDerivation") && !strings.HasPrefix(name, "build") {
		return nil
	}
	if d, _ := s.Find("finalAttrs"); d != nil {
		return nil
	}
	edits := []analysis.Edit{
		{Span: ast.Span{Start: set.Start, End: set.Open}, New: "(finalAttrs: "},
		insert(set.End, ")"),
	}
	for _, d := range s.Defs {
		for _, u := range d.Uses {
			if u.Inherit {
				return nil
			}
			edits = append(edits, insert(u.Start, "finalAttrs."))
		}
	}
	return []Action{{Title: "Convert rec to finalAttrs", Kind: Rewrite, Edits: edits}}
}
