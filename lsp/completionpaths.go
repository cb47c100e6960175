package lsp

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// pathCandidates complete a path literal or a search path.
func (s *Server) pathCandidates(_ context.Context, pl place) ([]candidate, bool) {
	text := pl.doc.Text
	start := pl.off
	for start > 0 && (wordByte(text[start-1]) || strings.IndexByte("./~+", text[start-1]) >= 0) {
		start--
	}
	typed := text[start:pl.off]
	i := strings.LastIndexByte(typed, '/')
	if i < 0 || !strings.HasPrefix(typed, ".") && !strings.HasPrefix(typed, "/") && !strings.HasPrefix(typed, "~/") {
		return nil, false
	}
	if _, in := stringAround(pl); in {
		return nil, false
	}
	if start > 0 && (text[start-1] == '}' || text[start-1] == '<') {
		return nil, false
	}
	dir, ok := resolvePath(pl.doc.Path, s.opts.Home, typed[:i+1])
	if !ok {
		return nil, false
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, true
	}
	var out []candidate
	for _, e := range entries {
		name := e.Name()
		hidden := strings.HasPrefix(name, ".") && !strings.HasPrefix(typed[i+1:], ".")
		if hidden || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") != "" {
			continue
		}
		c := candidate{label: name, kind: protocol.CompletionItemKindFile, rank: 1}
		if e.IsDir() {
			c.label, c.kind = name+"/", protocol.CompletionItemKindFolder
		} else if strings.HasSuffix(name, ".nix") {
			c.rank = 0
		}
		out = append(out, c)
	}
	return out, true
}

// flakeStrings completes strings of a flake.nix: inputs to follow.
func flakeStrings(d *document.Snapshot, in ast.Node) []candidate {
	root, ok := d.File().Root.(*ast.AttrSet)
	if !ok || filepath.Base(d.Path) != "flake.nix" {
		return nil
	}
	attr, _ := cursor.Innermost[*ast.Attr](cursor.Path(root, in.Pos()))
	if attr == nil || len(attr.Path) == 0 {
		return nil
	}
	var out []candidate
	switch attr.Path[len(attr.Path)-1].Name {
	case "follows":
		for name := range analysis.FlakeInputs(root) {
			out = append(out, candidate{label: name, kind: protocol.CompletionItemKindModule})
		}
	case "url":
		for _, u := range []string{"github:", "gitlab:", "git+https://", "path:./", "nixpkgs", "https://"} {
			out = append(out, candidate{label: u, kind: protocol.CompletionItemKindText})
		}
	}
	return out
}
