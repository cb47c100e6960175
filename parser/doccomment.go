package parser

import (
	"sort"
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// Doc comments (RFC 145): a comment /** ... */ documents what the next token
// starts, a binding or a function. Other comments and white space may stand
// between; of several doc comments the last one counts.

// Doc is a doc comment.
type Doc struct {
	ast.Span
	// Text is Markdown: what is between the delimiters without the common
	// indentation and without blank lines at its start and end.
	Text string
}

// DocComment returns the doc comment of what starts at pos: a binding, a
// function, or any other expression. Files that were parsed without [KeepTokens]
// are parsed again for it.
func DocComment(f *ast.File, pos ast.Pos) (Doc, bool) {
	f = withTokens(f)
	i := sort.Search(len(f.Comments), func(i int) bool { return f.Comments[i].Start >= pos }) - 1
	t := sort.Search(len(f.Tokens), func(i int) bool { return f.Tokens[i].Start >= pos }) - 1
	before := ast.Pos(0) // the end of the token before
	if t >= 0 {
		before = f.Tokens[t].End
	}
	for ; i >= 0 && f.Comments[i].Start >= before; i-- {
		if c := f.Comments[i]; c.Kind == ast.DocComment && c.End <= pos {
			return Doc{Span: c.Span, Text: docText(f.Src[c.Start:c.End])}, true
		}
	}
	return Doc{}, false
}

// BindingDoc returns the doc comment of a binding. One right before its value is
// closer and comes first.
func BindingDoc(f *ast.File, b *ast.Attr) (Doc, bool) {
	f = withTokens(f)
	x := b.Value
	for {
		if d, ok := DocComment(f, x.Pos()); ok {
			return d, true
		}
		paren, ok := x.(*ast.Paren)
		if !ok {
			return DocComment(f, b.Start)
		}
		x = paren.X
	}
}

func withTokens(f *ast.File) *ast.File {
	if f.Tokens == nil {
		return Parse(f.Name, f.Src, KeepTokens)
	}
	return f
}

// docText returns what a doc comment says. The opening counts as indentation of
// its line.
func docText(comment string) string {
	text := "   " + strings.TrimSuffix(strings.TrimPrefix(comment, "/**"), "*/")
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	indent := len(text)
	for _, l := range lines {
		if spaces := len(l) - len(strings.TrimLeft(l, " ")); spaces < len(l) {
			indent = min(indent, spaces)
		}
	}
	for i, l := range lines {
		lines[i] = strings.TrimRight(l[min(indent, len(l)):], " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
