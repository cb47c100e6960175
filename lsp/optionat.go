package lsp

import (
	"context"
	"slices"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/modules"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
)

// optionRef is an option that a text mentions.
type optionRef struct {
	ast.Span
	sys   *optionSystem
	steps []modules.Step
}

// optionAt finds the option that the name under the cursor is: in a definition,
// in a declaration, or in a selection from `config` or `options`, also by another
// name, as in `cfg = config.services.x`.
func (s *Server) optionAt(ctx context.Context, d *document.Snapshot, path []ast.Node) (optionRef, bool) {
	name, i := cursor.Innermost[*ast.AttrName](path)
	if i < 1 || name.Dynamic() {
		return optionRef{}, false
	}
	views := s.moduleViews(ctx, d)
	if len(views) == 0 {
		return optionRef{}, false
	}
	switch p := path[i-1].(type) {
	case *ast.Select:
		for _, v := range views {
			steps, ok := configPath(d, p.X)
			if !ok {
				continue
			}
			for _, n := range p.Path {
				if n.Dynamic() {
					return optionRef{}, false
				}
				steps = append(slices.Clip(steps), modules.Step{Name: n.Name})
				if n == name {
					return optionRef{name.Span, v.sys, steps}, true
				}
			}
		}
	case *ast.Attr, *ast.Inherit:
		for _, v := range views {
			if steps, ok := v.At(name); ok {
				return optionRef{name.Span, v.sys, steps}, true
			}
		}
	}
	return optionRef{}, false
}

// configPath returns the path of options that an expression selects from
// `config` or `options`.
func configPath(d *document.Snapshot, e ast.Expr) ([]modules.Step, bool) {
	info := nearby.Of(d)
	var follow func(e ast.Expr, depth int) ([]modules.Step, bool)
	follow = func(e ast.Expr, depth int) ([]modules.Step, bool) {
		if depth == 0 {
			return nil, false
		}
		switch e := cursor.Unparen(e).(type) {
		case *ast.Ident:
			use := info.UseAt(e.Start)
			switch {
			case use == nil || use.Def == nil:
			case use.Def.Kind == scope.Formal:
				return nil, e.Name == "config" || e.Name == "options"
			case use.Def.Value != nil:
				return follow(use.Def.Value, depth-1)
			case use.Def.From != nil:
				steps, ok := follow(use.Def.From, depth-1)
				return append(slices.Clip(steps), modules.Step{Name: e.Name}), ok
			}
		case *ast.Select:
			steps, ok := follow(e.X, depth-1)
			if !ok {
				return nil, false
			}
			for _, n := range e.Path {
				step := modules.Step{Name: n.Name}
				if n.Dynamic() {
					step = modules.Step{Any: true}
				}
				steps = append(slices.Clip(steps), step)
			}
			return steps, true
		}
		return nil, false
	}
	return follow(e, 10)
}

// option asks about an option.
func (s *Server) option(ctx context.Context, d *document.Snapshot, ref optionRef) (*worker.Option, error) {
	resp, err := s.evaluate(ctx, d, ref.sys.request("option", ref.steps))
	if err != nil {
		return nil, err
	}
	return resp.Option, nil
}
