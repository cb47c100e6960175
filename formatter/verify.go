package formatter

import (
	"context"
	"fmt"
	"strings"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// VerifyError says that a formatted text is not what it should be. It is a fault
// of the formatter.
type VerifyError struct {
	File string
	// Pos is where in the source the fault shows, as far as that is known.
	Pos ast.Position
	Msg string
}

func (e *VerifyError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Pos.Line, e.Pos.Column, e.Msg)
}

// Verify checks the text that Format made of a file: it must mean the same, have
// all the comments in the same order, and not change when it is formatted again.
// The error is a [*VerifyError], or that of ctx.
func Verify(ctx context.Context, file *ast.File, formatted string, opts Options) error {
	fault := func(pos ast.Pos, msg string) error {
		return &VerifyError{file.Name, file.Position(pos), msg}
	}
	again := parser.Parse(file.Name, formatted, parser.KeepTokens|parser.PipeOperators)
	if err := check(again); err != nil {
		return fault(0, "the formatted text does not parse: "+err.Error())
	}
	if n := differentNode(file.Src, file.Root, formatted, again.Root); n != nil {
		return fault(n.Pos(), "the formatted text has another syntax tree")
	}
	if i, ok := differentComment(file, again); !ok {
		pos := ast.Pos(len(file.Src))
		if i < len(file.Comments) {
			pos = file.Comments[i].Start
		}
		return fault(pos, "a comment was lost or moved")
	}
	var f Formatter
	out, err := f.Format(ctx, again, opts)
	if err != nil {
		return err
	}
	if string(out) != formatted {
		at := 0
		for at < len(out) && at < len(formatted) && out[at] == formatted[at] {
			at++
		}
		pos := again.Position(ast.Pos(at))
		return fault(0, fmt.Sprintf("formatting again changes line %d of the formatted text", pos.Line))
	}
	return nil
}

// differentNode returns the first node below x for which there is another one
// below y, or nil. What the formatter changes on purpose does not count: which
// kind of quotes a string has, and commas after the last formal.
func differentNode(xsrc string, x ast.Node, ysrc string, y ast.Node) ast.Node {
	c := comparer{xsrc, ysrc}
	return c.node(x, y)
}

type comparer struct{ xsrc, ysrc string }

func (c *comparer) node(x, y ast.Node) ast.Node {
	if xs, ok := stringParts(x); ok {
		ys, ok := stringParts(y)
		if !ok {
			return x
		}
		return c.parts(x, xs, ys)
	}
	if !c.sameKind(x, y) {
		return x
	}
	if xp, ok := x.(*ast.Path); ok {
		return c.parts(x, xp.Parts, y.(*ast.Path).Parts)
	}
	var xs, ys []ast.Node
	for n := range ast.Children(x) {
		xs = append(xs, n)
	}
	for n := range ast.Children(y) {
		ys = append(ys, n)
	}
	if len(xs) != len(ys) {
		return x
	}
	for i := range xs {
		if n := c.node(xs[i], ys[i]); n != nil {
			return n
		}
	}
	return nil
}

// sameKind reports whether two nodes are equal apart from what is below them.
func (c *comparer) sameKind(x, y ast.Node) bool {
	switch x := x.(type) {
	case *ast.Ident:
		y, ok := y.(*ast.Ident)
		return ok && x.Name == y.Name
	case *ast.Int:
		y, ok := y.(*ast.Int)
		return ok && c.sameText(x.Span, y.Span)
	case *ast.Float:
		y, ok := y.(*ast.Float)
		return ok && c.sameText(x.Span, y.Span)
	case *ast.SearchPath:
		y, ok := y.(*ast.SearchPath)
		return ok && x.Name == y.Name
	case *ast.AttrSet:
		y, ok := y.(*ast.AttrSet)
		return ok && x.Rec == y.Rec && x.Legacy == y.Legacy
	case *ast.Lambda:
		y, ok := y.(*ast.Lambda)
		return ok && (x.Arg == nil) == (y.Arg == nil) && (x.Formals == nil) == (y.Formals == nil)
	case *ast.Formals:
		y, ok := y.(*ast.Formals)
		return ok && x.Ellipsis == y.Ellipsis && x.ArgFirst == y.ArgFirst
	case *ast.Unary:
		y, ok := y.(*ast.Unary)
		return ok && x.Op == y.Op
	case *ast.Binary:
		y, ok := y.(*ast.Binary)
		return ok && x.Op == y.Op
	case *ast.AttrName:
		y, ok := y.(*ast.AttrName)
		return ok && x.Name == y.Name && x.Quoted == y.Quoted && (x.Braced == nil) == (y.Braced == nil)
	}
	return fmt.Sprintf("%T", x) == fmt.Sprintf("%T", y)
}

func (c *comparer) sameText(x, y ast.Span) bool {
	return c.xsrc[x.Start:x.End] == c.ysrc[y.Start:y.End]
}

// stringParts returns the parts of a string of any kind.
func stringParts(n ast.Node) ([]ast.Part, bool) {
	switch n := n.(type) {
	case *ast.String:
		return n.Parts, true
	case *ast.IndString:
		return n.Parts, true
	case *ast.URI:
		return []ast.Part{{Text: n.Value}}, true
	}
	return nil, false
}

func (c *comparer) parts(n ast.Node, xs, ys []ast.Part) ast.Node {
	for {
		xt, xe, xrest := nextPart(xs)
		yt, ye, yrest := nextPart(ys)
		if xt != yt || (xe == nil) != (ye == nil) {
			return n
		}
		if xe == nil {
			return nil
		}
		if d := c.node(xe, ye); d != nil {
			return d
		}
		xs, ys = xrest, yrest
	}
}

// nextPart returns the text before the first interpolation of a string, that
// interpolation, and the parts after it.
func nextPart(parts []ast.Part) (string, ast.Expr, []ast.Part) {
	text := ""
	for i := range parts {
		if parts[i].Expr != nil {
			return text, parts[i].Expr, parts[i+1:]
		}
		text += parts[i].Text
	}
	return text, nil, nil
}

// differentComment compares the words of the comments of two files. It returns
// the index of the comment of x with the first word that differs.
func differentComment(x, y *ast.File) (int, bool) {
	xs, index := commentWords(x)
	ys, _ := commentWords(y)
	for i, w := range xs {
		if i >= len(ys) || ys[i] != w {
			return index[i], false
		}
	}
	return len(x.Comments), len(xs) == len(ys)
}

// commentWords returns the words of all comments, and for each the index of its
// comment. The marks around comments are no words.
func commentWords(f *ast.File) (words []string, index []int) {
	for i, c := range f.Comments {
		s := f.Src[c.Start:c.End]
		if strings.HasPrefix(s, "#") {
			s = s[1:]
		} else {
			s = strings.TrimSuffix(strings.TrimPrefix(s, "/*"), "*/")
		}
		for _, w := range strings.FieldsFunc(s, isSpace) {
			if w = strings.TrimLeft(w, "*"); w != "" {
				words = append(words, w)
				index = append(index, i)
			}
		}
	}
	return words, index
}
