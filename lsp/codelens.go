package lsp

import (
	"context"
	"encoding/json"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// lensArgument is what a command of a lens is about: a binding of a file.
type lensArgument struct {
	URI    string  `json:"uri"`
	File   string  `json:"file"`
	Attr   string  `json:"attr"`
	Offset ast.Pos `json:"offset"`
	// Argv is the program that enters a shell, for the client to run in a terminal.
	Argv []string `json:"argv,omitempty"`
}

// maxLenses bounds the lenses of one file; a file with more is a list of data.
const maxLenses = 200

// CodeLens offers, above the bindings that a file is made of, to evaluate them;
// above derivations to build them, and above shells to enter them.
func (s *Server) CodeLens(ctx context.Context, p *protocol.CodeLensParams) ([]protocol.CodeLens, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	out := []protocol.CodeLens{}
	if !s.viewOf(ctx).settings(d.Path).CodeLens.Enable || len(s.opts.Worker) == 0 || len(d.File().Errors) > 0 {
		return out, nil
	}
	add := func(at ast.Span, title, command string, arg lensArgument) {
		arg.URI, arg.File = string(d.URI), d.Path
		data, _ := json.Marshal(arg)
		out = append(out, protocol.CodeLens{
			Range:   rangeOf(d, at),
			Command: protocol.Command{Title: title, Command: command, Arguments: []protocol.LSPAny{data}},
		})
	}
	offer := func(at ast.Span, value ast.Expr, attr string, reachable bool) {
		arg := lensArgument{Attr: attr, Offset: at.Start}
		if attr != "" {
			add(at, "evaluate", cmdEval, arg)
		}
		switch kind := madeBy(value); {
		case !reachable || d.Path == "":
		case kind == "mkShell" || kind == "mkShellNoCC":
			arg.Argv = []string{s.opts.Worker[0], "nix-shell", d.Path}
			if attr != "" {
				arg.Argv = append(arg.Argv, "-A", attr)
			}
			add(at, "enter this shell", cmdShell, arg)
		case strings.HasPrefix(kind, "mkDerivation") || strings.HasPrefix(kind, "build") || strings.HasPrefix(kind, "run") || strings.HasPrefix(kind, "write") || kind == "callPackage" || kind == "derivation":
			add(at, "build", cmdBuild, arg)
		}
	}
	body, reachable := topBody(d.File().Root)
	switch n := body.(type) {
	case *ast.AttrSet:
		for _, b := range n.Bindings {
			a, ok := b.(*ast.Attr)
			if !ok || len(out) >= maxLenses {
				continue
			}
			if names, ok := cursor.StaticPath(a.Path); ok && len(names) > 0 {
				offer(a.Path[0].Span, a.Value, quote.AttrPath(names...), reachable)
			}
		}
	case nil:
	default:
		offer(ast.Span{Start: body.Pos(), End: body.Pos()}, body, "", reachable)
	}
	return out, ctx.Err()
}

// topBody returns the expression that a file is in the end, and whether it can be
// had without arguments that have no default.
func topBody(e ast.Expr) (ast.Expr, bool) {
	reachable := true
	for range 50 {
		switch n := cursor.Unparen(e).(type) {
		case *ast.Let:
			e = n.Body
		case *ast.With:
			e = n.Body
		case *ast.Assert:
			e = n.Body
		case *ast.Lambda:
			if n.Formals == nil {
				reachable = false
			} else {
				for _, f := range n.Formals.List {
					reachable = reachable && f.Default != nil
				}
			}
			e = n.Body
		default:
			return n, reachable
		}
	}
	return nil, false
}

// madeBy returns the name of the function that makes a value.
func madeBy(e ast.Expr) string {
	call, ok := cursor.Unparen(e).(*ast.Apply)
	if !ok {
		return ""
	}
	fn, _ := cursor.Call(call)
	return cursor.LastName(fn)
}

// InlayHint shows versions of packages in lists of them, where names that are
// inherited onwards come from, and what it is that ends after many lines.
func (s *Server) InlayHint(ctx context.Context, p *protocol.InlayHintParams) ([]protocol.InlayHint, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	cfg := s.viewOf(ctx).settings(d.Path).InlayHints
	span := spanOf(d, p.Range)
	out := []protocol.InlayHint{}
	add := func(at ast.Pos, text string) {
		out = append(out, protocol.InlayHint{
			Position: protocol.Position(d.Mapper().Position(at)), Label: protocol.String(text), PaddingLeft: ref(true),
		})
	}
	var lists []*ast.List
	ast.Inspect(d.File().Root, func(n ast.Node) bool {
		if n.Stop() < span.Start || n.Pos() > span.End {
			return false
		}
		switch n := n.(type) {
		case *ast.Inherit:
			if n.From == nil && cfg.InheritSources {
				s.inheritHints(d, n, add)
			}
		case *ast.Attr:
			lines := d.Mapper().Line(n.End) - d.Mapper().Line(n.Start) + 1
			if cfg.BindingEnds > 0 && lines >= cfg.BindingEnds && len(n.Path) > 0 && d.Text[n.End-1] == ';' {
				add(n.End, "= "+d.Text[n.Path[0].Start:n.Path[len(n.Path)-1].End])
			}
		case *ast.List:
			lists = append(lists, n)
		}
		return true
	})
	if cfg.PackageVersions {
		for _, l := range lists[:min(len(lists), 10)] {
			s.versionHints(ctx, d, l, add)
		}
	}
	return out, ctx.Err()
}

// inheritHints tells of what names are that a let around has inherited.
func (s *Server) inheritHints(d *document.Snapshot, n *ast.Inherit, add func(ast.Pos, string)) {
	for _, name := range n.Names {
		use := nearby.Of(d).UseAt(name.Start)
		switch {
		case use == nil:
		case use.Def != nil && use.Def.From != nil:
			add(name.End, "← "+oneLine(d.File(), use.Def.From, 30))
		case use.Def == nil && use.With != nil:
			add(name.End, "← "+oneLine(d.File(), use.With.Node.(*ast.With).Scope, 30))
		}
	}
}
