package analysis

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

var withShadowRule = &Rule{
	Code:     "with-shadow",
	Severity: Hint,
	Summary:  "In `with e; [ name ]` the name does not come from e, because it is also defined outside.",
	visit: func(p *pass, n ast.Node) {
		w, ok := n.(*ast.With)
		if !ok {
			return
		}
		list, ok := w.Body.(*ast.List)
		if !ok {
			return
		}
		for _, e := range list.Elems {
			id, ok := e.(*ast.Ident)
			if !ok {
				continue
			}
			u := p.scope.UseAt(id.Start)
			if u == nil || u.Def == nil || u.Def.Kind == scope.Global || len(u.Def.Names) == 0 {
				continue
			}
			from := p.text(w.Scope)
			p.report(Diagnostic{
				Span: id.Span, Msg: fmt.Sprintf("'%s' is the one defined outside, not the one from this `with`", id.Name),
				Related: []Related{{u.Def.Span(), "it is defined here"}},
				Fixes:   []Fix{{Title: "Take it from the with", Edits: []Edit{{id.Span, parenthesised(from) + "." + id.Name}}}},
			})
		}
	},
}

// parenthesised puts a source text into parentheses unless it is one word or a
// selection.
func parenthesised(src string) string {
	if strings.ContainsAny(src, " \t\n(){}[]+-*/<>!&|?:@") && !strings.HasPrefix(src, "(") {
		return "(" + src + ")"
	}
	return src
}

var mergeRecRule = &Rule{
	Code:     "merge-rec",
	Severity: Warning,
	Summary:  "A `rec` set is merged with other definitions of the same attribute, and what is recursive depends on their order.",
	visit: func(p *pass, n ast.Node) {
		first := map[string]*ast.Attr{}
		said := map[string]bool{}
		for _, b := range cursor.Bindings(n) {
			a, ok := b.(*ast.Attr)
			if !ok || len(a.Path) == 0 || a.Path[0].Dynamic() {
				continue
			}
			name := a.Path[0].Name
			other := first[name]
			if other == nil {
				first[name] = a
				continue
			}
			for _, x := range []*ast.Attr{other, a} {
				if set, ok := x.Value.(*ast.AttrSet); ok && set.Rec && len(x.Path) == 1 && !said[name] {
					said[name] = true
					rest := a
					if x == a {
						rest = other
					}
					p.report(Diagnostic{
						Span:    ast.Span{Start: set.Start, End: set.Start + 3},
						Msg:     fmt.Sprintf("'%s' is also defined elsewhere in this set; whether the merged set is recursive depends on the order", name),
						Related: []Related{{rest.Path[0].Span, "it is also defined here"}},
					})
				}
			}
		}
	},
}

var suspiciousOrRule = &Rule{
	Code:     "suspicious-or",
	Severity: Warning,
	Summary:  "`or` does not do what it seems to do: it is no operator, but belongs to a selection.",
	visit: func(p *pass, n ast.Node) {
		call, ok := n.(*ast.Apply)
		if !ok {
			return
		}
		if id, ok := call.Arg.(*ast.Ident); ok && id.Name == "or" {
			if u := p.scope.UseAt(id.Start); u == nil || u.Def == nil {
				d := Diagnostic{Span: id.Span, Msg: "this `or` is a variable: as a default it must follow a selection, as an operator write ||"}
				if outer, ok := p.parent().(*ast.Apply); ok && outer.Fn == ast.Expr(call) {
					d.Fixes = []Fix{{Title: "Change to ||", Edits: []Edit{{id.Span, "||"}}}}
				}
				p.report(d)
			}
			return
		}
		if sel, ok := call.Fn.(*ast.Select); ok && sel.Default != nil {
			switch sel.Default.(type) {
			case *ast.Ident, *ast.Select:
				p.report(Diagnostic{
					Span: ast.Span{Start: sel.Or, End: call.End},
					Msg:  fmt.Sprintf("this calls (%s) with the argument %s", oneLine(p.text(sel)), oneLine(p.text(call.Arg))),
					Fixes: []Fix{
						{Title: "Call the default", Edits: []Edit{{ast.Span{Start: sel.Default.Pos(), End: sel.Default.Pos()}, "("}, {ast.Span{Start: call.End, End: call.End}, ")"}}},
						{Title: "Make the grouping visible", Safe: true, Edits: []Edit{{ast.Span{Start: sel.Start, End: sel.Start}, "("}, {ast.Span{Start: sel.End, End: sel.End}, ")"}}},
					},
				})
			}
		}
	},
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

var redundantParenRule = &Rule{
	Code:     "redundant-paren",
	Severity: Hint,
	Summary:  "Parentheses that change nothing.",
	visit: func(p *pass, n ast.Node) {
		paren, ok := n.(*ast.Paren)
		if !ok || !p.needless(paren) {
			return
		}
		src := p.file.Src
		open := Edit{ast.Span{Start: paren.Start, End: paren.X.Pos()}, ""}
		closing := Edit{ast.Span{Start: paren.X.Stop(), End: paren.End}, ""}
		// A comment inside stays, and words do not grow together.
		if strings.TrimSpace(src[open.Start+1:open.End]) != "" || strings.TrimSpace(src[closing.Start:closing.End-1]) != "" {
			return
		}
		if paren.Start > 0 && Joins(src[paren.Start-1], src[paren.X.Pos()]) {
			open.New = " "
		}
		if int(paren.End) < len(src) && Joins(src[paren.X.Stop()-1], src[paren.End]) {
			closing.New = " "
		}
		p.report(Diagnostic{
			Span: ast.Span{Start: paren.Start, End: paren.Start + 1}, Unnecessary: true, Msg: "these parentheses are not needed",
			Related: []Related{{ast.Span{Start: paren.End - 1, End: paren.End}, "up to here"}},
			Fixes:   []Fix{{Title: "Remove the parentheses", Safe: true, Edits: []Edit{open, closing}}},
		})
	},
}

// Joins reports whether two bytes next to each other would be read together.
func Joins(a, b byte) bool {
	word := func(c byte) bool {
		return c == '_' || c == '-' || c == '\'' || c == '.' || c == '/' || c == '"' || c == '$' ||
			'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
	}
	return word(a) && word(b)
}

// needless reports whether parentheses group what is grouped anyway.
func (p *pass) needless(n *ast.Paren) bool {
	parent := p.parent()
	switch x := n.X.(type) {
	case *ast.Bad:
		return false
	case *ast.Paren, *ast.String, *ast.IndString, *ast.List:
		return true
	case *ast.Int, *ast.Float, *ast.Path, *ast.SearchPath:
		if _, inSelect := parent.(*ast.Select); !inSelect {
			return true // 1.x and ./a.x would be read together
		}
	case *ast.AttrSet:
		return !x.Legacy
	case *ast.Ident:
		return x.Name != "or"
	case *ast.Select:
		if _, inSelect := parent.(*ast.Select); !inSelect && x.Default == nil {
			return true
		}
	}
	switch parent := parent.(type) {
	case nil:
		return true
	case *ast.Attr:
		return parent.Value == ast.Expr(n)
	case *ast.Let:
		return parent.Body == ast.Expr(n)
	case *ast.If:
		return parent.Else != ast.Expr(n) || len(p.parents) == 1
	}
	return false
}

var numberRule = &Rule{
	Code:     "odd-number",
	Severity: Hint,
	Summary:  "A number with leading zeros, which other languages read as octal.",
	visit: func(p *pass, n ast.Node) {
		i, ok := n.(*ast.Int)
		if !ok {
			return
		}
		if call, ok := p.parent().(*ast.Apply); ok && call.Fn == n && call.Arg.Pos() == i.End {
			return // it is said of both together
		}
		if text := p.text(i); len(text) > 1 && text[0] == '0' {
			plain := fmt.Sprint(i.Value)
			p.report(Diagnostic{
				Span: i.Span, Msg: fmt.Sprintf("this is the decimal number %s", plain),
				Fixes: []Fix{{Title: "Change to " + plain, Safe: true, Edits: []Edit{{i.Span, plain}}}},
			})
		}
	},
}
