package action

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/parser"
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
	all := func(want func(analysis.Diagnostic) bool, ok func(analysis.Fix) bool) func() []analysis.Edit {
		src, opts := r.File.Src, analysis.Options{Path: r.Name, Stop: r.Stop}
		return func() []analysis.Edit { return changedLines(src, analysis.FixAll(src, opts, want, ok)) }
	}
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
		out = append(out, Action{
			Title: fmt.Sprintf("Fix all %s problems in the file", code), Kind: QuickFix, Problem: here[code],
			Later: all(func(d analysis.Diagnostic) bool { return d.Code == code }, func(analysis.Fix) bool { return true }),
		})
	}
	if safe > 0 && r.All {
		out = append(out, Action{
			Title: "Fix all problems that have a safe fix", Kind: FixAll,
			Later: all(func(analysis.Diagnostic) bool { return true }, func(f analysis.Fix) bool { return f.Safe }),
		})
	}
	return out
}

// changedLines replaces one text by another, but for the lines that they begin and end
// with in common.
func changedLines(src, by string) []analysis.Edit {
	if src == by {
		return nil
	}
	e := parser.EditBetween(src, by)
	start := ast.Pos(strings.LastIndexByte(src[:e.Start], '\n') + 1)
	atLine := func(text string, off ast.Pos) bool { return off == 0 || text[off-1] == '\n' }
	rest := 0
	if !atLine(src, e.OldEnd) || !atLine(by, e.NewEnd) {
		rest = strings.IndexByte(src[e.OldEnd:], '\n') + 1
		if rest == 0 {
			rest = len(src) - int(e.OldEnd)
		}
	}
	return []analysis.Edit{{
		Span: ast.Span{Start: start, End: e.OldEnd + ast.Pos(rest)}, New: by[start : e.NewEnd+ast.Pos(rest)],
	}}
}
