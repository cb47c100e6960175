package action

import (
	"fmt"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/parser/ast"
)

// fixes are the fixes of the problems at the place.
func fixes(r *Request) []Action {
	var out []Action
	for i, p := range r.Problems {
		if p.Start > r.Span.End || r.Span.Start > p.End {
			continue
		}
		for j, f := range p.Fixes {
			out = append(out, Action{Title: f.Title, Kind: QuickFix, Edits: f.Edits, Problem: &r.Problems[i], Preferred: j == 0})
		}
	}
	return out
}

// fixAll mends all problems of the kinds at the place, and all problems there are
// safe fixes for.
func fixAll(r *Request) []Action {
	whole := ast.Span{Start: 0, End: ast.Pos(len(r.File.Src))}
	opts := analysis.Options{Path: r.Name}
	var out []Action
	counts, here := map[string]int{}, map[string]*analysis.Diagnostic{}
	safe := 0
	for i, p := range r.Problems {
		if len(p.Fixes) == 0 {
			continue
		}
		counts[p.Code]++
		if p.Start <= r.Span.End && r.Span.Start <= p.End {
			here[p.Code] = &r.Problems[i]
		}
		if p.Fixes[0].Safe {
			safe++
		}
	}
	for i := range r.Problems {
		code := r.Problems[i].Code
		if here[code] != &r.Problems[i] || counts[code] < 2 {
			continue
		}
		text := analysis.FixAll(r.File.Src, opts, func(d analysis.Diagnostic) bool { return d.Code == code }, func(analysis.Fix) bool { return true })
		out = append(out, Action{
			Title: fmt.Sprintf("Fix all %s problems in the file", code), Kind: QuickFix,
			Edits: []analysis.Edit{{Span: whole, New: text}}, Problem: here[code],
		})
	}
	if safe > 0 && r.All {
		text := analysis.FixAll(r.File.Src, opts, func(analysis.Diagnostic) bool { return true }, func(f analysis.Fix) bool { return f.Safe })
		out = append(out, Action{Title: "Fix all problems that have a safe fix", Kind: FixAll, Edits: []analysis.Edit{{Span: whole, New: text}}})
	}
	return out
}
