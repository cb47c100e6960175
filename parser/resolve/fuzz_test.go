package resolve_test

import (
	"os"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/resolve"
)

// variables returns the nodes that should be uses: identifiers but for the names
// of arguments, and what inherit takes from the scope around.
func variables(root ast.Node) map[ast.Node]bool {
	found := map[ast.Node]bool{}
	skip := map[ast.Node]bool{}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Lambda:
			if n.Arg != nil {
				skip[n.Arg] = true
			}
		case *ast.Formal:
			skip[n.Name] = true
		case *ast.Inherit:
			for _, a := range n.Names {
				if n.From == nil && !a.Dynamic() {
					found[a] = true
				}
			}
		case *ast.Ident:
			if n.Name != "__curPos" && !skip[n] {
				found[n] = true
			}
		}
		return true
	})
	return found
}

// FuzzResolve checks that each variable is resolved exactly once, also in broken
// texts, and that definitions and uses agree.
func FuzzResolve(f *testing.F) {
	text, err := os.ReadFile("../testdata/corpus/language.nix")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	for _, s := range []string{
		"{ a.b = c; a = rec { c = 1; }; a = 2; inherit a d; }", "let a = a; a.b = b; inherit (a) c; in { inherit c", "x@{ y ? x }: with z; w",
		"rec { ${a}.b = c; ${d} = e; inherit ${f}; }", "let { a = { inherit (b) c; }; a = { inherit (d) e; }; }", "{ ${\"a\"} = b; a = c; }",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		file := parser.Parse("a.nix", src, 0)
		names := resolve.Resolve(file, resolve.IsGlobal)
		want := variables(file.Root)
		uses := 0
		for _, u := range names.Uses {
			if u.Def != nil && u.Def.Scope != nil && u.Def.Name != u.Name {
				t.Errorf("%q: %s is defined by %s", src, u.Name, u.Def.Name)
			}
			if u.Implicit {
				continue
			}
			uses++
			if !want[u.Node] {
				t.Errorf("%q: use of %s at %d is no variable, or twice", src, u.Name, u.Start)
			}
			delete(want, u.Node)
			if got := names.UseAt(u.Start); got != u {
				t.Errorf("%q: at %d there is another use", src, u.Start)
			}
		}
		for n := range want {
			t.Errorf("%q: %T at %d is not resolved", src, n, n.Pos())
		}
		for _, d := range names.Defs {
			if d.Scope == nil || len(d.Sites) == 0 {
				t.Errorf("%q: definition of %s lacks scope or sites", src, d.Name)
			}
			for _, u := range d.Uses {
				if u.Def != d {
					t.Errorf("%q: %s is used by %d, which is another's", src, d.Name, u.Start)
				}
			}
		}
		if len(file.Errors) == 0 {
			if got, want := len(resolve.Duplicates(file, nil)), len(names.Errors); got != want {
				t.Errorf("%q: %d duplicates, %d when resolving", src, got, want)
			}
		}
	})
}
