package formatter

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

var update = flag.Bool("update", false, "rewrite expected output")

func parse(src string) *ast.File {
	return parser.Parse("test.nix", src, parser.KeepTokens|parser.PipeOperators)
}

// format formats a text and verifies the result.
func format(t *testing.T, src string, opts Options) string {
	t.Helper()
	file := parse(src)
	out, err := Format(file, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(t.Context(), file, out, opts); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return out
}

// TestFormat formats in.nix of every testdata/format-*.txtar; out.nix is what
// comes out, strict.nix what does in strict mode.
func TestFormat(t *testing.T) {
	names, err := filepath.Glob("testdata/format-*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no test data:", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]*txtar.File{}
			for i := range archive.Files {
				files[archive.Files[i].Name] = &archive.Files[i]
			}
			in := string(files["in.nix"].Data)
			for name, opts := range map[string]Options{"out.nix": {}, "strict.nix": {Strict: true}} {
				got := format(t, in, opts)
				want := string(files[name].Data)
				switch {
				case got == want:
				case *update:
					files[name].Data = []byte(got)
				default:
					t.Errorf("%s (-want +got):\n%s", name, cmp.Diff(want, got))
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestOptions(t *testing.T) {
	const in = "{ a = f { b = [ 1 2 ]; } (c d); }"
	tests := []struct {
		opts Options
		want string
	}{
		{Options{Indent: 4}, "{\n    a = f {\n        b = [\n            1\n            2\n        ];\n    } (c d);\n}\n"},
		{Options{Indent: -1}, "{\na = f {\nb = [\n1\n2\n];\n} (c d);\n}\n"},
		{Options{Width: 5}, "{\n  a =\n    f\n      {\n        b = [\n          1\n          2\n        ];\n      }\n      (\n        c d\n      );\n}\n"},
	}
	for _, tt := range tests {
		if got := format(t, in, tt.opts); got != tt.want {
			t.Errorf("%+v: %s", tt.opts, cmp.Diff(tt.want, got))
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, src := range []string{"", "{ a = }", "[ 1", "a: b: ", "{ inherit ${a}; }", "1 2 +", "/* unclosed", "let a = 1; in"} {
		_, err := Format(parse(src), Options{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.HasPrefix(err.Error(), "test.nix:1:") {
			t.Errorf("%q: %v", src, err)
		}
	}
	// Nix refuses these for what they mean.
	for _, src := range []string{"{ a, a }: a", "99999999999999999999"} {
		if _, err := Format(parse(src), Options{}); err != nil {
			t.Errorf("%q: %v", src, err)
		}
	}
}

// TestDirectives formats code around regions that are not formatted.
func TestDirectives(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"bindings", "{\n  a   =  1;\n/*nixfmt:disable*/\n  b   =  2;\n\n\n  c = 3  ;\n/*nixfmt:enable*/\n  d   =  4;\n}", "{\n  a = 1;\n/*nixfmt:disable*/\n  b   =  2;\n\n\n  c = 3  ;\n/*nixfmt:enable*/\n  d = 4;\n}\n"},
		{"to the end", "{\n  a   =  1;\n/*nixfmt:disable*/\n  b   =  2;\n}", "{\n  a = 1;\n/*nixfmt:disable*/\n  b   =  2;\n}"},
		{"whole file", "/*nixfmt:disable*/\n{  a=1; }\n\n", "/*nixfmt:disable*/\n{  a=1; }\n\n"},
		{"not alone on its line", "{ /*nixfmt:disable*/\n  a   =  1;\n}", "{\n  # nixfmt:disable\n  a = 1;\n}\n"},
		{"not alone before code", "{\n/*nixfmt:disable*/ a   =  1;\n}", "{\n  # nixfmt:disable\n  a = 1;\n}\n"},
		{"alone", "{\n  /*nixfmt:enable*/\n  a   =  1;\n}", "{\n  /*nixfmt:enable*/\n  a = 1;\n}\n"},
		{"in a string", "{\n  a = ''\n    /*nixfmt:disable*/\n  '';\n  b   =  1;\n}", "{\n  a = ''\n    /*nixfmt:disable*/\n  '';\n  b = 1;\n}\n"},
		{"through a string", "{\n  a = ''\n x ${\n/*nixfmt:disable*/\n  1  +  1\n } y\n    z\n  '';\n/*nixfmt:enable*/\n  b   =  1;\n}", "{\n  a = ''\n x ${\n/*nixfmt:disable*/\n  1  +  1\n } y\n    z\n  '';\n/*nixfmt:enable*/\n  b = 1;\n}\n"},
		{"list", "[\n  1   2\n/*nixfmt:disable*/\n  3   4\n/*nixfmt:enable*/\n  5   6 ]", "[\n  1\n  2\n/*nixfmt:disable*/\n  3   4\n/*nixfmt:enable*/\n  5\n  6\n]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := format(t, tt.in, Options{}); got != tt.want {
				t.Error(cmp.Diff(tt.want, got))
			}
		})
	}
}

// TestMeaning formats what nixfmt 1.2.0 gets wrong.
func TestMeaning(t *testing.T) {
	tests := []struct{ in, want string }{
		{"1 .a", "1 .a\n"},
		{"[ a or b ]", "[\n  a or\n  b\n]\n"},
		{"a / /* b */ \"c\" d", "a / /* b */ \"c\" d\n"},
		{"''\n    a ''\\\n  b\n  c''", "''\n    a ''\\\n  b\n  c''\n"},
	}
	for _, tt := range tests {
		if got := format(t, tt.in, Options{}); got != tt.want {
			t.Errorf("%q: %s", tt.in, cmp.Diff(tt.want, got))
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var f Formatter
	if _, err := f.Format(ctx, parse("{ a = 1; }"), Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := Edits(ctx, parse("{a=1;}"), Options{}, ast.Span{End: 6}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// deepShapes are ways to nest, as what opens a level, the middle, and what closes
// a level.
var deepShapes = [][3]string{
	{"(", "1", ")"},
	{"[", "1", "]"},
	{"{a=", "1", ";}"},
	{"f (", "1", ")"},
	{"f (", "1", ") x y"},
	{"f (", "{a=1;b=2;}", ") " + strings.Repeat("y", 95)},
	{"f {a=1;b=2;} (", "1", " {a=2;c=3;}) " + strings.Repeat("y", 60)},
	{"(x: f ", "1", " " + strings.Repeat("y", 50) + ")"},
	{"(a: ", "1", ")"},
	{"{a?", "1", "}:1"},
	{"{a?", "1", ", b}@c: d"},
	{"1 +\n", "1", ""},
	{"a // {b=1;c=2;} // ", "1", ""},
	{"if a then b else ", "1", ""},
	{"if ", "a", " then b else c"},
	{"let a=", "1", ";in 1"},
	{"with a; ", "1", ""},
	{"assert ", "1", "; a"},
	{`"${`, "1", `}"`},
	{"''\n ${", "1", "}\n''"},
	{"(", "a", ").b or c"},
	{"(", "a", " ? b == c)"},
	{"!", "a", ""},
	{"f {a=1;b=2;} ", "1", ""},
	{"f [a b] ", "[c]", ""},
	{"{\"${a}\".b.c.d.e=", "1", ";}"},
	{"# a\n(# b\n", "1", "# c\n)"},
}

func TestDeep(t *testing.T) {
	nested := func(s [3]string, depth int) string {
		return strings.Repeat(s[0], depth) + s[1] + strings.Repeat(s[2], depth)
	}
	for _, s := range deepShapes {
		format(t, nested(s, 50), Options{})
		if _, err := Format(parse(nested(s, 1000)), Options{}); err != nil {
			t.Errorf("%s..%s: %v", s[0], s[2], err)
		}
	}
}

// TestTrials checks that the layout does not try out exponentially many ways:
// what a level of nesting costs does not grow with the number of levels below it.
func TestTrials(t *testing.T) {
	work := func(s [3]string, depth int) int {
		var f Formatter
		f.layout.counting = true
		src := strings.Repeat(s[0], depth) + s[1] + strings.Repeat(s[2], depth)
		if _, err := f.Format(t.Context(), parse(src), Options{}); err != nil {
			t.Fatal(err)
		}
		return f.layout.trialCount
	}
	for _, s := range deepShapes {
		few, many := work(s, 40), work(s, 160)
		if many > 20*(few+160) {
			t.Errorf("%s..%s: %d trials for 40 levels, %d for 160", s[0], s[2], few, many)
		}
	}
}

func TestEdits(t *testing.T) {
	const src = "{\n  a=1;\n  # why\n  b   =  [ 1 2 ];\n  s = \"é  x\";\n  u = https://x.y;\n  d = f  {\n x=1; };\n}\n"
	file := parse(src)
	want, err := Format(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	edits, err := Edits(t.Context(), file, Options{}, ast.Span{End: ast.Pos(len(src))})
	if err != nil {
		t.Fatal(err)
	}
	if got := Apply(src, edits); got != want {
		t.Error(cmp.Diff(want, got))
	}
	for _, e := range edits {
		if old := src[e.Start:e.End]; strings.Contains(old, "why") || strings.Contains(old, "é") {
			t.Errorf("edit of %q to %q is not minimal", old, e.New)
		}
	}

	// Ranges format the bindings they touch.
	ranges := []struct {
		from, to string // the range starts before from and ends after to
		want     string
	}{
		{"a=", "1", strings.Replace(src, "a=1", "a = 1", 1)},
		{"b ", "= ", strings.Replace(src, "b   =  [ 1 2 ]", "b = [\n    1\n    2\n  ]", 1)},
		{"x=", "1", strings.Replace(src, " x=1", "    x = 1", 1)},
		{"u =", "f", strings.Replace(strings.Replace(src, "https://x.y", `"https://x.y"`, 1), "f  {\n x=1; }", "f {\n    x = 1;\n  }", 1)},
	}
	for _, r := range ranges {
		start := strings.Index(src, r.from)
		end := start + strings.Index(src[start:], r.to) + len(r.to)
		edits, err := Edits(t.Context(), file, Options{}, ast.Span{Start: ast.Pos(start), End: ast.Pos(end)})
		if err != nil {
			t.Fatal(err)
		}
		if got := Apply(src, edits); got != r.want {
			t.Errorf("range of %q: %s", src[start:end], cmp.Diff(r.want, got))
		}
	}
}

func TestVerify(t *testing.T) {
	tests := []struct{ in, out, want string }{
		{"{a=1;}", "{ a = 1; }\n", ""},
		{"{a=1;}", "{ a = 2; }\n", "another syntax tree"},
		{"{a=1;}", "{ a = 1;\n}\n", "again changes line 1"},
		{"{a=1;# x\n}", "{ a = 1; }\n", "a comment was lost"},
		{"{a=1;}", "{ a = 1; }}\n", "does not parse"},
		{"''a''", "\"a\"\n", ""},
		{"''a''", "\"b\"\n", "another syntax tree"},
	}
	for _, tt := range tests {
		err := Verify(t.Context(), parse(tt.in), tt.out, Options{})
		if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
			t.Errorf("%q: %v", tt.out, err)
		}
	}
}
