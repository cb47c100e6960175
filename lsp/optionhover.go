package lsp

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
)

// optionHover describes the option under the cursor.
func (s *Server) optionHover(ctx context.Context, d *document.Snapshot, path []ast.Node) (string, ast.Span, bool) {
	ref, ok := s.optionAt(ctx, d, path)
	if !ok {
		return "", ref.Span, false
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	opt, err := s.option(ctx, d, ref)
	if err != nil {
		return "", ref.Span, false
	}
	return s.optionDoc(ctx, opt), ref.Span, true
}

// optionDoc writes what is known of an option in Markdown.
func (s *Server) optionDoc(ctx context.Context, opt *worker.Option) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**", opt.Path)
	if opt.Type != "" {
		fmt.Fprintf(&b, " (%s)", opt.Type)
	}
	if opt.ReadOnly {
		b.WriteString(", *read only*")
	}
	if opt.Description != "" {
		fmt.Fprintf(&b, "\n\n%s", opt.Description)
	}
	if opt.Default != "" {
		fmt.Fprintf(&b, "\n\nDefault:\n```nix\n%s\n```", opt.Default)
	}
	if opt.Example != "" {
		fmt.Fprintf(&b, "\n\nExample:\n```nix\n%s\n```", opt.Example)
	}
	links := func(title string, places []worker.Place) {
		for i, p := range places {
			if i == 0 {
				b.WriteString("\n\n" + title)
			} else {
				b.WriteString(",")
			}
			target, label := string(fileURI(p.File)), s.viewOf(ctx).shortPath(p.File)
			if p.Line > 1 {
				target, label = fmt.Sprintf("%s#L%d", target, p.Line), fmt.Sprintf("%s:%d", label, p.Line)
			}
			fmt.Fprintf(&b, " [%s](%s)", label, target)
		}
	}
	links("Declared in", opt.Declarations)
	links("Set in", opt.Definitions)
	return b.String()
}

// shortPath is what tells a path from others: below its workspace folder, or its
// last names.
func (v *view) shortPath(path string) string {
	if f, ok := v.folderOf(path); ok {
		if rel, err := filepath.Rel(f.path, path); err == nil {
			return filepath.ToSlash(rel)
		}
	}
	parts := strings.Split(filepath.ToSlash(path), "/")
	return strings.Join(parts[max(0, len(parts)-3):], "/")
}
