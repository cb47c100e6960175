package action

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// maxSyntaxTries bounds how much text is parsed to find the fixes of a place.
const maxSyntaxTries = 4 << 20

// syntaxFixes mends a syntax error at the place: it puts in what is missing, or
// takes out what is too much. What it offers leaves fewer errors in the file.
func syntaxFixes(r *Request) []Action {
	var out []Action
	left := maxSyntaxTries
	for _, e := range r.File.Errors {
		if e.Code != parser.CodeSyntax || e.Start > r.Span.End || r.Span.Start > e.End {
			continue
		}
		var problem *analysis.Diagnostic
		for i := range r.Problems {
			if r.Problems[i].Span == e.Span {
				problem = &r.Problems[i]
			}
		}
		for _, c := range syntaxCandidates(r.File.Src, e.Span, e.Msg) {
			after := analysis.Apply(r.File.Src, c.Edits)
			if left -= len(after); left < 0 {
				return out
			}
			if len(parser.Parse(r.Name, after, parser.PipeOperators).Errors) >= len(r.File.Errors) {
				continue
			}
			c.Kind, c.Problem, c.Preferred = QuickFix, problem, len(out) == 0
			out = append(out, c)
			if len(out) == 2 {
				return out
			}
		}
	}
	return out
}

// syntaxCandidates are changes that may mend an error, the likeliest first.
func syntaxCandidates(src string, at ast.Span, msg string) []Action {
	// What is missing belongs behind what stands before the error.
	before := at.Start
	for before > 0 && strings.ContainsRune(" \t\r\n", rune(src[before-1])) {
		before--
	}
	var out []Action
	put := func(text string) {
		out = append(out, Action{Title: fmt.Sprintf("Insert '%s'", strings.TrimSpace(text)), Edits: []analysis.Edit{insert(before, text)}})
	}
	closing := []string{";", ",", "}", "]", ")", `"`, "''", " in", " else null"}
	for _, text := range closing {
		if strings.Contains(msg, "expecting '"+strings.TrimSpace(text)+"'") {
			put(text)
		}
	}
	if at.End > at.Start && at.End-at.Start < 40 {
		out = append(out, Action{
			Title: fmt.Sprintf("Remove '%s'", src[at.Start:at.End]), Edits: []analysis.Edit{{Span: at}},
		})
	}
	if before > 0 && src[before-1] == '.' {
		out = append(out, Action{Title: "Remove the dot", Edits: []analysis.Edit{{Span: ast.Span{Start: before - 1, End: before}}}})
	}
	for _, text := range closing {
		put(text)
	}
	return out
}
