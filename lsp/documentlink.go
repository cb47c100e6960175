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

// link is a place that may lead somewhere.
type link struct {
	ast.Span
	kind linkKind
	text string // what it says
}

type linkKind uint8

const (
	pathLink   linkKind = iota // ./path
	searchLink                 // <path>
	webLink                    // an address of the web
)

// links are the paths, search paths and web addresses of a text. Whether files exist is
// another question.
var links = document.NewAnalysis(func(d *document.Snapshot) []link {
	f := d.File()
	var out []link
	steps := 0
	ast.Inspect(f.Root, func(n ast.Node) bool {
		if steps++; steps&0xfff == 0 && d.Stopped() {
			return false
		}
		switch n := n.(type) {
		case *ast.Path:
			if len(n.Parts) == 1 && n.Parts[0].Expr == nil {
				out = append(out, link{n.Span, pathLink, n.Parts[0].Text})
			}
		case *ast.SearchPath:
			out = append(out, link{n.Span, searchLink, n.Name})
		case *ast.URI:
			target, ok := linkTarget(n.Value)
			if !ok {
				target = n.Value
			}
			out = append(out, link{n.Span, webLink, target})
		case *ast.String:
			if text, ok := cursor.Literal(n); ok && strings.Contains(text, ":") {
				if target, ok := linkTarget(text); ok {
					out = append(out, link{ast.Span{Start: n.Start + 1, End: n.End - 1}, webLink, target})
				}
			}
		}
		return true
	})
	for _, c := range urlsInComments(d) {
		out = append(out, link{c, webLink, d.Text[c.Start:c.End]})
	}
	return out
})

// DocumentLink makes paths, search paths, URLs and flake references into links.
func (s *Server) DocumentLink(ctx context.Context, p *protocol.DocumentLinkParams) ([]protocol.DocumentLink, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	list := links.Of(d)
	out := make([]protocol.DocumentLink, 0, len(list))
	m := d.Mapper().Walk()
	add := func(span ast.Span, target uri.URI, tooltip string) {
		r := protocol.Range{Start: protocol.Position(m.Position(span.Start)), End: protocol.Position(m.Position(span.End))}
		out = append(out, protocol.DocumentLink{Range: r, Target: &target, Tooltip: &tooltip})
	}
	fileOf := s.targets.ask()
	for _, l := range list {
		path, ok := "", false
		switch l.kind {
		case pathLink:
			path, ok = resolvePath(d.Path, s.opts.Home, l.text)
		case searchLink:
			path, ok = s.searchPath(s.viewOf(ctx), d.Path, l.text)
		case webLink:
			if u, err := url.Parse(l.text); err == nil {
				add(l.Span, uri.URI(u.String()), l.text)
			}
		}
		if !ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if target := fileOf(path); target != "" {
			add(l.Span, uri.File(target), target)
		}
	}
	return out, nil
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
	isFile := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && !info.IsDir()
	}
	inside := filepath.Join(path, "default.nix")
	if !strings.HasSuffix(path, ".nix") && isFile(inside) { // mostly
		return inside, true
	}
	for _, path := range []string{path, inside} {
		if isFile(path) {
			return path, true
		}
	}
	return "", false
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
	for _, c := range d.File().Comments {
		for _, m := range anyURL.FindAllStringIndex(d.Text[c.Start:c.End], -1) {
			out = append(out, ast.Span{Start: c.Start + ast.Pos(m[0]), End: c.Start + ast.Pos(m[1])})
		}
	}
	return out
}
