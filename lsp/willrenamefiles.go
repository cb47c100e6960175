package lsp

import (
	"context"
	"path/filepath"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// WillRenameFiles rewrites the paths that mention files or folders that are about
// to be moved, and the relative paths inside of files that are.
func (s *Server) WillRenameFiles(ctx context.Context, p *protocol.RenameFilesParams) (*protocol.WorkspaceEdit, error) {
	type move struct{ from, to string }
	var moves []move
	for _, f := range p.Files {
		from, err1 := uri.Parse(f.OldURI)
		to, err2 := uri.Parse(f.NewURI)
		if err1 == nil && err2 == nil && document.PathOf(from) != "" && document.PathOf(to) != "" {
			moves = append(moves, move{document.PathOf(from), document.PathOf(to)})
		}
	}
	moved := func(path string) (string, bool) {
		for _, m := range moves {
			if within(m.from, path) {
				return m.to + path[len(m.from):], true
			}
		}
		return path, false
	}
	edits := map[*document.Snapshot][]analysis.Edit{}
	var order []*document.Snapshot
	err := s.eachFile(ctx, func(d *document.Snapshot) error {
		if d.Path == "" || !strings.Contains(d.Text, "/") {
			return nil
		}
		home, away := moved(d.Path)
		ast.Inspect(d.File().Root, func(n ast.Node) bool {
			lit, ok := n.(*ast.Path)
			if !ok || len(lit.Parts) == 0 || lit.Parts[0].Expr != nil {
				return true
			}
			text := lit.Parts[0].Text
			if filepath.IsAbs(text) || strings.HasPrefix(text, "~") {
				return true
			}
			target, _ := resolvePath(d.Path, "", text)
			now, gone := moved(target)
			if !gone && !away || len(lit.Parts) > 1 {
				return true
			}
			if next := relativePath(home, now, text); next != text {
				edits[d] = append(edits[d], analysis.Edit{Span: lit.Span, New: next})
			}
			return true
		})
		if len(edits[d]) > 0 {
			order = append(order, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.workspaceEdit(order, edits), nil
}

// relativePath writes the path literal by which a file names a target. What the
// file wrote before decides about a needless ./ and a slash.
func relativePath(file, target, before string) string {
	rel, err := filepath.Rel(filepath.Dir(file), target)
	if err != nil {
		return before
	}
	rel = filepath.ToSlash(rel)
	switch {
	case rel == ".":
		return "./."
	case strings.HasPrefix(rel, "../") || rel == "..":
		if rel == ".." {
			return "../."
		}
		return rel
	case !strings.HasPrefix(before, ".") && strings.Contains(rel, "/"):
		return rel
	}
	return "./" + rel
}
