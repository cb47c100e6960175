package parser_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// dump writes a tree in a Lisp-like notation in which nothing is implied.
func dump(n ast.Node) string {
	names := func(list []*ast.AttrName) string {
		var out []string
		for _, a := range list {
			s := a.Name
			switch {
			case a.Dynamic():
				s = "$" + dump(a.Expr)
			case a.Quoted:
				s = fmt.Sprintf("%q", s)
			}
			out = append(out, s)
		}
		return strings.Join(out, ".")
	}
	parts := func(list []ast.Part) string {
		var out []string
		for _, p := range list {
			if p.Expr != nil {
				out = append(out, dump(p.Expr))
			} else {
				out = append(out, fmt.Sprintf("%q", p.Text))
			}
		}
		return strings.Join(out, " ")
	}
	bindings := func(list []ast.Binding) string {
		var out []string
		for _, b := range list {
			out = append(out, dump(b))
		}
		return strings.Join(out, " ")
	}
	switch n := n.(type) {
	case nil:
		return "nil"
	case *ast.Bad:
		return "BAD"
	case *ast.BadBinding:
		return "BAD;"
	case *ast.Ident:
		return n.Name
	case *ast.Int:
		return fmt.Sprint(n.Value)
	case *ast.Float:
		return fmt.Sprintf("%gf", n.Value)
	case *ast.String:
		return "<" + parts(n.Parts) + ">"
	case *ast.IndString:
		return "<<" + parts(n.Parts) + ">>"
	case *ast.URI:
		return "uri:" + n.Value
	case *ast.Path:
		return "path:<" + parts(n.Parts) + ">"
	case *ast.SearchPath:
		return "spath:" + n.Name
	case *ast.Paren:
		return "(" + dump(n.X) + ")"
	case *ast.List:
		var out []string
		for _, e := range n.Elems {
			out = append(out, dump(e))
		}
		return "[" + strings.Join(out, " ") + "]"
	case *ast.AttrSet:
		kind := ""
		switch {
		case n.Legacy:
			kind = "let"
		case n.Rec:
			kind = "rec"
		}
		return kind + "{" + bindings(n.Bindings) + "}"
	case *ast.Let:
		return "(let {" + bindings(n.Bindings) + "} " + dump(n.Body) + ")"
	case *ast.Attr:
		return names(n.Path) + "=" + dump(n.Value) + ";"
	case *ast.Inherit:
		var out []string
		for _, a := range n.Names {
			out = append(out, names([]*ast.AttrName{a}))
		}
		from := ""
		if n.From != nil {
			from = "(" + dump(n.From) + ")"
		}
		return "inherit" + from + ":" + strings.Join(out, ",") + ";"
	case *ast.Lambda:
		arg := ""
		if n.Arg != nil {
			arg = n.Arg.Name
		}
		if f := n.Formals; f != nil {
			var out []string
			for _, x := range f.List {
				s := x.Name.Name
				if x.Default != nil {
					s += "?" + dump(x.Default)
				}
				out = append(out, s)
			}
			if f.Ellipsis {
				out = append(out, "...")
			}
			s := "{" + strings.Join(out, ",") + "}"
			switch {
			case arg == "":
				arg = s
			case f.ArgFirst:
				arg += "@" + s
			default:
				arg = s + "@" + arg
			}
		}
		return "(\\" + arg + " " + dump(n.Body) + ")"
	case *ast.Apply:
		return "(" + dump(n.Fn) + " " + dump(n.Arg) + ")"
	case *ast.Select:
		s := dump(n.X) + "." + names(n.Path)
		if n.Default != nil {
			s += "|" + dump(n.Default)
		}
		return s
	case *ast.HasAttr:
		return "(? " + dump(n.X) + " " + names(n.Path) + ")"
	case *ast.If:
		return "(if " + dump(n.Cond) + " " + dump(n.Then) + " " + dump(n.Else) + ")"
	case *ast.Assert:
		return "(assert " + dump(n.Cond) + " " + dump(n.Body) + ")"
	case *ast.With:
		return "(with " + dump(n.Scope) + " " + dump(n.Body) + ")"
	case *ast.Unary:
		return "(" + n.Op.String() + " " + dump(n.X) + ")"
	case *ast.Binary:
		return "(" + n.Op.String() + " " + dump(n.X) + " " + dump(n.Y) + ")"
	}
	return fmt.Sprintf("%T", n)
}

func TestTree(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		// Operators.
		{`1 + 2 * 3`, `(+ 1 (* 2 3))`},
		{`1 - 2 - 3`, `(- (- 1 2) 3)`},
		{`a ++ b ++ c`, `(++ a (++ b c))`},
		{`a // b // c`, `(// a (// b c))`},
		{`a -> b -> c`, `(-> a (-> b c))`},
		{`a || b && c == d`, `(|| a (&& b (== c d)))`},
		{`a < b == c`, `(== (< a b) c)`},
		{`!a // b`, `(// (! a) b)`},
		{`!a + b`, `(! (+ a b))`},
		{`-a + b`, `(+ (- a) b)`},
		{`-a ? b`, `(? (- a) b)`},
		{`!a ? b`, `(! (? a b))`},
		{`- - a`, `(- (- a))`},
		{`-!a + b`, `(- (! (+ a b)))`},
		{`a * !b + c`, `(* a (! (+ b c)))`},
		{`a ? b ? c`, `(? (? a b) c)`},
		{`a ? b.c."d".${e} && f`, `(&& (? a b.c."d".$e) f)`},
		{`a |> b |> c d`, `(|> (|> a b) (c d))`},
		{`a <| b <| c`, `(<| a (<| b c))`},
		{`a -> b |> c`, `(|> (-> a b) c)`},
		{`f a b.c d`, `(((f a) b.c) d)`},
		{`f -a`, `(- f a)`},
		{`a+b`, `(+ a b)`},
		{`a-b`, `a-b`},
		{`1-b`, `(- 1 b)`},
		{`a -b`, `(- a b)`},
		{`a/b`, `path:<"a/b">`},
		{`a/ b`, `(/ a b)`},
		{`1/2`, `path:<"1/2">`},
		{`a //b`, `(// a b)`},
		{`a<b`, `(< a b)`},
		{`a<b>`, `(a spath:b)`},
		{`a<b/c>d`, `((a spath:b/c) d)`},
		// Functions and the rest of what spans as far as it can.
		{`a: b: a b`, `(\a (\b (a b)))`},
		{`a:b`, `uri:a:b`},
		{`_a:b`, `(\_a b)`},
		{`{ }: 1`, `(\{} 1)`},
		{`{ a }: 1`, `(\{a} 1)`},
		{`{ a, b ? 1 + 2, }: 1`, `(\{a,b?(+ 1 2)} 1)`},
		{`{ ... }: 1`, `(\{...} 1)`},
		{`{ a, ... }@b: 1`, `(\{a,...}@b 1)`},
		{`b@{ a, ... }: 1`, `(\b@{a,...} 1)`},
		{`b @ { }: 1`, `(\b@{} 1)`},
		{`{ a ? x: y, b }: 1`, `(\{a?(\x y),b} 1)`},
		{`if a then b else c + 1`, `(if a b (+ c 1))`},
		{`assert a; with b; c`, `(assert a (with b c))`},
		{`let a = 1; in a + 1`, `(let {a=1;} (+ a 1))`},
		{`let in 1`, `(let {} 1)`},
		{`let { a = 1; }`, `let{a=1;}`},
		{`let { a = 1; }.a + 1`, `(+ let{a=1;}.a 1)`},
		{`f let { a = 1; }`, `(f let{a=1;})`},
		{`let /* c */ { a = 1; }`, `let{a=1;}`},
		// Sets.
		{`{ a = 1; }`, `{a=1;}`},
		{`{ a.b."c d".${e} = 1; }`, `{a.b."c d".$e=1;}`},
		{`{ ${"a"} = 1; "b${c}" = 2; "" = 3; }`, `{a=1; $<"b" c>=2; ""=3;}`},
		{`{ ${(("a"))} = 1; ${''b''} = 2; ${x:y} = 3; }`, `{a=1; b=2; x:y=3;}`},
		{`{ inherit; inherit a "b" or; inherit (c) d; }`, `{inherit:; inherit:a,"b",or; inherit(c):d;}`},
		{`rec { a = 1; }.a`, `rec{a=1;}.a`},
		{`{ }.a.b or c d`, `({}.a.b|c d)`},
		{`{ or = 1; }.or or 2`, `{or=1;}.or|2`},
		{`a.b or c.d or e`, `a.b|c.d|e`},
		{`a or b`, `((a or) b)`},
		{`f a or b`, `((f (a or)) b)`},
		{`[ a or b ]`, `[(a or) b]`},
		{`a."b".${c}.d`, `a."b".$c.d`},
		{`[ 1 (2) [ ] { } a.b -3 ]`, ``},
		{`[ 1 (2) [ ] { } a.b c ]`, `[1 (2) [] {} a.b c]`},
		// Numbers.
		{`1.`, `1f`},
		{`.5`, `0.5f`},
		{`0.5`, `0.5f`},
		{`1.5e3`, `1500f`},
		{`1.e2`, `100f`},
		{`1e2`, `(1 e2)`},
		{`00.5`, `(0 0.5f)`},
		{`[ 1.5.5 ]`, `[1.5f 0.5f]`},
		{`007`, `7`},
		// Paths.
		{`./a`, `path:<"./a">`},
		{`../a.b+c-d_e`, `path:<"../a.b+c-d_e">`},
		{`/a`, `path:<"/a">`},
		{`./.`, `path:<"./.">`},
		{`~/a`, `path:<"~/a">`},
		{`./${a}`, `path:<"./" a>`},
		{`./a${b}c/${d}/e`, `path:<"./a" b "c/" d "/e">`},
		{`~/${a}`, `path:<"~/" a>`},
		{`a/${b}`, `path:<"a/" b>`},
		{`./a/b//${c}`, `path:<"./a/b/" "/" c>`},
		{`./a/${b}//c`, `path:<"./a/" b "/" "/c">`},
		{`[ ./a${b} c ]`, `[path:<"./a" b> c]`},
		{`a.b/c`, `path:<"a.b/c">`},
		{`.../a`, `path:<".../a">`},
		{`1.5/a`, `path:<"1.5/a">`},
		{`+/a`, `path:<"+/a">`},
		{`<a.b/c-d>`, `spath:a.b/c-d`},
		// Strings.
		{`""`, `<>`},
		{`"a b"`, `<"a b">`},
		{`"\n\r\t\"\\\$\a"`, `<"\n\r\t\"\\$a">`},
		{`"$a $ $$ $${b}"`, `<"$a $ $$ $${b}">`},
		{`"\${a} $\{b}"`, `<"${a} ${b}">`},
		{`"${a}${b} c"`, `<a b " c">`},
		{`"a ${"b ${c}"}"`, `<"a " <"b " c>>`},
		{`"$"`, `<"$">`},
		{`"${a}$"`, `<a "$">`},
		{`"# /* "`, `<"# /* ">`},
		{"\"a\r\nb\rc\n\"", `<"a\nb\nc\n">`},
		{"\"$\r\n\"", `<"$\n">`},
		{"\"\\\r\n\"", `<"\r\n">`},
		{`"é"`, `<"é">`},
		// Indented strings.
		{`''''`, `<<>>`},
		{`''a''`, `<<"a">>`},
		{"''  \n  a\n  ''", `<<"a\n">>`},
		{"''a\n  b\n''", `<<"a\n  b\n">>`},
		{"''\n    a\n   b\n\n     c''", `<<" a\nb\n\n  c">>`},
		{"''\n  a\n \n  b\n''", `<<"a\n\nb\n">>`},
		{"''\n  a\n    \n  b\n''", `<<"a\n  \nb\n">>`},
		{"''\n\ta\n\t''", `<<"\ta\n\t">>`},
		{"''\n  a ${b}\n c\n ''", `<<" a " b "\nc\n">>`},
		{"''\n  ${a}\n    b\n''", `<<a "\n  b\n">>`},
		{"''\n    a\n  ''\\n  b''", `<<"  a\n" "\n" "b">>`},
		{"''\n  ''${a}\n  b''", `<<"$" "{a}\nb">>`},
		{`''a '''b''' c''`, `<<"a " "''" "b" "''" " c">>`},
		{`''$a $$ $${b} $''`, `<<"$a $$ $${b} " "$">>`},
		{`''a'b'$c''`, `<<"a'b" "'" "$c">>`},
		{`''\n ''\n ''\t ''\r ''\x''`, `<<"\\n " "\n" " " "\t" " " "\r" " " "x">>`},
		{"''\r\n  a\r\n  b''", `<<"\r\n  a\r\n  b">>`},
		{"''   a''", `<<"a">>`},
		{"''   ''", `<<>>`},
		{"''   \n''", `<<>>`},
		{"''\n\n''", `<<"\n">>`},
		{"''\n  a\n  b  ''", `<<"a\nb  ">>`},
		// URLs and oddities.
		{`http://a.b/~c?d=e&f%20`, `uri:http://a.b/~c?d=e&f%20`},
		{`a.b:c`, `uri:a.b:c`},
		{`x: y`, `(\x y)`},
		{`x :y`, `(\x y)`},
		{`__curPos.line`, `__curPos.line`},
		{`a'b-c_d`, `a'b-c_d`},
		{"# c\n1 /* d */ + /** e **/ /**/ 2 # f", `(+ 1 2)`},
		{`(((a)))`, `(((a)))`},
	} {
		f := parser.Parse("a.nix", tt.src, parser.PipeOperators)
		got := dump(f.Root)
		if len(f.Errors) > 0 {
			got = ""
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.src, got, tt.want)
		}
	}
}

func TestParseBindings(t *testing.T) {
	for _, tt := range []struct {
		src, want  string
		ok         bool
		incomplete bool
	}{
		{"a = 1", "{a=1;}", true, false},
		{"a.b = 1; inherit c;", "{a.b=1; inherit:c;}", true, false},
		{"inherit (a) b", "{inherit(a):b;}", true, false},
		{"a = { b = 1 }", "{a={b=1;};}", false, false},
		{"a = { b = 1", "{a={b=1;};}", false, true},
		{"a =", "{a=BAD;}", false, true},
		{"a = let b = 1", "{a=(let {b=1;} BAD);}", false, true},
		{"", "{}", false, true},
		{"a", "{a=BAD;}", false, true},
		{"a b", "{a=b;}", false, false},
		{"a = 1; }", "{a=1; BAD;}", false, false},
		{"1 + 1", "{BAD;}", false, false},
	} {
		f := parser.ParseBindings("a.nix", tt.src, 0)
		incomplete := len(f.Errors) > 0 && f.Errors[0].Incomplete
		if got := dump(f.Root); got != tt.want || tt.ok != (len(f.Errors) == 0) || incomplete != tt.incomplete {
			t.Errorf("%s: got %s, incomplete %v, errors %v", tt.src, got, incomplete, first(f.Errors))
		}
	}
}

// TestArena checks that a tree in reused memory is the same as one of its own.
func TestArena(t *testing.T) {
	names, texts := corpus(t)
	var arena parser.Arena
	for range 3 {
		for i, text := range texts {
			for _, src := range []string{text, text[:len(text)/2], "{ a = [ 1 2 ]; }", ""} {
				got, want := arena.Parse(names[i], src, parser.KeepTokens), parser.Parse(names[i], src, parser.KeepTokens)
				if dump(got.Root) != dump(want.Root) {
					t.Errorf("%s: another tree from an arena", names[i])
				}
				if !slices.Equal(got.Tokens, want.Tokens) || !slices.Equal(got.Comments, want.Comments) {
					t.Errorf("%s: other tokens or comments from an arena", names[i])
				}
			}
		}
	}
}
