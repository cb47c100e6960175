package scope

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// told is all that may be asked about a place.
func told(i *Info, at ast.Pos) string {
	def := func(d *Def) string {
		if d == nil {
			return "-"
		}
		return fmt.Sprintf("%s/%d %v %p %p %v in %v", d.Name, d.Kind, d.Names, d.Node, d.Value, d.Inherits != nil, d.Scope.Span)
	}
	out := "def " + def(i.DefAt(at))
	if u := i.UseAt(at); u != nil {
		out += fmt.Sprintf("\nuse %s %v %v: %s, with", u.Name, u.Span, u.Inherit, def(u.Def))
		for w := u.With; w != nil; w = w.Parent {
			out += fmt.Sprint(w.Span, w.IsWith())
		}
		out += " owner " + def(u.Owner)
	}
	out += "\nscopes"
	for s := i.ScopeAt(at); s != nil; s = s.Parent {
		out += fmt.Sprint(s.Span, len(s.Defs))
	}
	return out
}

// What is known of a place is the same whether the whole file is resolved or not.
func TestResolveIn(t *testing.T) {
	texts := []string{
		"{ a = rec { b = 1; c = b; }; a.d = b; e = { f = rec { g = h; }; f = { h = g; i.j = h; }; }; a = { k = c; }; }",
		"let a = 1; inherit a; inherit (b) c d; e.f = a; e.g = c; in with e; { inherit f; inherit (g) h; ${i} = \"${j}\"; }",
		"x: y@{ a, b ? x, ... }: let { body = a.b or c; c = b; } + rec { d = x ? y.${a}; }",
		"let a = b in c", "{ a = rec { b = ", "with a; with b; c: { d = [ c e ]; }", "{ inherit a b\n c = d; e = ''${a}'';",
	}
	files, err := filepath.Glob("../../examples/*/*.nix")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data), string(data[:len(data)*2/3]))
	}
	for _, text := range texts {
		f := parser.Parse("a.nix", text, 0)
		whole := Resolve(f)
		for at := ast.Pos(0); at <= ast.Pos(len(text)); at += 1 + ast.Pos(len(text)/300) {
			if got, want := told(ResolveIn(f, ast.Span{Start: at, End: at}), at), told(whole, at); got != want {
				t.Fatalf("at %q|%q\n got %s\nwant %s", text[:at], text[at:], got, want)
			}
		}
	}
}
