package action

import (
	"slices"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/parser/ast"
)

// sortNames sorts a list of names and selections, or the names of an inherit, and
// leaves out what is there twice.
func sortNames(r *Request) []Action {
	for i := len(r.path) - 1; i >= 0; i-- {
		switch n := r.path[i].(type) {
		case *ast.List:
			for _, e := range n.Elems {
				switch e.(type) {
				case *ast.Ident, *ast.Select, *ast.Path:
				default:
					return nil // order may matter, and names it has none
				}
			}
			var items []ast.Node
			for _, e := range n.Elems {
				items = append(items, e)
			}
			return r.sorted("Sort the list, without duplicates", n.Range(), items)
		case *ast.Inherit:
			return r.sorted("Sort the inherited names, without duplicates", n.Range(), nodes(n.Names))
		case *ast.Attr, *ast.AttrSet:
			return nil
		}
	}
	return nil
}

func (r *Request) sorted(title string, span ast.Span, items []ast.Node) []Action {
	if len(items) < 2 {
		return nil
	}
	inner := ast.Span{Start: items[0].Pos(), End: items[len(items)-1].Stop()}
	if r.hasComments(inner, items...) {
		return nil
	}
	var before []string
	for _, n := range items {
		before = append(before, r.text(n))
	}
	after := slices.Clone(before)
	slices.SortStableFunc(after, func(a, b string) int {
		if c := strings.Compare(strings.ToLower(a), strings.ToLower(b)); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	after = slices.Compact(after)
	if slices.Equal(before, after) {
		return nil
	}
	var edits []analysis.Edit
	for i, n := range items {
		switch {
		case i >= len(after):
			edits = append(edits, analysis.Edit{Span: ast.Span{Start: items[i-1].Stop(), End: n.Stop()}})
		case after[i] != before[i]:
			edits = append(edits, replace(n, after[i]))
		}
	}
	return []Action{{Title: title, Kind: Rewrite, Edits: edits}}
}
