package lsp

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// formalCandidates complete the names of a function's arguments with those that
// the body uses and nothing defines.
func (s *Server) formalCandidates(pl place) ([]candidate, bool) {
	fs, i := cursor.Innermost[*ast.Formals](pl.path)
	if i < 0 || pl.off <= fs.Start || pl.off >= fs.End {
		return nil, false
	}
	if f, j := cursor.Innermost[*ast.Formal](pl.path); j > i && pl.off > f.Name.End {
		return nil, false // in a default
	}
	if strings.HasSuffix(strings.TrimRight(pl.doc.Text[:pl.word.Start], " \t\r\n"), "?") {
		return nil, false
	}
	var out []candidate
	seen := map[string]bool{}
	for _, f := range fs.List {
		if f.Name.Span != pl.word {
			seen[f.Name.Name] = true
		}
	}
	add := func(name string, rank int) {
		if !seen[name] {
			seen[name] = true
			out = append(out, candidate{label: name, kind: protocol.CompletionItemKindVariable, rank: rank})
		}
	}
	for _, name := range passedNames(pl.doc, pl.path[:i]) {
		add(name, 0)
	}
	for _, u := range scopes.Of(pl.doc).Uses {
		if u.Undefined() && u.Span != pl.word && quote.IsIdentifier(u.Name) {
			add(u.Name, 0)
		}
	}
	for _, name := range []string{"lib", "pkgs", "config", "options", "stdenv", "fetchurl", "fetchFromGitHub"} {
		add(name, 1)
	}
	return out, true
}

// passedNames returns the attributes of the sets that a function is called with, as
// far as its own file shows: where it is written, and by the name that it has. The
// outputs of a flake are called with its inputs.
func passedNames(d *document.Snapshot, path []ast.Node) []string {
	l, i := cursor.Innermost[*ast.Lambda](path)
	if i < 0 {
		return nil
	}
	var out []string
	argument := func(path []ast.Node, fn ast.Expr) {
		for j := len(path) - 1; j >= 0; j-- {
			switch n := path[j].(type) {
			case *ast.Paren:
				continue
			case *ast.Apply:
				if ast.Node(cursor.Unparen(n.Fn)) == ast.Node(fn) {
					if set, ok := cursor.Unparen(n.Arg).(*ast.AttrSet); ok {
						names, _ := shapeNames(unitOf.Of(d), set)
						out = append(out, names...)
					}
				}
			}
			return
		}
	}
	argument(path[:i], l)
	a, ok := ast.Node(nil), false
	if i > 0 {
		a, ok = path[i-1], true
	}
	if attr, isAttr := a.(*ast.Attr); ok && isAttr && len(attr.Path) == 1 {
		if def := scopes.Of(d).DefAt(attr.Path[0].Start); def != nil {
			for _, u := range def.Uses {
				around := cursor.Path(d.File().Root, u.Start)
				if id, j := cursor.Innermost[*ast.Ident](around); j > 0 {
					argument(around[:j], id)
				}
			}
		}
		if root, isSet := d.File().Root.(*ast.AttrSet); isSet && filepath.Base(d.Path) == "flake.nix" && attr.Path[0].Name == "outputs" {
			out = append(out, slices.Sorted(maps.Keys(analysis.FlakeInputs(root)))...)
			out = append(out, "self")
		}
	}
	return out
}
