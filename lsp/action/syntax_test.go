package action

import (
	"strings"
	"testing"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser"
)

// The first fix of the first syntax error of a text.
func TestSyntaxFixes(t *testing.T) {
	for _, c := range []struct{ src, title, want string }{
		{`{ a = 1 }`, "Insert ';'", `{ a = 1; }`},
		{`[ 1 2`, "Insert ']'", `[ 1 2 ]`},
		{"x:\n  [\n    1\n", "Insert ']'", "x:\n  [\n    1\n  ]\n"},
		{`{ a = 1;`, "Insert '}'", `{ a = 1; }`},
		{`(1`, "Insert ')'", `(1)`},
		{`"one`, `Insert '"'`, `"one"`},
		{"''\n  one\n", "Insert ''''", "''\n  one\n''"},
		{`"x${lamp"`, "Insert '}'", `"x${lamp}"`},
		{`rec`, "Insert '{ }'", `rec { }`},
		{`{ a = 1; })))`, "Remove ')))'", `{ a = 1; }`},
		{`{ a.b. = 1; }`, "Remove the dot", `{ a.b = 1; }`},
		{`a.`, "Remove the dot", `a`},
		{`a.b or`, "Remove 'or'", `a.b`},
		{`{ inherit (lamp post light; }`, "Insert ')'", `{ inherit (lamp) post light; }`},
		{`1 < 2 < 3`, "Put parentheses around 1 < 2", `(1 < 2) < 3`},
		{`1 |> f <| 2`, "Put parentheses around 1 |> f", `(1 |> f) <| 2`},
		{`{ a, b c }: a`, "Insert ','", `{ a, b, c }: a`},
		{`{ inherit }`, "Insert ';'", `{ inherit; }`},
		{`{ a = [ 1 (2`, "Insert ') ]; }'", `{ a = [ 1 (2) ]; }`},
		{`{ a = [ 1 (2; b = 3; }`, "Insert ') ]'", `{ a = [ 1 (2) ]; b = 3; }`},
		{"{\n  a = f {\n    b = [\n      (c d\n", "Insert ') ]; }; }'", "{\n  a = f {\n    b = [\n      (c d)\n    ];\n  };\n}\n"},
		{"{ a, b }: {\n  c = lib.mkIf (a [ b\n", "Insert ']); }'", "{ a, b }: {\n  c = lib.mkIf (a [ b ]);\n}\n"},
		{`/* why`, "End the comment", `/* why */`},
		{`1 /* why`, "End the comment", `1 /* why */`},
		{`()`, "", ``},
	} {
		f := parser.Parse("/p/x.nix", c.src, parser.PipeOperators)
		if len(f.Errors) == 0 {
			t.Errorf("%s has no errors", c.src)
			continue
		}
		info := scope.Resolve(f)
		r := Request{
			File: f, Scope: info, Span: f.Errors[0].Span, Name: "/p/x.nix",
			Problems: analysis.Check(f, info, analysis.Options{Path: "/p/x.nix"}),
		}
		title, after := "", ""
		for _, a := range At(r) {
			if a.Kind == QuickFix && a.Preferred && a.Problem != nil && strings.HasPrefix(a.Problem.Code, "syntax") {
				title, after = a.Title, analysis.Apply(c.src, a.Edits)
				break
			}
		}
		if title != c.title || after != c.want {
			t.Errorf("%s: %q makes it\n%s\nwant %q\n%s", c.src, title, after, c.title, c.want)
		}
	}
}
