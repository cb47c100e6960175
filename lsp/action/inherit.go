package action

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// toInherit turns x = x; into inherit x; and x = e.x; into inherit (e) x;. Below a
// path, as in a.x = x;, the rest of the path gets a set. In a let or rec, x = x
// would be endless recursion, and is left alone.
func toInherit(r *Request) []Action {
	a, owner := r.attrAround()
	if a == nil || a.Path[len(a.Path)-1].Dynamic() {
		return nil
	}
	n := len(a.Path) - 1
	rec := recursive(owner)
	if n > 0 {
		rec = r.mergedRec(owner, a.Path[0])
	}
	text, ok := r.inheritOf(a.Path[n].Name, a.Value, rec)
	if !ok || r.hasComments(a.Span, a.Path[0], a.Value) {
		return nil
	}
	if n > 0 {
		text = r.File.Src[a.Path[0].Start:a.Path[n-1].End] + " = { " + text + " };"
	}
	return []Action{{Title: fmt.Sprintf("Convert to %s", shortened(text)), Kind: Rewrite, Edits: []analysis.Edit{replace(a, text)}}}
}

// attrAround returns the binding whose name or equals sign is at the place, or
// whose value is a mere name or selection there.
func (r *Request) attrAround() (*ast.Attr, ast.Node) {
	a, i := cursor.Innermost[*ast.Attr](r.path)
	if i < 1 || len(a.Path) == 0 {
		return nil, nil
	}
	switch cursor.Unparen(a.Value).(type) {
	case *ast.Ident, *ast.Select:
	default:
		return nil, nil
	}
	return a, r.path[i-1]
}

// mergedRec reports whether another binding of a name is a rec set, into which
// those of longer paths merge.
func (r *Request) mergedRec(owner ast.Node, name *ast.AttrName) bool {
	for _, b := range cursor.Bindings(owner) {
		if a, ok := b.(*ast.Attr); ok && len(a.Path) > 0 && !name.Dynamic() && a.Path[0].Name == name.Name {
			if set, ok := cursor.Unparen(a.Value).(*ast.AttrSet); ok && set.Rec {
				return true
			}
		}
	}
	return false
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
	switch v := cursor.Unparen(value).(type) {
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
		if !bindable(in, n) {
			return nil
		}
	}
	bind := func(n *ast.AttrName) string { return r.boundName(in, n) }
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

// bindable reports whether an inherited name can be written as a binding: a variable
// whose name is no identifier can only be inherited.
func bindable(in *ast.Inherit, n *ast.AttrName) bool {
	return !n.Dynamic() && (in.From != nil || quote.IsIdentifier(n.Name))
}

// boundName writes an inherited name as a binding.
func (r *Request) boundName(in *ast.Inherit, n *ast.AttrName) string {
	name := quote.Identifier(n.Name)
	if in.From == nil {
		return name + " = " + n.Name + ";"
	}
	return name + " = " + r.wrapped(in.From) + "." + name + ";"
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
