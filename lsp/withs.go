package lsp

import (
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// withAt returns the with whose keyword is at an offset.
func withAt(d *document.Snapshot, off ast.Pos) *ast.With {
	w, i := cursor.Innermost[*ast.With](cursor.Path(d.File().Root, off))
	if i < 0 || off > w.Start+4 {
		return nil
	}
	return w
}

func withKeyword(w *ast.With) ast.Span { return ast.Span{Start: w.Start, End: w.Start + 4} }

// providers returns the withs that may provide a name, the innermost first.
func providers(u *scope.Use) []*ast.With {
	var out []*ast.With
	if u.Def != nil {
		return nil
	}
	for s := u.With; s != nil; s = s.Parent {
		if w, ok := s.Node.(*ast.With); ok {
			out = append(out, w)
		}
	}
	return out
}

// provided returns the names that a with may provide.
func provided(info *scope.Info, w *ast.With) []*scope.Use {
	var out []*scope.Use
	for _, u := range info.Uses {
		for _, p := range providers(u) {
			if p == w {
				out = append(out, u)
			}
		}
	}
	return out
}
