package lsp

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// pathCandidates complete a path literal or a search path.
func (s *Server) pathCandidates(ctx context.Context, pl *place) ([]candidate, bool) {
	text := pl.doc.Text
	start := pl.off
	for start > 0 && (wordByte(text[start-1]) || strings.IndexByte("./~+", text[start-1]) >= 0) {
		start--
	}
	typed := text[start:pl.off]
	i := strings.LastIndexByte(typed, '/')
	if start > 0 && text[start-1] == '<' && (typed != "" || strings.HasPrefix(text[start:], ">")) {
		if _, in := stringAround(*pl); in {
			return nil, false
		}
		pl.pathWord(start + ast.Pos(i+1))
		return s.searchCandidates(s.viewOf(ctx), pl.doc.Path, typed[:i+1]), true
	}
	if i < 0 || !strings.HasPrefix(typed, ".") && !strings.HasPrefix(typed, "/") && !strings.HasPrefix(typed, "~/") {
		return nil, false
	}
	if _, in := stringAround(*pl); in {
		return nil, false
	}
	if start > 0 && text[start-1] == '}' {
		return nil, false
	}
	pl.pathWord(start + ast.Pos(i+1))
	dir, ok := resolvePath(pl.doc.Path, s.opts.Home, typed[:i+1])
	if !ok {
		return nil, false
	}
	out := entriesOf(dir, strings.HasPrefix(typed[i+1:], "."))
	for i := range out {
		if c := &out[i]; c.kind == protocol.CompletionItemKindFolder {
			c.label += "/"
		}
	}
	return out, true
}

// pathWord makes the part of a path from an offset on the word that is completed.
func (pl *place) pathWord(start ast.Pos) {
	end := pl.off
	for int(end) < len(pl.doc.Text) && (wordByte(pl.doc.Text[end]) || strings.IndexByte(".+", pl.doc.Text[end]) >= 0) {
		end++
	}
	pl.word = ast.Span{Start: start, End: end}
	pl.edit, pl.prefix = pl.word, pl.doc.Text[start:pl.off]
}

// entriesOf are the files of a folder that can be named in a path; hidden ones only if
// they are asked for.
func entriesOf(dir string, hidden bool) []candidate {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []candidate
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") && !hidden || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") != "" {
			continue
		}
		c := candidate{label: name, kind: protocol.CompletionItemKindFile, rank: 1}
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.IsDir() { // or a link to one, as channels are
			c.kind = protocol.CompletionItemKindFolder
		} else if strings.HasSuffix(name, ".nix") {
			c.rank = 0
		}
		out = append(out, c)
	}
	return out
}

// searchCandidates complete <dir/name>: the names that entries of the search path have,
// and what is in the folders of those that have none, such as channels. Of equal names
// the first counts, as it does for Nix.
func (s *Server) searchCandidates(v *view, from, dir string) []candidate {
	var out []candidate
	seen := map[string]bool{}
	add := func(c candidate) {
		if !seen[c.label] {
			seen[c.label] = true
			out = append(out, c)
		}
	}
	for _, entry := range slices.Concat(v.settings(from).Eval.NixPath, s.opts.NixPath) {
		prefix, path, ok := strings.Cut(entry, "=")
		if !ok {
			prefix, path = "", entry
		}
		rest, below := dir, true
		if prefix != "" {
			if after, ok := strings.CutPrefix(prefix, dir); ok && after != "" {
				name, _, more := strings.Cut(after, "/")
				c := candidate{label: name, kind: protocol.CompletionItemKindFolder}
				if !more {
					c.detail = path
				}
				add(c)
			}
			rest, below = strings.CutPrefix(dir, prefix+"/")
		}
		if below && filepath.IsAbs(path) {
			for _, c := range entriesOf(filepath.Join(path, rest), false) {
				add(c)
			}
		}
	}
	return out
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
