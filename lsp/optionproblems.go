package lsp

import (
	"context"
	"strings"
	"sync"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/modules"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
)

// optionFindings are what the last check of each text's options found, so that
// code actions know of it.
type optionFindings struct {
	mu    sync.Mutex
	found map[string]optionFinding
}

type optionFinding struct {
	doc  *document.Snapshot
	list []analysis.Diagnostic
}

func (o *optionFindings) put(d *document.Snapshot, list []analysis.Diagnostic) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.found == nil {
		o.found = map[string]optionFinding{}
	}
	o.found[docKey(d.URI)] = optionFinding{d.For(context.Background()), list}
}

// of returns what was found in this version of a text.
func (o *optionFindings) of(d *document.Snapshot) []analysis.Diagnostic {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := o.found[docKey(d.URI)]; f.doc.Same(d) {
		return f.list
	}
	return nil
}

func (o *optionFindings) drop(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.found, key)
}

// maxChecked bounds the definitions of one text that are looked at.
const maxChecked = 3000

// optionProblems are what checkOptions finds, with the severities that the user
// wants. Code actions know of them afterwards.
func (s *Server) optionProblems(ctx context.Context, d *document.Snapshot) []analysis.Diagnostic {
	found, err := s.checkOptions(ctx, d)
	if err != nil && ctx.Err() == nil {
		s.logf("options of %s: %v", d.Path, err)
	}
	list := analysis.WithSeverities(found, s.viewOf(ctx).settings(d.Path).Diagnostics.Severity)
	s.options.put(d, list)
	return list
}

// checkOptions finds definitions of options that are not there, and values that
// options do not take. It looks only at modules that are certainly part of a system.
// Of those that cannot be evaluated it returns the last error.
func (s *Server) checkOptions(ctx context.Context, d *document.Snapshot) ([]analysis.Diagnostic, error) {
	var found []analysis.OptionProblem
	var failed error
	for _, v := range s.moduleViews(ctx, d) {
		if !v.sys.certain {
			continue
		}
		var defs []modules.Definition
		var checks []worker.Check
		for _, def := range v.Definitions() {
			if len(checks) == maxChecked {
				break
			}
			c := worker.Check{Steps: def.Path}
			if def.Value != nil && plainlyKnown(d, def.Value) {
				c.Value = inScope(d, cursor.Path(d.File().Root, def.Value.Pos()), "("+d.Text[def.Value.Pos():def.Value.Stop()]+")", def.Value.Pos())
			}
			if def.Name != nil || c.Value != "" {
				defs, checks = append(defs, def), append(checks, c)
			}
		}
		if len(checks) == 0 {
			continue
		}
		req := v.sys.request("check", nil)
		req.Checks, req.Dir = checks, dirOf(d)
		resp, err := s.evaluate(ctx, d, req)
		if err != nil {
			failed = err
			continue
		}
		if v.sys.byPlace && noneKnown(defs, resp.Problems) {
			continue // some other file among the modules
		}
		for _, p := range resp.Problems {
			def := defs[p.Check]
			if p.Unknown && s.declaredInText(ctx, v.sys, def.Path) {
				continue
			}
			problem := analysis.OptionProblem{Unknown: p.Unknown, Msg: p.Msg, Near: p.Near}
			if p.Unknown {
				problem.Span = def.Name.Span
			} else {
				problem.Span = def.Value.Range()
			}
			found = append(found, problem)
		}
	}
	return analysis.CheckOptions(d.File(), found), failed
}

// noneKnown reports whether no definition of a file begins with a name that there
// is.
func noneKnown(defs []modules.Definition, found []worker.Problem) bool {
	top, unknown := 0, 0
	for _, d := range defs {
		if len(d.Path) == 1 && d.Name != nil {
			top++
		}
	}
	for _, p := range found {
		if p.Unknown && len(defs[p.Check].Path) == 1 {
			unknown++
		}
	}
	return unknown > 0 && unknown >= top
}

// declaredInText reports whether an open text declares an option, though not all
// of it has been evaluated yet.
func (s *Server) declaredInText(ctx context.Context, sys *optionSystem, path []modules.Step) bool {
	var names []string
	for _, step := range append(sys.prefix[:len(sys.prefix):len(sys.prefix)], path...) {
		names = append(names, step.Name)
	}
	for _, d := range s.viewOf(ctx).docs {
		if strings.Contains(d.Text, "options") && len(moduleOf.Of(d.For(ctx)).Declared(names)) > 0 {
			return true
		}
	}
	return false
}

// plainlyKnown reports whether the value of an expression can be known from
// where it stands: it depends on no argument but the usual ones.
func plainlyKnown(d *document.Snapshot, e ast.Expr) bool {
	switch e.(type) {
	case *ast.String, *ast.IndString, *ast.Int, *ast.Float, *ast.Path, *ast.List, *ast.AttrSet, *ast.Lambda, *ast.Ident, *ast.Unary, *ast.Binary, *ast.Select:
	default:
		return false // a call may mean a lot of work, or make a definition in ways of its own
	}
	span := e.Range()
	for _, u := range scopes.Of(d).Uses {
		if u.Start < span.Start || u.End > span.End {
			continue
		}
		switch {
		case u.Def == nil:
			return false
		case u.Def.Kind == scope.Global:
		case u.Def.Kind == scope.Formal && (u.Name == "pkgs" || u.Name == "lib"):
		case u.Def.Kind == scope.Let && u.Def.Value != nil && u.Def.Scope.Start < span.Start && plainlyKnown(d, u.Def.Value):
		case u.Def.Scope.Start >= span.Start && u.Def.Scope.End <= span.End:
		default:
			return false
		}
	}
	return true
}
