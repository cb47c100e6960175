package parser_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// TestFirstErrors compares the wording and the place of the first error with
// Nix's.
func TestFirstErrors(t *testing.T) {
	text, err := os.ReadFile("testdata/first-errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		quoted, want, _ := strings.Cut(line, "\t")
		src, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		got := "0\tok"
		for _, e := range parser.Parse("a.nix", src, parser.PipeOperators).Errors {
			if e.Code == parser.CodeSyntax || e.Code == parser.CodeTrailingSlash {
				got = fmt.Sprintf("%d\t%s", e.Start, e.Msg)
				break
			}
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", quoted, got, want)
		}
	}
}

// TestErrors has the errors that are not of the grammar.
func TestErrors(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"9223372036854775807", ""},
		{"9223372036854775808", "0: invalid integer '9223372036854775808'"},
		{"[ 00000000000000000000000000001 ]", ""},
		{"1.0e308", ""},
		{"1.0e309", "0: invalid float '1.0e309'"},
		{"1.0e-320", "0: invalid float '1.0e-320'"},
		{"0.0e-999", ""},
		{"{ a, b, a }: a", "8: duplicate formal function argument 'a'"},
		{"{ b, a, a, b }: a", "11: duplicate formal function argument 'b'"},
		{"x@{ x }: x", "0: duplicate formal function argument 'x'"},
		{"{ x }@x: x", "0: duplicate formal function argument 'x'"},
		{"{ inherit ${x}; }", "10: dynamic attributes not allowed in inherit"},
		{`{ inherit ${"x"} "y"; }`, ""},
		{"let ${x} = 1; in x", "0: dynamic attributes not allowed in let"},
		{"let a.${x} = 1; in x", ""},
		{"x: x |> x", "5: experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it"},
		{"\"a\x00b\"", "1: input string 'a␀b' cannot be represented as Nix string because it contains null bytes"},
		{"''a\x00b''", "2: input string 'a␀b' cannot be represented as Nix string because it contains null bytes"},
		{"./a/ ", "4: path has a trailing slash"},
		{"./${x}/", "6: path has a trailing slash"},
	} {
		f := parser.Parse("a.nix", tt.src, 0)
		got := ""
		if len(f.Errors) > 0 {
			got = fmt.Sprintf("%d: %s", f.Errors[0].Start, f.Errors[0].Msg)
		}
		if got != tt.want {
			t.Errorf("%q\n got %s\nwant %s", tt.src, got, tt.want)
		}
	}
}

func TestIncomplete(t *testing.T) {
	for src, want := range map[string]bool{
		"":               true,
		"{ a = 1;":       true,
		"{ a = 1; }":     false,
		"{ a = 1; ]":     false,
		"{ a = ; b = (":  false,
		"''\n foo":       true,
		`"foo`:           true,
		`"foo ${`:        true,
		"x:":             true,
		"1 +":            true,
		"f (":            true,
		"let a = 1; in":  true,
		"let a = 1; ":    true,
		"if a then":      true,
		"x: /* comment":  true,
		"x.":             true,
		"[ 1 2":          true,
		"1 )":            false,
		"{ a, b ":        true,
		"{ inherit a":    true,
		"./${x":          true,
		"# only comment": true,
	} {
		f := parser.Parse("a.nix", src, 0)
		if got := len(f.Errors) > 0 && f.Errors[0].Incomplete; got != want {
			t.Errorf("%q: incomplete is %v (errors %v)", src, got, f.Errors)
		}
	}
}

func TestDeepNesting(t *testing.T) {
	for _, tt := range []struct {
		open, middle, end string
		n                 int
		ok                bool
	}{
		{"(", "1", ")", 90_000, true},
		{"[", "", "]", 90_000, true},
		{"(", "1", ")", 200_000, false},
		{"[", "", "]", 200_000, false},
		{"(", "", "", 200_000, false},
		{"{ a = ", "1", "; }", 200_000, false},
		{"{ a = {", "", "", 200_000, false},
		{"x: ", "1", "", 200_000, false},
		{"-", "1", "", 200_000, false},
		{"!", "1", "", 200_000, false},
		{"\"${", "1", "}\"", 200_000, false},
		{"''${", "1", "}''", 200_000, false},
		{"./${", "1", "}", 200_000, false},
		{"1 + ", "1", "", 200_000, false},
		{"1 ++ ", "1", "", 200_000, false},
		{"f ", "1", "", 200_000, false},
		{"a.b or ", "1", "", 200_000, false},
		{"if 1 then 2 else ", "1", "", 200_000, false},
		{"let a = ", "1", "; in a", 200_000, false},
		{"{ a ? ", "1", "}: 1", 200_000, false},
		{"{ ${", "1", "}", 200_000, false},
		{"; {", "", "", 200_000, false},
	} {
		src := strings.Repeat(tt.open, tt.n) + tt.middle + strings.Repeat(tt.end, tt.n)
		f := parser.Parse("a.nix", src, 0)
		if ok := len(f.Errors) == 0; ok != tt.ok {
			t.Errorf("%d times %q: errors %v", tt.n, tt.open, first(f.Errors))
		}
		if n := len(f.Errors); n > 3 {
			t.Errorf("%d times %q: %d errors", tt.n, tt.open, n)
		}
	}
}

func first(errs []*ast.Error) string {
	if len(errs) == 0 {
		return "none"
	}
	return errs[0].Msg
}

func TestWarnings(t *testing.T) {
	for src, want := range map[string]string{
		"map or [ ]":           "",
		"f (a or)":             "",
		"f a or b":             "a or",
		"[ (x: x) or ]":        "(x: x) or",
		"{ }.a or (x: x) or b": "(x: x) or",
		"a.b or c":             "",
	} {
		f := parser.Parse("a.nix", src, 0)
		var got []string
		for _, w := range f.Warnings {
			got = append(got, src[w.Start:w.End])
		}
		if strings.Join(got, ", ") != want || len(f.Errors) > 0 {
			t.Errorf("%s: warnings at %q, want %q", src, got, want)
		}
	}
}
