package action

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
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
	tried := map[string]bool{}
	open := r.openComment
	for _, e := range r.File.Errors {
		if e.Code != parser.CodeSyntax || open >= 0 && e.Start > open+1 || e.Start > r.Span.End || r.Span.Start > e.End {
			continue
		}
		var problem *analysis.Diagnostic
		for i := range r.Problems {
			if p := r.Problems[i]; p.Code == "syntax-error" && (p.Start == e.Start || p.Start == open) {
				problem = &r.Problems[i]
			}
		}
		bracket := ast.Pos(-1)
		if problem != nil && len(problem.Related) > 0 {
			bracket = problem.Related[0].Start
		}
		candidates := append(r.closeAll(e), r.syntaxCandidates(e, bracket)...)
		if open >= 0 && e.Start >= open {
			candidates = r.endComment(open)
		}
		for _, c := range candidates {
			after := analysis.Apply(r.File.Src, c.Edits)
			if left -= len(after); left < 0 {
				return out
			}
			if tried[after] || len(parser.Parse(r.Name, after, parser.PipeOperators).Errors) >= len(r.File.Errors) {
				continue
			}
			tried[after] = true
			c.Kind, c.Problem, c.Preferred = QuickFix, problem, len(out) == 0
			out = append(out, c)
			if len(out) == 2 {
				return out
			}
		}
	}
	return out
}

// endComment ends a comment on its line, or where the text does.
func (r *Request) endComment(open ast.Pos) []Action {
	src := strings.TrimRight(r.File.Src, " \t\r\n")
	end := func(title string, at int) Action {
		return Action{Title: title, Edits: []analysis.Edit{insert(ast.Pos(at), " */")}}
	}
	last := end("End the comment at the end of the file", len(src))
	line, _, more := strings.Cut(src[open:], "\n")
	if !more {
		last.Title = "End the comment"
		return []Action{last}
	}
	return []Action{end("End the comment on its line", int(open)+len(strings.TrimRight(line, " \t\r"))), last}
}

var (
	// An inherit whose parenthesis is not closed, up to its first word.
	openInherit = regexp.MustCompile(`inherit\s*\(\s*[^\s(){}\[\];"]+`)
	wordBefore  = regexp.MustCompile(`\s*\bor$`)
)

// syntaxCandidates are changes that may mend an error, the likeliest first. bracket
// is where one stands that is not closed, or -1.
func (r *Request) syntaxCandidates(e *ast.Error, bracket ast.Pos) []Action {
	src, at := r.File.Src, e.Span
	// What is missing belongs behind what stands before the error.
	before := ast.Pos(len(strings.TrimRight(src[:at.Start], " \t\r\n")))
	var out []Action
	add := func(title string, edits ...analysis.Edit) { out = append(out, Action{Title: title, Edits: edits}) }
	put := func(at ast.Pos, text string) {
		title := fmt.Sprintf("Insert '%s'", strings.TrimSpace(text))
		if (text == "}" || text == "]") && bracket >= 0 && bracket+1 < at {
			// Where the brackets of sets and lists usually stand.
			if strings.Contains(src[bracket:at], "\n") {
				text = "\n" + r.indentAt(bracket) + text
			} else {
				text = " " + text
			}
		}
		add(title, insert(at, text))
	}
	expects := func(text string) bool {
		return strings.Contains(e.Msg, "expecting") && strings.Contains(e.Msg, "'"+text+"'")
	}

	if expects(")") {
		line := strings.LastIndexByte(src[:before], '\n') + 1
		if m := openInherit.FindStringIndex(src[line:before]); m != nil {
			put(ast.Pos(line+m[1]), ")")
		}
	}
	if expects(`"`) {
		// Rather than the string, what is open may be an interpolation in it.
		if i := strings.LastIndex(src[:at.Start], "${"); i >= 0 {
			if j := strings.IndexAny(src[i:at.Start], "\"}\n"); j > 0 && src[i+j] == '"' {
				put(ast.Pos(i+j), "}")
			}
		}
	}
	if expects("{") {
		put(before, " { }")
	}
	closing := []string{";", ",", "}", "]", ")", " in", " else null"}
	for _, text := range append(closing, `"`) {
		if expects(strings.TrimSpace(text)) {
			put(before, text)
		}
	}
	if strings.Contains(e.Msg, "end of an indented string") {
		put(at.Start, "''")
	}
	operand := r.operandBefore(before, at)
	if operand.End > operand.Start {
		add("Put parentheses around "+shortened(src[operand.Start:operand.End]), insert(operand.Start, "("), insert(operand.End, ")"))
	}
	if m := wordBefore.FindStringIndex(src[:before]); m != nil {
		add("Remove 'or'", analysis.Edit{Span: ast.Span{Start: ast.Pos(m[0]), End: before}})
	}
	if at.End > at.Start && at.End-at.Start < 40 && operand.End == operand.Start {
		for int(at.End) < len(src) && at.End-at.Start < 40 && again(src[at.End-1], src[at.End]) {
			at.End++
		}
		title := fmt.Sprintf("Remove '%s'", src[at.Start:at.End])
		if int(at.End) < len(src) && at.Start > 0 && src[at.Start-1] == ' ' && src[at.End] == ' ' {
			at.End++
		}
		add(title, analysis.Edit{Span: at})
	}
	if before > 0 && src[before-1] == '.' {
		add("Remove the dot", analysis.Edit{Span: ast.Span{Start: before - 1, End: before}})
	}
	for _, text := range closing {
		put(before, text)
	}
	return out
}

// closeAll closes all brackets that end where an error is, and the bindings in between,
// if these are several.
func (r *Request) closeAll(e *ast.Error) []Action {
	src := r.File.Src
	before := ast.Pos(len(strings.TrimRight(src[:e.Start], " \t\r\n")))
	text, missing := "", 0
	for _, n := range slices.Backward(cursor.Before(r.File.Root, e.Start)) {
		if n.Stop() < before {
			continue
		}
		if n.Stop() > e.Start {
			break
		}
		if a, ok := n.(*ast.Attr); ok && a.Eq > 0 && src[a.End-1] != ';' {
			text += ";"
		}
		at, closing := analysis.Bracket(n)
		if closing == "" || strings.HasSuffix(src[at.End:n.Stop()], closing) {
			continue
		}
		missing++
		switch {
		case closing == "\"":
		case strings.Contains(src[at.Start:before], "\n"):
			text += "\n" + r.indentAt(at.Start)
		case closing == "}" || closing == "]":
			text += " "
		}
		text += closing
	}
	if missing < 2 {
		return nil
	}
	title := fmt.Sprintf("Insert '%s'", strings.Join(strings.Fields(text), " "))
	return []Action{{Title: title, Edits: []analysis.Edit{insert(before, text)}}}
}

// again reports whether a byte carries on a run of stray characters.
func again(last, next byte) bool {
	stray := func(c byte) bool { return c == ')' || c == ']' }
	return stray(last) && stray(next) || last == next && (next == '}' || next == ',') || last >= 0x80 && next >= 0x80
}

// operandBefore returns the comparison or pipe that ends before an operator that
// does not go with it.
func (r *Request) operandBefore(before ast.Pos, at ast.Span) ast.Span {
	switch r.File.Src[at.Start:at.End] {
	case "==", "!=", "<", "<=", ">", ">=", "|>", "<|":
	default:
		return ast.Span{}
	}
	path := cursor.Path(r.File.Root, before)
	for i := len(path) - 1; i >= 0; i-- {
		if b, ok := path[i].(*ast.Binary); ok && b.End == before {
			return b.Span
		}
	}
	return ast.Span{}
}
