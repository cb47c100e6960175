package print_test

import (
	"os"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/print"
)

// FuzzPrint checks that what is printed can be read again and then stays the
// same, for texts without the few forms that Nix prints in a way it cannot read.
func FuzzPrint(f *testing.F) {
	text, err := os.ReadFile("../testdata/corpus/language.nix")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	for _, tt := range cases {
		f.Add(tt.src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		file := parser.Parse("a.nix", src, 0)
		once, dup := print.File(file, opts)
		if _, err := print.JSON(file); err != nil {
			t.Errorf("%q: %v", src, err)
		}
		if len(file.Errors) > 0 || dup != nil || !readable(file.Root) {
			return
		}
		twice, err := again(once)
		if err != "" {
			t.Fatalf("%q is printed as %q: %s", src, once, err)
		}
		if thrice, _ := again(twice); thrice != twice {
			t.Errorf("%q is printed as %q, then as %q", src, twice, thrice)
		}
	})
}

func again(src string) (printed, err string) {
	f := parser.Parse("a.nix", src, 0)
	if len(f.Errors) > 0 {
		return "", f.Errors[0].Msg
	}
	s, dup := print.File(f, opts)
	if dup != nil {
		return "", dup.Msg
	}
	return s, ""
}

// readable reports whether a tree has nothing that is printed in a form which
// reads differently or not at all: paths other than simple ones, an assertion
// inside of something else, `or` as a variable, floats without a point, dynamic
// names.
func readable(root ast.Node) bool {
	ok := true
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Path, *ast.Assert, *ast.Float:
			ok = false
		case *ast.Ident:
			ok = ok && n.Name != "or"
		case *ast.AttrName:
			ok = ok && n.Expr == nil && n.Name != "or"
		}
		return ok
	})
	return ok
}
