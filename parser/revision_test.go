package parser_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// sameAsParsed checks that a revision is what Parse makes of its text.
func sameAsParsed(r *parser.Revision, mode parser.Mode) error {
	got, want := r.File, parser.Parse(r.File.Name, r.File.Src, mode)
	switch {
	case !reflect.DeepEqual(got.Root, want.Root):
		return fmt.Errorf("another tree: %s", differing(got.Root, want.Root))
	case !reflect.DeepEqual(got.Errors, want.Errors):
		return fmt.Errorf("errors %v, want %v", messages(got.Errors), messages(want.Errors))
	case !reflect.DeepEqual(got.Warnings, want.Warnings):
		return fmt.Errorf("warnings %v, want %v", messages(got.Warnings), messages(want.Warnings))
	case !reflect.DeepEqual(got.Tokens, want.Tokens) || !reflect.DeepEqual(got.Comments, want.Comments):
		return fmt.Errorf("other tokens")
	}
	return nil
}

// differing describes the innermost nodes that differ first.
func differing(a, b ast.Node) string {
	if reflect.TypeOf(a) == reflect.TypeOf(b) && a.Range() == b.Range() {
		var below [2][]ast.Node
		for i, n := range []ast.Node{a, b} {
			for c := range ast.Children(n) {
				below[i] = append(below[i], c)
			}
		}
		for i := range min(len(below[0]), len(below[1])) {
			if !reflect.DeepEqual(below[0][i], below[1][i]) {
				return differing(below[0][i], below[1][i])
			}
		}
	}
	return fmt.Sprintf("%T %+v, want %T %+v", a, a, b, b)
}

func messages(list []*ast.Error) (out []string) {
	for _, e := range list {
		out = append(out, fmt.Sprintf("%d..%d %s", e.Start, e.End, e.Msg))
	}
	return out
}

// pieces are what random edits insert.
var pieces = []string{
	"", "", " ", "\n", "{", "}", "(", ")", "[", "]", "\"", "''", "${", ".", ";", "=", ":", "@", "?", ",", "or", "let", "in",
	"with", "inherit", "rec", "if", "then", "else", "./", "<", "#", "/*", "*/", "\\", "x", "é😀", "1e5", "a = 1;", "a\n b = 2;",
	"a = {\n", "};\n", "''\n  b\n'';", "\"c\n", "inherit (x) y z;", "f or g", "\x00", "\r\n", "x: ", "{ a, a }: ", "++",
}

// randomEdit replaces a few bytes somewhere, more often near the last place.
func randomEdit(rnd *rand.Rand, src string, near *int) string {
	if rnd.IntN(3) == 0 {
		*near = rnd.IntN(len(src) + 1)
	}
	from := min(max(*near+rnd.IntN(9)-4, 0), len(src))
	to := from
	if rnd.IntN(3) == 0 {
		to = min(from+rnd.IntN(30), len(src))
	}
	piece := pieces[rnd.IntN(len(pieces))]
	*near = from + len(piece)
	return src[:from] + piece + src[to:]
}

// TestRevision makes random edits of real files, and of broken ones, one upon the
// other.
func TestRevision(t *testing.T) {
	_, texts := corpus(t)
	examples, _ := filepath.Glob("../examples/*.nix")
	for _, name := range examples {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	for _, src := range brokenTexts {
		texts = append(texts, src, strings.Repeat(src+"\n", 3))
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, text := range texts {
		for range 10 {
			r, near := parser.NewRevision(nil, "a.nix", text, parser.PipeOperators|parser.KeepComments), 0
			for n := range 40 {
				before := r.File.Src
				r = r.Next(nil, randomEdit(rnd, before, &near))
				if err := sameAsParsed(r, parser.PipeOperators|parser.KeepComments); err != nil {
					t.Fatalf("after %d edits, from\n%s\nto\n%s\n%v", n, before, r.File.Src, err)
				}
			}
		}
	}
}

// What is deep, and what is long, takes no longer than its length asks for.
func TestRevisionOfLargeTexts(t *testing.T) {
	const n = 3_000
	for _, text := range []string{
		strings.Repeat("{ a = ", n), strings.Repeat("{ a = ", n) + "1" + strings.Repeat("; }", n),
		"{ a = [ " + strings.Repeat("{ b = 1; c = 2; } ", n) + "]; }", "{ a = 1 " + strings.Repeat("+ { b = 1; c = 2; } ", n) + "; }",
		"{ a = \"" + strings.Repeat("${let b = 1; c = 2; in d} ", n) + "\"; }",
	} {
		r := parser.NewRevision(nil, "a.nix", text, 0)
		for _, at := range []int{1, len(text) / 2, len(text) - 1} {
			r = r.Next(nil, text[:at]+" "+text[at:])
			if err := sameAsParsed(r, 0); err != nil {
				t.Errorf("%.30s...: %v", text, err)
			}
		}
	}
}

// The texts of older versions are not kept: not even if each version shares something
// with the one before.
func TestRevisionsForget(t *testing.T) {
	var b strings.Builder
	b.WriteString("{\n")
	for i := range 4000 {
		fmt.Fprintf(&b, "  a%d = \"%d\"; # some text that takes place\n", i, i)
	}
	r := parser.NewRevision(nil, "a.nix", b.String()+"}", 0)
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := inUse()
	const versions = 200
	for i := range versions {
		src := r.File.Src
		at := strings.Index(src, fmt.Sprintf("  a%d =", i*19)) + 3
		r = r.Next(nil, src[:at]+"b"+src[at:])
	}
	size := uint64(len(r.File.Src))
	if used := inUse(); used > before+versions/4*size {
		t.Errorf("%d versions of %d KB keep %d KB", versions, size>>10, (used-before)>>10)
	}
	runtime.KeepAlive(r)
}

// brokenTexts have what recovery has to do with.
var brokenTexts = []string{
	"{ a = 1\n b = 2; c = { d = 3; }; }", "let a = 1;\n b = \"x; in { c = ''\n  d = 1;\n''; }",
	"{ a = f (g \"b);\n c = \"d${e}\"; h = [ 1 2; i = 3; }", "{ inherit a b\n c = 1; d = 2; e = x or y; f = g h or i; }",
	"{\n a =\n  b = 2;\n };\n c = 3; }", "{ a = with x;\n b = 2; c = 3; }", "{ a, b ? { c = 1; d = 2; }, c }: { e = 1; } }",
	"{ \"a\" = 1; \"b${c}\" = { d = ''e''; }; ${f} = 1; ${\"g\"} = { h = \"i\\n\"; j = ''\n  k ''\\n ''${l}\n  ''; }; }",
	"{\n  a = ''\n    b\n  ;\n  c = ''\n    d = 1;\n  '';\n e = ~/f/${g}/h; i = <j>; k = http://l.m/n; o = -1.5; p = !q ? r.s; }",
	"{ a = { b = { c = 1; d = 2; }; e = 3; }; f = assert g; if h then i else j; k = { l, ... }@m: n; o = p: q // r; }",
}

// FuzzRevision replaces a piece of a text by another, and back again.
func FuzzRevision(f *testing.F) {
	for _, src := range brokenTexts {
		f.Add(src, 7, 3, "x", 20, 0, "}")
	}
	f.Fuzz(func(t *testing.T, src string, from, length int, text string, from2, length2 int, text2 string) {
		replace := func(src string, from, length int, text string) string {
			from = min(max(from, 0), len(src))
			return src[:from] + text + src[from+min(max(length, 0), len(src)-from):]
		}
		first := parser.NewRevision(nil, "a.nix", src, 0)
		second := first.Next(nil, replace(src, from, length, text))
		third := second.Next(nil, replace(second.File.Src, from2, length2, text2))
		for i, r := range []*parser.Revision{first, second, third, third.Next(nil, src), second.Next(nil, src)} {
			if err := sameAsParsed(r, 0); err != nil {
				t.Errorf("version %d, from %q\nto %q:\n%v", i, src, r.File.Src, err)
			}
		}
	})
}

// Whenever the parser is told to stop, it reads no further, and what it returns is a
// tree as any other.
func TestStop(t *testing.T) {
	for _, piece := range []string{"a = [ 1 2 ];\n", "# é\n", "b = \"x ${y} z\";\n", "c = ''\n  ${d}\n'';\n", "( ] \"", "inherit (x) y;"} {
		text := "{ " + strings.Repeat(piece, 200_000/len(piece)) + "}"
		whole := parser.NewRevision(nil, "a.nix", text, parser.KeepComments)
		for after := range 8 {
			for _, older := range []*parser.Revision{nil, whole} {
				asked := 0
				stop := func() bool { asked++; return asked > after }
				var r *parser.Revision
				if older == nil {
					r = parser.NewRevision(stop, "a.nix", text, parser.KeepComments)
				} else {
					r = older.Next(stop, "/**/"+text)
				}
				if asked > after+1 {
					t.Errorf("%q: asks %d times more after it had to stop", piece, asked-after-1)
				}
				ast.Inspect(r.File.Root, func(n ast.Node) bool {
					if s := n.Range(); s.Start > s.End || int(s.End) > len(r.File.Src) {
						t.Fatalf("%q: a node at %v", piece, s)
					}
					return true
				})
			}
		}
	}
}
