package parser_test

import (
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
)

// TestRecovery shows what is made of broken texts, as they are while somebody
// types. Errors are given by the token they are at.
func TestRecovery(t *testing.T) {
	for _, tt := range []struct{ src, want, errors string }{
		{`{ a = ; b = 2; }`, `{a=BAD; b=2;}`, `;`},
		{`{ a = }`, `{a=BAD;}`, `}`},
		{"{ a = 1\n b = 2; }", `{a=1; b=2;}`, `=`},
		{"{ a = f x\n b.c = 2; d = 3; }", `{a=(f x); b.c=2; d=3;}`, `=`},
		{"{ a = f\n \"b\" = 2; d = 3; }", `{a=f; "b"=2; d=3;}`, `=`},
		{"{ a = [ ]\n inherit b; c = 1; }", `{a=[]; inherit:b; c=1;}`, `inherit`},
		{"{ a = x + y\n b = 2; }", `{a=(+ x y); b=2;}`, `=`},
		{"{ a = x: y\n b = 2; }", `{a=(\x y); b=2;}`, `=`},
		{"let a = 1\n b = 2; in a", `(let {a=1; b=2;} a)`, `=`},
		{"let a = 1 in a", `(let {a=1;} a)`, `in`},
		{"let a = 1;\n a", `(let {a=1; a=BAD;} BAD)`, ``},
		{"{ a\n b = 1; }", `{a=BAD; b=1;}`, `b`},
		{"{ a.\n b = 1; }", `{a.b=1;}`, ``},
		{"{ a. = 1; b = 2; }", `{a=1; b=2;}`, `=`},
		{"{ a.b. }", `{a.b=BAD;}`, `}`},
		{"{ a }", `{a=BAD;}`, ``},
		{"{ x = a.; y = 1; }", `{x=a.; y=1;}`, `;`},
		{"{ x = a.b.; y = 1; }", `{x=a.b; y=1;}`, `;`},
		{"[ 1 ; 2 ]", `[1 2]`, `;`},
		{"{ a = [ 1 2; b = 3; }", `{a=[1 2]; b=3;}`, `;`},
		{"{ a = (1; b = 3; }", `{a=(1); b=3;}`, `;`},
		{"{ a = { b = 1; ; c = 2; }", `{a={b=1; BAD; c=2;};}`, `;`},
		{"{ a = 1; 5; b = 2; }", `{a=1; BAD; b=2;}`, `5`},
		{"{ a = 1; b 2; c = 3; }", `{a=1; b=2; c=3;}`, `2`},
		{"if a then b", `(if a b BAD)`, ``},
		{"if a else c", `(if a BAD c)`, `else`},
		{"if then b else c", `(if BAD b c)`, `then`},
		{"with a b", `(with (a b) BAD)`, ``},
		{"{ a, b: 1", `(\{a,b} 1)`, `:`},
		{"{\n a =\n b = 2;\n c = 3; }", `{a=BAD; b=2; c=3;}`, `=`},
		{"{\n a =\n  b = 2;\n };\n c = 3; }", `{a={b=2;}; c=3;}`, `=`},
		{"{\n a = f\n  b.d = 2;\n };\n c = 3; }", `{a=(f {b.d=2;}); c=3;}`, `=`},
		{"{\n a = x: f\n  b.d = 2;\n };\n c = 3; }", `{a=(\x (f {b.d=2;})); c=3;}`, `=`},
		{"rec\n a = 1; b = 2; }", `rec{a=1; b=2;}`, `a`},
		{"{ a }\nlet b = 1; in b", `(\{a} (let {b=1;} b))`, `let`},
		{"{ a = \"b;\n c = \"d\"; }", `{a=<"b">; c=<"d">;}`, ``},
		{"{ a = f (g \"b);\n c = \"d${e}\"; }", `{a=(f ((g <"b">))); c=<"d" e>;}`, `${`},
		{"{ a { b = 1; }; c = 2; }", `{a={b=1;}; c=2;}`, `{`},
		{"{\n  a = ''\n    b\n  ;\n  c = ''\n    d = 1;\n  '';\n}", `{a=<<"b">>; c=<<"d = 1;\n">>;}`, `=`},
		{"{\n  a = ''\n  b = 1;\n  c = ''\n    d\n  '';\n}", `{a=<<>>; b=1; c=<<"d\n">>;}`, ``},
		{"{ a, b : 1 }: c", `(\{a,b} c)`, `:`},
		{"{ a b }: 1", `(\{a,b} 1)`, `b`},
		{"{ a, , b }: 1", `(\{a,b} 1)`, `,`},
		{"x@: 1", `(\x 1)`, `:`},
		{"1 +", `(+ 1 BAD)`, ``},
		{"1 + ; 2", `(+ 1 BAD)`, `;`},
		{"a == b == c", `(== (== a b) c)`, `==`},
		{"[ if a then b else c ]", `[(if a b c)]`, `if`},
		{"1 + let a = 1; in a", `(+ 1 (let {a=1;} a))`, `a`},
		{"{ a = \"b; }", `{a=<"b">;}`, ``},
		{"{ inherit (a b; c = 1; }", `{inherit((a b)):; c=1;}`, `;`},
		{"{ inherit a = 1; b = 2; }", `{inherit:a; b=2;}`, `=`},
		{"{ inherit a b\n c = 1; d = 2; }", `{inherit:a,b; c=1; d=2;}`, `=`},
		{"{ a = \"${b c: d} e\"; f = 1; }", `{a=<(b c) " e">; f=1;}`, `:`},
		{"{ a = if b then c; d = 1; }", `{a=(if b c BAD); d=1;}`, `;`},
		{"{ a = f then x; b = 1; }", `{a=f; b=1;}`, `then`},
		{"{ a = f ) x; b = 1; }", `{a=f; b=1;}`, `)`},
		{"(f ] x) y", `((f) y)`, `]`},
		{"{ a = let b = 1; in; c = 2; }", `{a=(let {b=1;} BAD); c=2;}`, `;`},
		{"let a = { b = 1; in a", `(let {a={b=1;};} a)`, `in`},
		{"{ a = 1; } }", `{a=1;}`, `}`},
		{"{ inherit (a) b\n c.d = 1; e = 2; }", `{inherit(a):b; c.d=1; e=2;}`, `.`},
		{"{ a = [ 1 ]; b ] = 2; c = 3; }", `{a=[1]; b=BAD; c=3;}`, `]`},
	} {
		f := parser.Parse("a.nix", tt.src, parser.PipeOperators)
		var at []string
		for _, e := range f.Errors {
			at = append(at, tt.src[e.Start:e.End])
		}
		if got := dump(f.Root); got != tt.want || strings.Join(at, " ") != tt.errors {
			t.Errorf("%s\n got %s, errors at %q\nwant %s, errors at %q", tt.src, got, strings.Join(at, " "), tt.want, tt.errors)
		}
	}
}
