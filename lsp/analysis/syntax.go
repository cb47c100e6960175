package analysis

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/lsp/cursor"
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
		open, said := OpenComment(p.file), false
		for i, e := range p.file.Errors {
			d := Diagnostic{Span: e.Span, Msg: e.Msg}
			switch {
			case said:
				return // the rest are words of the comment
			case open >= 0 && e.Start >= open:
				said = true
				d.Span = ast.Span{Start: open, End: open + 2}
				d.Msg = "this comment does not end"
			case e.Code == parser.CodeSyntax:
				if i < maxUnclosed {
					d.Related = p.unclosed(e)
				}
				for d.End > d.Start && int(d.End) < len(p.file.Src) && p.file.Src[d.Start] >= 0x80 && p.file.Src[d.End] >= 0x80 {
					d.End++ // the whole of a word in another script
				}
			case e.Code == parser.CodeDuplicateFormal:
				p.duplicateFormal(&d)
			case e.Code == parser.CodeDynamic:
				p.dynamicName(&d)
			}
			if e.Code != parser.CodeSyntax {
				d.Code = e.Code
			}
			p.report(d)
		}
	},
}

// maxUnclosed bounds for how many errors the bracket is looked for that is not closed.
const maxUnclosed = 100

// OpenComment returns where a comment begins that does not end, or -1. The parser
// reads it as operators, of which one or the other is the error.
func OpenComment(f *ast.File) ast.Pos {
	for _, e := range f.Errors {
		for at := max(e.Start-1, 0); at <= e.Start; at++ {
			if strings.HasPrefix(f.Src[at:], "/*") {
				return at
			}
		}
	}
	return -1
}

// unclosed returns the innermost bracket around an error that has no counterpart.
func (p *pass) unclosed(e *ast.Error) []Related {
	var open ast.Span
	for _, n := range cursor.Before(p.file.Root, e.Start) {
		if at, closing := Bracket(n); closing != "" && !strings.HasSuffix(p.text(n)[at.End-n.Pos():], closing) {
			open = at
		}
	}
	if open.End == 0 {
		return nil
	}
	return []Related{{open, fmt.Sprintf("'%s' is not closed", p.file.Src[open.Start:open.End])}}
}

// Bracket returns what a node begins with and what it must end with, if it is
// something in brackets or quotes.
func Bracket(n ast.Node) (ast.Span, string) {
	at := func(start, length ast.Pos) ast.Span { return ast.Span{Start: start, End: start + length} }
	switch n := n.(type) {
	case *ast.AttrSet:
		if n.Open+1 <= n.End {
			return at(n.Open, 1), "}"
		}
	case *ast.Formals:
		return at(n.Start, 1), "}"
	case *ast.List:
		return at(n.Start, 1), "]"
	case *ast.Paren:
		return at(n.Start, 1), ")"
	case *ast.String:
		return at(n.Start, 1), `"`
	case *ast.IndString:
		return at(n.Start, 2), "''"
	}
	return ast.Span{}, ""
}

// duplicateFormal points at the name that is there a second time; Nix points at
// all of the arguments if it is the name of the set.
func (p *pass) duplicateFormal(d *Diagnostic) {
	ast.Inspect(p.file.Root, func(n ast.Node) bool {
		l, ok := n.(*ast.Lambda)
		if !ok || l.Formals == nil || d.Start < l.Start || d.Start > l.Formals.End && (l.Arg == nil || d.Start > l.Arg.End) {
			return n.Pos() <= d.End && d.Start <= n.Stop()
		}
		names := make([]*ast.Ident, 0, len(l.Formals.List)+1)
		if l.Arg != nil && l.Formals.ArgFirst {
			names = append(names, l.Arg)
		}
		for _, f := range l.Formals.List {
			names = append(names, f.Name)
		}
		if l.Arg != nil && !l.Formals.ArgFirst {
			names = append(names, l.Arg)
		}
		first := map[string]*ast.Ident{}
		for _, name := range names {
			if other := first[name.Name]; other != nil {
				d.Span, d.Related = name.Span, []Related{{other.Span, "it is also here"}}
				return false
			}
			first[name.Name] = name
		}
		return true
	})
}

// dynamicName points at a name that is computed where none may be, rather than at
// the let.
func (p *pass) dynamicName(d *Diagnostic) {
	path := cursor.Path(p.file.Root, d.Start)
	if let, _ := cursor.Innermost[*ast.Let](path); let != nil && let.Start == d.Start {
		for _, b := range let.Bindings {
			if a, ok := b.(*ast.Attr); ok && len(a.Path) > 0 && a.Path[0].Dynamic() {
				d.Span = a.Path[0].Span
				return
			}
		}
	}
	if in, _ := cursor.Innermost[*ast.Inherit](path); in != nil {
		edit := Edit{withSpaceBefore(p.file.Src, d.Span), ""}
		if len(in.Names) == 1 {
			edit.Span = withSpaceBefore(p.file.Src, in.Span)
		}
		d.Fixes = []Fix{{Title: fmt.Sprintf("Remove %s", oneLine(p.file.Src[d.Start:d.End])), Edits: []Edit{edit}}}
	}
}

var duplicateRule = &Rule{
	Code:     resolve.CodeDuplicateAttr,
	Severity: Error,
	Summary:  "An attribute is defined twice in one set.",
	check: func(p *pass) {
		for _, e := range resolve.Duplicates(p.file, p.far) {
			d := Diagnostic{Span: e.Span, Msg: e.Msg}
			// Nix names the file, which everybody sees.
			if name, _, ok := strings.Cut(e.Msg, " already defined at "); ok {
				d.Msg = fmt.Sprintf("%s already defined in line %d", name, p.file.Position(e.Other).Line)
				d.Related = []Related{{p.wordAt(e.Other), "it is already defined here"}}
			}
			p.report(d)
		}
	},
}

// wordAt returns the span of the attribute path or name that begins at an offset.
func (p *pass) wordAt(at ast.Pos) ast.Span {
	path := cursor.Path(p.file.Root, at)
	if a, _ := cursor.Innermost[*ast.Attr](path); a != nil && a.Start == at && len(a.Path) > 0 {
		return ast.Span{Start: at, End: a.Path[len(a.Path)-1].End}
	}
	if n, _ := cursor.Innermost[*ast.AttrName](path); n != nil {
		return n.Span
	}
	return ast.Span{Start: at, End: at}
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
		d := Diagnostic{
			Span: ast.Span{Start: set.Start, End: set.Start + 3}, Deprecated: true,
			Msg: "`let { }` is deprecated: use `let ... in`",
			Fixes: []Fix{{Title: "Rewrite as (rec { ... }).body", Safe: true, Edits: []Edit{
				{ast.Span{Start: set.Start, End: set.Open}, "(rec "},
				{ast.Span{Start: set.End, End: set.End}, ").body"},
			}}},
		}
		if edits := p.letIn(set); edits != nil {
			d.Fixes = append([]Fix{{Title: "Rewrite as let ... in", Safe: true, Edits: edits}}, d.Fixes...)
		}
		p.report(d)
	},
}

// letIn returns the edits that make let ... in of a let { }, if its body is one
// binding, the last, and no other refers to it. It stays where an operand stands.
func (p *pass) letIn(set *ast.AttrSet) []Edit {
	switch p.parent().(type) {
	case nil, *ast.Attr, *ast.Let, *ast.Paren, *ast.With, *ast.Assert, *ast.Lambda:
	default:
		return nil
	}
	n := len(set.Bindings) - 1
	body, ok := set.Bindings[n].(*ast.Attr)
	if !ok || len(body.Path) != 1 || body.Path[0].Dynamic() || body.Path[0].Name != "body" || n == 0 {
		return nil
	}
	if def := p.scope.DefAt(body.Path[0].Start); def == nil || len(def.Uses) > 0 || len(def.Names) != 1 {
		return nil
	}
	src := p.file.Src
	end := set.End - 1
	for end > body.End && strings.ContainsRune(" \t\r\n", rune(src[end-1])) {
		end--
	}
	if end != body.End {
		return nil // a comment
	}
	brace := ast.Span{Start: set.Start + 3, End: set.Open + 1}
	if strings.TrimSpace(src[brace.Start:set.Open]) != "" {
		brace.Start = set.Open
	}
	return []Edit{
		{brace, ""},
		{ast.Span{Start: body.Start, End: body.Value.Pos()}, "in "},
		{ast.Span{Start: body.Value.Stop(), End: set.End}, ""},
	}
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
