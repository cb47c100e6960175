package lsp

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// DocumentLink makes paths, search paths, URLs and flake references into links.
func (s *Server) DocumentLink(ctx context.Context, p *protocol.DocumentLinkParams) ([]protocol.DocumentLink, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	out := []protocol.DocumentLink{}
	add := func(span ast.Span, target uri.URI, tooltip string) {
		out = append(out, protocol.DocumentLink{Range: rangeOf(d, span), Target: &target, Tooltip: &tooltip})
	}
	web := func(span ast.Span, target string) {
		if u, err := url.Parse(target); err == nil {
			add(span, uri.URI(u.String()), target)
		}
	}
	file := func(span ast.Span, path string) {
		if target, ok := fileToOpen(path); ok {
			add(span, uri.File(target), target)
		}
	}
	f := d.File()
	ast.Inspect(f.Root, func(n ast.Node) bool {
		if ctx.Err() != nil {
			return false
		}
		switch n := n.(type) {
		case *ast.Path:
			if path, ok := s.pathOf(d, n); ok {
				file(n.Span, path)
			}
		case *ast.SearchPath:
			if path, ok := s.searchPath(s.viewOf(ctx), d.Path, n.Name); ok {
				file(n.Span, path)
			}
		case *ast.URI:
			target, ok := linkTarget(n.Value)
			if !ok {
				target = n.Value
			}
			web(n.Span, target)
		case *ast.String:
			if text, ok := cursor.Literal(n); ok {
				if target, ok := linkTarget(text); ok {
					web(ast.Span{Start: n.Start + 1, End: n.End - 1}, target)
				}
			}
		}
		return true
	})
	for _, c := range urlsInComments(d) {
		web(c, d.Text[c.Start:c.End])
	}
	return out, ctx.Err()
}

// pathOf returns the absolute path that a path literal without interpolation
// means.
func (s *Server) pathOf(d *document.Snapshot, n *ast.Path) (string, bool) {
	if len(n.Parts) != 1 || n.Parts[0].Expr != nil {
		return "", false
	}
	return resolvePath(d.Path, s.opts.Home, n.Parts[0].Text)
}

// resolvePath resolves the text of a path literal in a file.
func resolvePath(file, home, text string) (string, bool) {
	switch {
	case strings.HasPrefix(text, "/"):
		return filepath.Clean(text), true
	case strings.HasPrefix(text, "~/"):
		return filepath.Join(home, text[2:]), home != ""
	case file == "":
		return "", false
	}
	return filepath.Join(filepath.Dir(file), text), true
}

// searchPath finds what <name> means in a file, from the settings and the
// environment.
func (s *Server) searchPath(v *view, from, name string) (string, bool) {
	for _, entries := range [][]string{v.settings(from).Eval.NixPath, s.opts.NixPath} {
		for _, entry := range entries {
			prefix, path, ok := strings.Cut(entry, "=")
			if !ok {
				prefix, path = "", entry
			}
			rest := name
			if prefix != "" {
				if name != prefix && !strings.HasPrefix(name, prefix+"/") {
					continue
				}
				rest = strings.TrimPrefix(name[len(prefix):], "/")
			}
			if !filepath.IsAbs(path) {
				continue
			}
			full := filepath.Join(path, rest)
			if _, err := os.Stat(full); err == nil {
				return full, true
			}
		}
	}
	return "", false
}

// fileToOpen returns the file that is meant by a path: a folder means its
// default.nix, as it does to import.
func fileToOpen(path string) (string, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	if info.IsDir() {
		path = filepath.Join(path, "default.nix")
		if _, err := os.Stat(path); err != nil {
			return "", false
		}
	}
	return path, true
}

var (
	webURL   = regexp.MustCompile(`^(https?|ftp)://[^\s"'<>]+$`)
	gitForge = regexp.MustCompile(`^(github|gitlab|sourcehut):([\w.~-]+)/([\w.-]+)(?:/([\w./-]+))?(?:\?.*)?$`)
	anyURL   = regexp.MustCompile("https?://[^\\s\"'<>()`\\]]*[^\\s\"'<>()`\\].,;:!?]")
)

// linkTarget returns the web page that a string stands for: itself, or that of
// the forge that a flake reference names.
func linkTarget(text string) (string, bool) {
	if webURL.MatchString(text) {
		return text, true
	}
	if rest, ok := strings.CutPrefix(text, "git+"); ok && webURL.MatchString(rest) {
		rest, _, _ = strings.Cut(rest, "?")
		return rest, true
	}
	m := gitForge.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	forge, owner, repo, ref := m[1], m[2], m[3], m[4]
	switch forge {
	case "github":
		if number, ok := strings.CutPrefix(ref, "pull/"); ok {
			return "https://github.com/" + owner + "/" + repo + "/pull/" + strings.TrimSuffix(strings.TrimSuffix(number, "/head"), "/merge"), true
		}
		if ref != "" {
			return "https://github.com/" + owner + "/" + repo + "/tree/" + ref, true
		}
		return "https://github.com/" + owner + "/" + repo, true
	case "gitlab":
		if ref != "" {
			return "https://gitlab.com/" + owner + "/" + repo + "/-/tree/" + ref, true
		}
		return "https://gitlab.com/" + owner + "/" + repo, true
	}
	return "https://git.sr.ht/" + owner + "/" + repo, true
}

// urlsInComments finds the web addresses that comments mention.
func urlsInComments(d *document.Snapshot) []ast.Span {
	if !strings.Contains(d.Text, "://") {
		return nil
	}
	var out []ast.Span
	for _, c := range comments(d) {
		for _, m := range anyURL.FindAllStringIndex(d.Text[c.Start:c.End], -1) {
			out = append(out, ast.Span{Start: c.Start + ast.Pos(m[0]), End: c.Start + ast.Pos(m[1])})
		}
	}
	return out
}
