package parser

import (
	"slices"
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// A string without its closing quote swallows the text up to the next quote, from
// where on code and strings have changed places. The first error may be far below,
// and hardly anything in between is read as what it is. So the text is read again
// with one of the strings closed where it was probably meant to end: a "string" at
// the end of its first line, an indented string before the first line that is
// indented no more than the one it starts in and looks like code. If that mends
// everything, it is the tree to go on with; the error stays as it was.

// maxRepairs bounds how many strings are tried.
const maxRepairs = 4

// cut is a string, given by its start, and where it ends or is closed by force.
type cut struct{ start, end int }

// repair replaces the tree of a file with errors by a better one, if there is
// any.
func (p *parser) repair(mode Mode, bindings bool) {
	f := p.file
	first := f.Errors[0]
	if first.Code != CodeSyntax {
		return
	}
	for _, c := range p.cuts(int(first.Start)) {
		again := &ast.File{Name: f.Name, Src: f.Src}
		q := &parser{cut: c, earlier: p.earlier.again(), stop: p.stop}
		q.run(again, mode, bindings)
		if q.stopped {
			return
		}
		if mended(again, c) {
			f.Root, f.Tokens, f.Comments, f.Warnings = again.Root, again.Tokens, again.Comments, again.Warnings
			f.Errors = f.Errors[:1]
			p.dirty, p.multiline = q.dirty, q.multiline
			p.earlier = q.earlier
			return
		}
	}
}

// mended reports whether a cut leaves no error but, perhaps, that of a semicolon
// missing right there.
func mended(f *ast.File, c cut) bool {
	switch len(f.Errors) {
	case 0:
		return true
	case 1:
		at := int(f.Errors[0].Start)
		return at >= c.end && !strings.ContainsAny(strings.TrimLeft(f.Src[c.end:at], " \t\r\n"), "\r\n")
	}
	return false
}

// cuts returns the strings that begin before an offset and may lack their end. Only
// strings that go over lines do; a file with an error, which is what most are while
// they are typed, is read once as a rule.
func (p *parser) cuts(before int) []cut {
	var found []cut
	add := func(s cut, closed bool) {
		if s.start >= before || len(found) == maxRepairs {
			return
		}
		src, at := p.src[:s.end], 0
		if src[s.start] == '"' {
			at = cutString(src, s.start, closed)
		} else {
			at = cutIndented(src, s.start)
		}
		if at > 0 {
			found = append(found, cut{s.start, at})
		}
	}
	for _, s := range p.multiline {
		add(s, true)
	}
	for _, s := range slices.Backward(p.unclosed) { // the outer ones first
		add(s, false)
	}
	return found
}

// cutString returns where the "string" at start, which reaches to the end of src,
// should have ended: at the end of its line, before the punctuation there. It is 0
// when the string is closed in that line.
func cutString(src string, start int, closed bool) int {
	n := strings.IndexAny(src[start:], "\n\r")
	switch {
	case n < 0 && closed:
		return 0
	case n < 0:
		n = len(src) - start
	}
	return max(start+1, len(strings.TrimRight(src[:start+n], " \t;,)]}")))
}

// cutIndented returns the same for an indented string: the end of the last line
// before one that looks like code again; 0 when there is none.
func cutIndented(src string, start int) int {
	line := strings.LastIndexByte(src[:start], '\n') + 1
	limit := spaces(src[line:])
	end := start + 2
	for at := start; ; {
		n := strings.IndexByte(src[at:], '\n')
		if n < 0 {
			return 0
		}
		at += n + 1
		text := src[at:]
		if n := strings.IndexByte(text, '\n'); n >= 0 {
			text = text[:n]
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		if spaces(text) <= limit && likeCode(strings.TrimSpace(text)) {
			return end
		}
		end = at + len(text)
	}
}

// spaces returns how many spaces a text starts with.
func spaces(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// likeCode reports whether a line, without its indentation, is more like Nix than
// like text: a binding, an inherit, or closing brackets.
func likeCode(line string) bool {
	if strings.Trim(line, ")]};") == "" || line == "in" || strings.HasPrefix(line, "inherit ") {
		return true
	}
	name, _, found := strings.Cut(line, " =")
	if !found {
		return false
	}
	for i := 0; i < len(name); i++ {
		if props[name[i]]&isIdent == 0 && name[i] != '.' && name[i] != '"' {
			return false
		}
	}
	return true
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
		p.tokens = p.tokens[:len(p.tokens)-1]
	}
	return p.start
}
