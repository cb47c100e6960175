package parser

import (
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// A "string" without its closing quote swallows the text up to the next quote,
// from where on code and strings have changed places. The first error may be far
// below, and hardly anything in between is read as what it is. Since such strings
// are seldom meant to go over several lines, the text is read again with one of
// them closed at the end of its first line. If that mends everything, it is the
// tree to go on with, and the error stays as it was.

// maxRepairs bounds how many strings are tried.
const maxRepairs = 4

// repair replaces the tree of a file with errors by a better one, if there is
// any.
func repair(f *ast.File, mode Mode, bindings bool) {
	first := f.Errors[0]
	if first.Code != CodeSyntax {
		return
	}
	for _, start := range longStrings(f, first.Start, mode, bindings) {
		again := &ast.File{Name: f.Name, Src: f.Src}
		p := &parser{cutString: start, cut: cutAt(f.Src, start)}
		p.run(again, mode, bindings)
		if len(again.Errors) == 0 {
			f.Root, f.Tokens, f.Comments, f.Warnings = again.Root, again.Tokens, again.Comments, again.Warnings
			f.Errors = f.Errors[:1]
			return
		}
	}
}

// longStrings returns the starts of the "strings" that begin before an offset and
// have several lines, or no end.
func longStrings(f *ast.File, before ast.Pos, mode Mode, bindings bool) []int {
	tokens := f.Tokens
	if mode&KeepTokens == 0 {
		kept := &ast.File{Src: f.Src}
		new(parser).run(kept, mode|KeepTokens, bindings)
		tokens = kept.Tokens
	}
	var open, found []int
	for i, t := range tokens {
		if t.Start >= before && len(open) == 0 {
			break
		}
		switch t.Kind {
		case ast.STR_OPEN:
			open = append(open, i)
		case ast.STR_CLOSE:
			if len(open) == 0 {
				continue
			}
			start := tokens[open[len(open)-1]].Start
			open = open[:len(open)-1]
			if f.Src[start] == '"' && start < before && strings.ContainsAny(f.Src[start:t.End], "\n\r") {
				found = append(found, int(start))
			}
		}
	}
	for _, i := range open {
		if start := int(tokens[i].Start); f.Src[start] == '"' {
			found = append(found, start)
		}
	}
	return found[:min(len(found), maxRepairs)]
}

// cutAt returns where the string at start should have ended: at the end of its
// line, before the punctuation there.
func cutAt(src string, start int) int {
	line := src[start+1:]
	if n := strings.IndexAny(line, "\n\r"); n >= 0 {
		line = line[:n]
	}
	return start + 1 + len(strings.TrimRight(line, " \t;,)]}"))
}

// resumeText returns where the text of a "string" goes on after an interpolation
// that starts at i and lacks its brace: at the current token, if there is no brace
// in the rest of the line. 0 means that it does not.
func (p *parser) resumeText(i int) int {
	if p.kind == ast.EOF || p.newLine(i, p.start) {
		return 0
	}
	rest := p.src[p.start:]
	if n := strings.IndexAny(rest, "\n\r\"{}"); n >= 0 && rest[n] == '}' {
		return 0
	}
	if p.keep { // the current token is read again
		p.file.Tokens = p.file.Tokens[:len(p.file.Tokens)-1]
	}
	return p.start
}
