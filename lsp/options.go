package lsp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// isModule guesses whether a text is a module of NixOS: a function that takes
// what modules are given, or a set with what modules have.
func isModule(d *document.Snapshot) bool {
	root := cursor.Unparen(d.File().Root)
	if l, ok := root.(*ast.Lambda); ok {
		if l.Formals == nil || !l.Formals.Ellipsis {
			return false
		}
		for _, f := range l.Formals.List {
			switch f.Name.Name {
			case "config", "options", "modulesPath", "pkgs", "lib":
				return true
			}
		}
		return len(l.Formals.List) == 0
	}
	if set, ok := root.(*ast.AttrSet); ok {
		for _, b := range set.Bindings {
			if a, ok := b.(*ast.Attr); ok && len(a.Path) > 0 {
				switch a.Path[0].Name {
				case "imports", "config", "options", "services", "networking", "environment", "boot":
					return true
				}
			}
		}
	}
	return false
}

// optionPath returns the path of the option whose name the last of a path of
// nodes is part of: the names of the bindings around it, without config.
func optionPath(path []ast.Node, until *ast.AttrName) ([]string, bool) {
	var out []string
	for i, n := range path {
		a, ok := n.(*ast.Attr)
		if !ok {
			switch n := n.(type) {
			case *ast.Let:
				if i+1 < len(path) && path[i+1] != ast.Node(n.Body) {
					return nil, false // a local value
				}
			case *ast.List:
				return nil, false
			case *ast.Apply:
				// mkIf condition { ... } and the like keep the path; other calls do not.
				fn, _ := cursor.Call(n)
				switch cursor.LastName(fn) {
				case "mkIf", "mkMerge", "mkForce", "mkDefault", "mkOverride", "optionalAttrs", "mkBefore", "mkAfter":
				default:
					return nil, false
				}
			}
			continue
		}
		for _, name := range a.Path {
			if name.Dynamic() {
				out = append(out, "<name>")
			} else {
				out = append(out, name.Name)
			}
			if name == until {
				break
			}
		}
	}
	if len(out) > 0 && out[0] == "config" {
		out = out[1:]
	}
	if len(out) > 0 && (out[0] == "options" || out[0] == "imports" || out[0] == "meta") {
		return nil, false
	}
	return out, len(out) > 0
}

func (s *Server) option(ctx context.Context, d *document.Snapshot, path []string) (*worker.Option, error) {
	resp, err := s.evaluate(ctx, d, worker.Request{Op: "option", Path: path, File: d.Path})
	if err != nil {
		return nil, err
	}
	return resp.Option, nil
}

// optionCandidates completes the names of options in a module.
func (s *Server) optionCandidates(ctx context.Context, pl place, prefix []string) ([]candidate, bool) {
	if !isModule(pl.doc) {
		return nil, false
	}
	around, _ := optionPath(outside(pl), nil)
	path := append(append([]string{}, around...), prefix...)
	if len(path) > 0 && path[0] == "config" {
		path = path[1:]
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	resp, err := s.evaluate(ctx, pl.doc, worker.Request{
		Op: "options", Path: path, File: pl.doc.Path, Prefix: pl.prefix, Limit: s.viewOf(ctx).config.Completion.MaxItems,
	})
	if err != nil {
		return nil, errors.Is(err, context.DeadlineExceeded)
	}
	var out []candidate
	for _, a := range resp.Attrs {
		name := quote.Identifier(a.Name)
		c := candidate{label: a.Name, insert: name, kind: protocol.CompletionItemKindModule, detail: a.Detail}
		if a.Option {
			c.kind = protocol.CompletionItemKindProperty
			c.insert, c.snippet = strings.ReplaceAll(name, "$", "\\$")+" = "+optionSnippet(a)+";", true
		}
		c.data = &completionData{URI: string(pl.doc.URI), Option: append(append([]string{}, path...), a.Name)}
		out = append(out, c)
	}
	return out, resp.More
}

// outside returns the nodes around the binding that is being typed.
func outside(pl place) []ast.Node {
	for i := len(pl.path) - 1; i >= 0; i-- {
		if _, ok := pl.path[i].(*ast.AttrSet); ok {
			return pl.path[:i+1]
		}
	}
	return nil
}

// optionSnippet writes a value to fill in, by the type of an option.
func optionSnippet(a worker.Attr) string {
	switch {
	case a.Type == "bool":
		return "${1|true,false|}"
	case a.Type == "str" || a.Type == "lines" || a.Type == "string" || strings.HasPrefix(a.Detail, "string"):
		return `"$1"`
	case a.Type == "listOf":
		return "[ $1 ]"
	case a.Type == "submodule" || a.Type == "attrsOf" || a.Type == "attrs" || a.Type == "lazyAttrsOf":
		return "{\n  $1\n}"
	case a.Type == "enum" && strings.HasPrefix(a.Detail, "one of "):
		// one of "a", "b"
		choices := strings.Split(strings.TrimPrefix(a.Detail, "one of "), ", ")
		for i, c := range choices {
			choices[i] = strings.NewReplacer(",", "\\,", "|", "\\|", "$", "\\$").Replace(c)
		}
		return "${1|" + strings.Join(choices, ",") + "|}"
	}
	return "$1"
}

// optionAt finds the option that a name under the cursor is, in a definition or
// after `config.`.
func optionAt(d *document.Snapshot, path []ast.Node) ([]string, ast.Span, bool) {
	name, i := cursor.Innermost[*ast.AttrName](path)
	if i < 1 || name.Dynamic() || !isModule(d) {
		return nil, ast.Span{}, false
	}
	switch p := path[i-1].(type) {
	case *ast.Attr:
		full, ok := optionPath(path, name)
		return full, name.Span, ok
	case *ast.Select:
		if x, ok := p.X.(*ast.Ident); !ok || x.Name != "config" {
			return nil, ast.Span{}, false
		}
		var full []string
		for _, n := range p.Path {
			if n.Dynamic() {
				return nil, ast.Span{}, false
			}
			full = append(full, n.Name)
			if n == name {
				break
			}
		}
		return full, name.Span, true
	}
	return nil, ast.Span{}, false
}

// optionHover describes the option under the cursor.
func (s *Server) optionHover(ctx context.Context, d *document.Snapshot, path []ast.Node, _ ast.Pos) (string, ast.Span, bool) {
	full, span, ok := optionAt(d, path)
	if !ok {
		return "", span, false
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	opt, err := s.option(ctx, d, full)
	if err != nil {
		return "", span, false
	}
	return optionDoc(full, opt), span, true
}

func optionDoc(path []string, opt *worker.Option) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** (%s)", strings.Join(path, "."), opt.Type)
	if opt.Description != "" {
		fmt.Fprintf(&b, "\n\n%s", strings.TrimSpace(opt.Description))
	}
	if opt.Default != "" {
		fmt.Fprintf(&b, "\n\nDefault:\n```nix\n%s\n```", opt.Default)
	}
	if opt.Example != "" {
		fmt.Fprintf(&b, "\n\nExample:\n```nix\n%s\n```", opt.Example)
	}
	for _, p := range opt.Declarations {
		fmt.Fprintf(&b, "\n\n[%s](%s)", p.File, fileURI(p.File))
	}
	return b.String()
}

// optionDefinition goes to the declaration of the option under the cursor, and to
// the definitions that set it.
func (s *Server) optionDefinition(ctx context.Context, d *document.Snapshot, path []ast.Node, _ ast.Pos) []protocol.Location {
	full, _, ok := optionAt(d, path)
	if !ok {
		return nil
	}
	opt, err := s.option(ctx, d, full)
	if err != nil {
		return nil
	}
	var out []protocol.Location
	for _, p := range append(opt.Declarations, opt.Definitions...) {
		if loc, ok := s.locationAt(ctx, &p); ok {
			if p.Line <= 1 {
				loc = s.declaredIn(ctx, p.File, full, loc)
			}
			out = append(out, loc)
		}
	}
	return out
}

// declaredIn finds an option in the file that declares it, when evaluation knows
// no more than the file: by its last name.
func (s *Server) declaredIn(ctx context.Context, file string, path []string, other protocol.Location) protocol.Location {
	d, err := s.file(ctx, file)
	if err != nil {
		return other
	}
	last := path[len(path)-1]
	var best *ast.AttrName
	bestScore := -1
	var names []string
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		if a, ok := n.(*ast.Attr); ok {
			depth := len(names)
			for _, name := range a.Path {
				names = append(names, name.Name)
			}
			if k := len(a.Path); k > 0 && a.Path[k-1].Name == last {
				score := 0
				for i := 0; i < len(names) && i < len(path) && names[len(names)-1-i] == path[len(path)-1-i]; i++ {
					score++
				}
				if score > bestScore {
					best, bestScore = a.Path[k-1], score
				}
			}
			defer func() { names = names[:depth] }()
		}
		for c := range ast.Children(n) {
			walk(c)
		}
	}
	walk(d.File().Root)
	if best == nil {
		return other
	}
	return locationOf(d, best.Span)
}
