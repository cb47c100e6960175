package action

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// toInherit turns x = x; into inherit x; and x = e.x; into inherit (e) x;. In a
// let or rec, x = x would be endless recursion, and is left alone.
func toInherit(r *Request) []Action {
	b, owner := r.binding()
	a, ok := b.(*ast.Attr)
	if !ok || len(a.Path) != 1 || a.Path[0].Dynamic() {
		return nil
	}
	name := a.Path[0].Name
	if text, ok := r.inheritOf(name, a.Value, recursive(owner)); ok && !r.hasComments(a.Span, a.Path[0], a.Value) {
		return []Action{{Title: fmt.Sprintf("Convert to %s", shortened(text)), Kind: Rewrite, Edits: []analysis.Edit{replace(a, text)}}}
	}
	return nil
}

func recursive(owner ast.Node) bool {
	switch o := owner.(type) {
	case *ast.Let:
		return true
	case *ast.AttrSet:
		return o.Rec || o.Legacy
	}
	return false
}

// inheritOf returns the inherit that binds a name to a value, if there is one.
func (r *Request) inheritOf(name string, value ast.Expr, rec bool) (string, bool) {
	attr := quote.Identifier(name)
	switch v := value.(type) {
	case *ast.Ident:
		if v.Name == name && !rec {
			return "inherit " + attr + ";", true
		}
	case *ast.Select:
		if len(v.Path) == 0 {
			return "", false
		}
		last := v.Path[len(v.Path)-1]
		if v.Default != nil || last.Dynamic() || last.Name != name {
			return "", false
		}
		from := r.text(v.X)
		if len(v.Path) > 1 {
			from = r.File.Src[v.Start:v.Path[len(v.Path)-2].End]
		}
		if p, ok := v.X.(*ast.Paren); ok && len(v.Path) == 1 {
			return "inherit " + r.text(p) + " " + attr + ";", true
		}
		return "inherit (" + from + ") " + attr + ";", true
	}
	return "", false
}

// fromInherit turns inherited names into bindings: all of them at the keyword,
// else the one at the cursor.
func fromInherit(r *Request) []Action {
	b, owner := r.binding()
	in, ok := b.(*ast.Inherit)
	if !ok || len(in.Names) == 0 || in.From == nil && recursive(owner) {
		return nil
	}
	for _, n := range in.Names {
		if n.Dynamic() {
			return nil
		}
	}
	bind := func(n *ast.AttrName) string {
		name := quote.Identifier(n.Name)
		if in.From == nil {
			return name + " = " + n.Name + ";"
		}
		return name + " = " + r.wrapped(in.From) + "." + name + ";"
	}
	for _, n := range in.Names {
		if len(in.Names) > 1 && n.Start <= r.Span.Start && r.Span.End <= n.End {
			start := n.Start
			for strings.ContainsRune(" \t\r\n", rune(r.File.Src[start-1])) {
				start--
			}
			return []Action{{Title: fmt.Sprintf("Convert '%s' to a binding", n.Name), Kind: Rewrite, Edits: []analysis.Edit{
				{Span: ast.Span{Start: start, End: n.End}},
				insert(in.End, r.newLine(in)+bind(n)),
			}}}
		}
	}
	var lines []string
	for _, n := range in.Names {
		lines = append(lines, bind(n))
	}
	if r.hasComments(in.Span, nodes(in.Names)...) && in.From == nil {
		return nil
	}
	title := "Convert to a binding"
	if len(lines) > 1 {
		title = "Convert to bindings"
	}
	return []Action{{Title: title, Kind: Rewrite, Edits: []analysis.Edit{replace(in, strings.Join(lines, r.newLine(in)))}}}
}

func nodes(names []*ast.AttrName) []ast.Node {
	out := make([]ast.Node, len(names))
	for i, n := range names {
		out[i] = n
	}
	return out
}

// newLine is what separates bindings next to a node: a line break, or a blank
// where they stand on one line.
func (r *Request) newLine(n ast.Node) string {
	indent := r.indentAt(n.Pos())
	if strings.TrimSpace(r.File.Src[r.File.LineStart(r.File.Position(n.Pos()).Line):n.Pos()]) != "" {
		return " "
	}
	return "\n" + indent
}

func shortened(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 50 {
		s = strings.ToValidUTF8(s[:50], "") + "…"
	}
	return s
}
