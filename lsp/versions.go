package lsp

import (
	"context"
	"encoding/json"
	"strings"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
)

// maxHints is how many packages of one list get a hint.
const maxHints = 60

// versionHints shows the versions of the packages in a list of names.
func (s *Server) versionHints(ctx context.Context, d *document.Snapshot, l *ast.List, add func(ast.Pos, string)) {
	var items []ast.Expr
	var b strings.Builder
	for _, e := range l.Elems {
		switch x := e.(type) {
		case *ast.Ident:
			use := nearby.Of(d).UseAt(x.Start)
			if use == nil || use.Def != nil {
				continue // only what comes from a set of packages
			}
		case *ast.Select:
			id, ok := x.X.(*ast.Ident)
			if !ok || x.Default != nil {
				continue
			}
			if use := nearby.Of(d).UseAt(id.Start); id.Name != "pkgs" && (use == nil || use.Def != nil) {
				continue
			}
		default:
			continue
		}
		if len(items) < maxHints {
			items = append(items, e)
			b.WriteString("(" + d.Text[e.Pos():e.Stop()] + ".version or \"\") ")
		}
	}
	if len(items) == 0 {
		return
	}
	around := cursor.Path(d.File().Root, l.Start)
	for i, n := range around {
		if n == ast.Node(l) {
			around = around[:i]
			break
		}
	}
	text := inScope(d, around, `builtins.toJSON (map (v: let r = builtins.tryEval v; in if r.success then r.value else "") [ `+b.String()+"])", l.Start)
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	resp, err := s.evaluate(ctx, d, worker.Request{Op: "text", Text: text, Dir: dirOf(d)})
	if err != nil {
		return
	}
	var versions []string
	if json.Unmarshal([]byte(resp.Value.Text), &versions) != nil || len(versions) != len(items) {
		return
	}
	for i, v := range versions {
		if v != "" {
			add(items[i].Stop(), v)
		}
	}
}
