package resolve_test

import (
	"fmt"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/resolve"
)

// show writes a merged set in a notation of its own: b< for inherit, b<0 for
// inherit from the first expression.
func show(src string, m *resolve.Merged) string {
	text := func(n ast.Node) string { return src[n.Pos():n.Stop()] }
	var b strings.Builder
	if m.Rec {
		b.WriteString("rec")
	}
	b.WriteString("{")
	for _, a := range m.Attrs {
		switch a.Kind {
		case resolve.Plain:
			fmt.Fprintf(&b, " %s=%s", a.Name, text(a.Expr))
		case resolve.Inherit:
			fmt.Fprintf(&b, " %s<", a.Name)
		case resolve.InheritFrom:
			fmt.Fprintf(&b, " %s<%d", a.Name, a.From)
		case resolve.Nested:
			fmt.Fprintf(&b, " %s=%s", a.Name, show(src, a.Set))
		}
	}
	for _, d := range m.Dynamic {
		if d.Set != nil {
			fmt.Fprintf(&b, " ${%s}=%s", text(d.Name), show(src, d.Set))
		} else {
			fmt.Fprintf(&b, " ${%s}=%s", text(d.Name), text(d.Expr))
		}
	}
	for i, e := range m.From {
		fmt.Fprintf(&b, " %d:%s", i, text(e))
	}
	b.WriteString(" }")
	return b.String()
}

func TestMerge(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{`{ }`, `{ }`},
		{`{ a = 1; b = 2; }`, `{ a=1 b=2 }`},
		{`{ a.b = 1; a.c = 2; }`, `{ a={ b=1 c=2 } }`},
		{`{ a.b = 1; a = { c = 2; }; }`, `{ a={ b=1 c=2 } }`},
		{`{ a = { c = 2; }; a.b = 1; }`, `{ a={ c=2 b=1 } }`},
		{`{ a = { c = 2; }; a = ({ b = 1; }); }`, `{ a={ c=2 b=1 } }`},
		{`{ a = { c = 2; }; }`, `{ a={ c = 2; } }`},
		{`{ a = rec { c = 2; }; a.b = c; }`, `{ a=rec{ c=2 b=c } }`},
		{`{ a.b = c; a = rec { c = 2; }; }`, `{ a={ b=c c=2 } }`},
		{`{ a.b.c = 1; a = { b = { d = 2; }; }; }`, `{ a={ b={ c=1 d=2 } } }`},
		{`{ a.b.c = 1; a = { b.d = 2; e = 3; }; a.b = { f = 4; }; }`, `{ a={ b={ c=1 d=2 f=4 } e=3 } }`},
		{`{ inherit a; inherit (x) b c; inherit (y) d; }`, `{ a< b<0 c<0 d<1 0:x 1:y }`},
		{`{ s = { inherit (x) a b; }; s = { inherit (y) c d; inherit e; }; }`,
			`{ s={ a<0 b<0 c<1 d<1 e< 0:x 1:y } }`},
		{`{ ${x} = 1; a.${y}.z = 2; a.${y}.w = 3; ${x}.u = 4; }`,
			`{ a={ ${y}={ z=2 } ${y}={ w=3 } } ${x}=1 ${x}={ u=4 } }`},
		{`{ a = { ${x} = 1; }; a.${y} = 2; a = { ${z} = 3; }; }`, `{ a={ ${x}=1 ${y}=2 ${z}=3 } }`},
		{`{ "a".b = 1; ${"a"}.c = 2; a."d e" = 3; }`, `{ a={ b=1 c=2 d e=3 } }`},
		{`{ a = 1; a = 2; }`, `a.nix:1:10: attribute 'a' already defined at a.nix:1:3`},
		{`{ a.b = 1; a.b = 2; }`, `a.nix:1:12: attribute 'a.b' already defined at a.nix:1:3`},
		{`{ a = 1; a.b = 2; }`, `a.nix:1:10: attribute 'a' already defined at a.nix:1:3`},
		{`{ x.a.b = 1; x.a.b.c = 2; }`, `a.nix:1:14: attribute 'x.a.b' already defined at a.nix:1:3`},
		{`{ a.b = 1; a = { b = 2; }; }`, `a.nix:1:18: attribute 'a.b' already defined at a.nix:1:3`},
		{`{ a = { }; a = let { body = { }; }; }`, `a.nix:1:12: attribute 'a' already defined at a.nix:1:3`},
		{`{ inherit a; a.b = 1; }`, `a.nix:1:14: attribute 'a' already defined at a.nix:1:11`},
		{`{ a = { }; inherit (x) a; }`, `a.nix:1:24: attribute 'a' already defined at a.nix:1:3`},
		{`{ "a b" = 1; ${"a b"} = 1; }`, `a.nix:1:14: attribute '"a b"' already defined at a.nix:1:3`},
	} {
		f := parser.Parse("a.nix", tt.src, 0)
		if len(f.Errors) > 0 {
			t.Fatalf("%s: %s", tt.src, f.Errors[0].Msg)
		}
		m, err := resolve.Merge(f, f.Root.(*ast.AttrSet).Bindings)
		got := show(tt.src, &m)
		if err != nil {
			pos := f.Position(err.Start)
			got = fmt.Sprintf("a.nix:%d:%d: %s", pos.Line, pos.Column, err.Msg)
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.src, got, tt.want)
		}
	}
}

// Large sets take other paths through the code than small ones.
func TestMergeLarge(t *testing.T) {
	for _, n := range []int{11, 12, 13, 14, 63, 64, 65, 200, 5000} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d = %d; ", i, i)
		}
		for _, extra := range []string{"", "x.y = 1; ", "a3 = 1; ", "a3.b = 1; "} {
			src := "{ " + b.String() + extra + "}"
			f := parser.Parse("a.nix", src, 0)
			m, err := resolve.Merge(f, f.Root.(*ast.AttrSet).Bindings)
			want := n
			if strings.HasPrefix(extra, "x") {
				want++
			}
			if len(m.Attrs) != want || (err != nil) != strings.HasPrefix(extra, "a3") {
				t.Errorf("%d attributes and %q: got %d, error %v", n, extra, len(m.Attrs), err)
			}
		}
	}
}

func TestDuplicates(t *testing.T) {
	const src = `let a = 1; a = 2; in { b = { c = 1; c = 1; }; b.d = { e = 1; e = 2; }; f = [ { inherit g; g = 1; } ]; }`
	f := parser.Parse("a.nix", src, 0)
	var got []string
	for _, e := range resolve.Duplicates(f, nil) {
		got = append(got, src[e.Start:e.End])
	}
	if want := "[a c e g]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func BenchmarkMerge(b *testing.B) {
	for _, n := range []int{4, 10, 40, 10000} {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, "attribute%d = %d; ", i, i)
		}
		f := parser.Parse("a.nix", "{ "+s.String()+"}", 0)
		bindings := f.Root.(*ast.AttrSet).Bindings
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				resolve.Merge(f, bindings)
			}
		})
	}
}
