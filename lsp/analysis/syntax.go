package analysis

import (
	"strings"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/resolve"
)

var syntaxRule = &Rule{
	Code:     "syntax-error",
	Severity: Error,
	Summary:  "The text is not valid Nix.",
	tolerant: true,
	check: func(p *pass) {
		for _, e := range p.file.Errors {
			d := Diagnostic{Span: e.Span, Msg: e.Msg}
			if strings.HasPrefix(p.file.Src[e.Start:], "/*") {
				d.Msg = "this comment does not end"
			}
			if e.Code != parser.CodeSyntax {
				d.Code = e.Code
			}
			p.report(d)
		}
	},
}

var duplicateRule = &Rule{
	Code:     resolve.CodeDuplicateAttr,
	Severity: Error,
	Summary:  "An attribute is defined twice in one set.",
	check: func(p *pass) {
		for _, e := range resolve.Duplicates(p.file) {
			p.report(Diagnostic{Span: e.Span, Msg: e.Msg})
		}
	},
}

var urlRule = &Rule{
	Code:     "url-literal",
	Severity: Warning,
	Summary:  "A URL without quotes is deprecated.",
	tolerant: true,
	visit: func(p *pass, n ast.Node) {
		if u, ok := n.(*ast.URI); ok {
			p.report(Diagnostic{
				Span: u.Span, Deprecated: true,
				Msg:   "URL literals are deprecated: put it in quotes",
				Fixes: []Fix{{Title: "Quote the URL", Safe: true, Edits: []Edit{{u.Span, `"` + u.Value + `"`}}}},
			})
		}
	},
}

var legacyLetRule = &Rule{
	Code:     "legacy-let",
	Severity: Warning,
	Summary:  "`let { ..., body = e; }` is a forgotten form of `let ... in e`.",
	visit: func(p *pass, n ast.Node) {
		set, ok := n.(*ast.AttrSet)
		if !ok || !set.Legacy {
			return
		}
		if names, all := keys(&ast.AttrSet{Bindings: set.Bindings}); all {
			if _, has := names["body"]; !has {
				p.report(Diagnostic{Span: ast.Span{Start: set.Start, End: set.Open + 1}, Severity: Error, Msg: "`let { }` needs an attribute 'body'"})
				return
			}
		}
		p.report(Diagnostic{
			Span: ast.Span{Start: set.Start, End: set.Start + 3}, Deprecated: true,
			Msg: "`let { }` is deprecated: use `let ... in`",
			Fixes: []Fix{{Title: "Rewrite as (rec { ... }).body", Safe: true, Edits: []Edit{
				{ast.Span{Start: set.Start, End: set.Open}, "(rec "},
				{ast.Span{Start: set.End, End: set.End}, ").body"},
			}}},
		})
	},
}

var emptyLetRule = &Rule{
	Code:     "empty-let",
	Severity: Warning,
	Summary:  "A `let` binds nothing.",
	visit: func(p *pass, n ast.Node) {
		let, ok := n.(*ast.Let)
		if !ok || len(let.Bindings) > 0 {
			return
		}
		d := Diagnostic{Span: ast.Span{Start: let.Start, End: let.In + 2}, Unnecessary: true, Msg: "this `let` binds nothing"}
		// Comments stay: those after `in` where they are, others with the let.
		if src := p.file.Src; strings.TrimSpace(src[let.Start+3:let.In]) == "" {
			rest := src[let.In+2 : let.Body.Pos()]
			end := let.Body.Pos() - ast.Pos(len(strings.TrimLeft(rest, " \t\r\n")))
			d.Fixes = []Fix{{Title: "Remove the empty let", Safe: true, Edits: []Edit{{ast.Span{Start: let.Start, End: end}, ""}}}}
		}
		p.report(d)
	},
}

var emptyInheritRule = &Rule{
	Code:     "empty-inherit",
	Severity: Warning,
	Summary:  "An `inherit` names nothing.",
	visit: func(p *pass, n ast.Node) {
		in, ok := n.(*ast.Inherit)
		if !ok || len(in.Names) > 0 {
			return
		}
		p.report(Diagnostic{
			Span: in.Span, Unnecessary: true,
			Msg:   "this `inherit` names nothing",
			Fixes: []Fix{{Title: "Remove the empty inherit", Safe: true, Edits: []Edit{{withSpaceBefore(p.file.Src, in.Span), ""}}}},
		})
	},
}

// withSpaceBefore widens a span to the space before it, the line end included, so
// that removing it leaves no blank line.
func withSpaceBefore(src string, s ast.Span) ast.Span {
	i := s.Start
	for i > 0 && (src[i-1] == ' ' || src[i-1] == '\t') {
		i--
	}
	if i > 0 && src[i-1] == '\n' {
		i--
		if i > 0 && src[i-1] == '\r' {
			i--
		}
	}
	return ast.Span{Start: i, End: s.End}
}
