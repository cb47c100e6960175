package parser_test

import (
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

func TestDocComment(t *testing.T) {
	const src = `{
  /**
    Adds *two* numbers.

      add 1 2

  */
  add = x: y: x + y;
  /* not this */ plain = 1;
  /** first */
  /** second */ # and a remark
  /* one more */
  a.b = 2;
  /** outer */ near = /** inner */ x: x;
  paren = (/** in parentheses */ x: x);
  /*** no doc comment */ stars = 1;
  /**/ empty = 1;
  last = 1; /** of nothing */
}`
	want := map[string]string{
		"add":   "Adds *two* numbers.\n\n  add 1 2",
		"a":     "second",
		"near":  "inner",
		"paren": "in parentheses",
	}
	for _, mode := range []parser.Mode{0, parser.KeepTokens} {
		f := parser.Parse("a.nix", src, mode)
		for _, b := range f.Root.(*ast.AttrSet).Bindings {
			a := b.(*ast.Attr)
			d, ok := parser.BindingDoc(f, a)
			if w, has := want[a.Path[0].Name]; d.Text != w || ok != has {
				t.Errorf("%s: %q, want %q", a.Path[0].Name, d.Text, w)
			}
		}
	}
}

func TestDocCommentOfFile(t *testing.T) {
	f := parser.Parse("a.nix", "# license\n/** A\r\n     B\n    */\n{ lib }: lib", parser.KeepTokens)
	if d, ok := parser.DocComment(f, f.Root.Pos()); !ok || d.Text != "A\n B" {
		t.Errorf("got %q", d.Text)
	}
	if _, ok := parser.DocComment(f, f.Root.(*ast.Lambda).Body.Pos()); ok {
		t.Error("the body has a doc comment")
	}
}
