package resolve_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/resolve"
)

// Each case lists what the identifiers of the text refer to, in order: the
// column of the definition, b for a builtin, w and the columns of the withs, u
// for undefined; ~ marks an implicit use.
func TestResolve(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{`x: x`, `1`},
		{`x: y`, `u`},
		{`x: { y, z ? y, ... }@a: [ x y z a ]`, `6 1 6 9 22`},
		{`a@{ a2 ? a }: a2`, `1 5`},
		{`let a = b; b = a; in a`, `12 5 5`},
		{`let a = 1; in let a = a; in a`, `19 19`},
		{`let a = 1; in let inherit a; in a`, `5 27`},
		{`let a = 1; in { inherit a; b = a; }`, `5 5`},
		{`let a = 1; in rec { inherit a; b = a; }`, `5 29`},
		{`x: rec { inherit (x) a; inherit (a) b; c = b; }`, `1 22 37`},
		{`rec { a = 1; b.c = a; ${d} = b; }`, `7 u 14`},
		{`{ a = 1; b = a; }`, `u`},
		{`rec { a.b = 1; a.c = a; }`, `7`},
		{`{ a = rec { b = 1; }; a.c = b; }`, `13`},
		{`{ a.c = 1; a = rec { b = 1; d = b; }; }`, `u`},
		{`with x; y`, `u w1`},
		{`a: with a; with b; a c`, `1 w4 1 w12,4`},
		{`with { }; true`, `b`},
		{`let true = 1; in true`, `5`},
		{`with x; let y = y; in z`, `u 13 w1`},
		{`x: with y; z`, `u w4`},
		{`let { a = b; b = 1; body = a; }`, `14 7`},
		{`let __sub = x: y: x; in 1 - 2`, `13 ~5`},
		{`let __nixPath = [ ]; in <a>`, `~5`},
		{`1 - 2`, ``},
		{`__curPos`, ``},
		{`x: x.y.${x}."${x}" or x ? ${x}.x`, `1 1 1 1 1`},
		{`"${a}" + ''${b}'' + ./${c} + builtins.d`, `u u u b`},
		{`map or [ ]`, `b u`},
		{`let a = 1; a = b; b = a; in a`, `19 5 5`},
		{`let a.x = 1; a.x = c; c = 1; in a`, `23 5`},
		{`let a = 1; inherit b a; in a`, `u u 5`},
		{`(x: y) (y: y)`, `u 9`},
		{`if a then b else assert c; d`, `u u u u`},
	} {
		f := parser.Parse("a.nix", tt.src, 0)
		if len(f.Errors) > 0 {
			t.Fatalf("%s: %s", tt.src, f.Errors[0].Msg)
		}
		var got []string
		for _, u := range resolve.Resolve(f, resolve.IsGlobal).Uses {
			var s string
			switch {
			case u.Implicit:
				s = fmt.Sprint("~", u.Def.Start+1)
			case u.Undefined():
				s = "u"
			case u.Def == nil:
				s = "w"
				for i, w := range u.Withs() {
					if i > 0 {
						s += ","
					}
					s += fmt.Sprint(w.Start + 1)
				}
			case u.Def.Kind == resolve.BuiltinDef:
				s = "b"
			default:
				s = fmt.Sprint(u.Def.Start + 1)
			}
			got = append(got, s)
		}
		if g := strings.Join(got, " "); g != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.src, g, tt.want)
		}
	}
}

func TestSites(t *testing.T) {
	const src = `rec { a.b = 1; a = { c = 2; }; "a".d = a; ${"a"}.e = 3; }`
	f := parser.Parse("a.nix", src, 0)
	n := resolve.Resolve(f, resolve.IsGlobal)
	if len(n.Defs) != 1 || len(n.Defs[0].Uses) != 1 {
		t.Fatalf("got %d definitions, want a with one use", len(n.Defs))
	}
	var got []string
	for _, s := range n.Defs[0].Sites {
		got = append(got, src[s.Pos():s.Stop()])
	}
	if want := `a a "a" ${"a"}`; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func pos(i int) ast.Pos { return ast.Pos(i) }

func TestAt(t *testing.T) {
	const src = `let abc = 1; in x: with abc; [ abc x ]`
	f := parser.Parse("a.nix", src, 0)
	n := resolve.Resolve(f, resolve.IsGlobal)
	for off := range src {
		use, def := n.UseAt(pos(off)), n.DefAt(pos(off))
		at := func(word string, nth int) bool {
			i := -1
			for range nth {
				i += 1 + strings.Index(src[i+1:], word)
			}
			return i <= off && off <= i+len(word)
		}
		if (use != nil) != (at("abc", 2) || at("abc", 3) || off == 35 || off == 36) {
			t.Errorf("use at %d: %v", off, use)
		}
		if (def != nil) != (at("abc", 1) || off == 16 || off == 17) {
			t.Errorf("definition at %d: %v", off, def)
		}
	}
	if s := n.ScopeAt(pos(len(src) - 3)); s == nil || len(s.Withs()) != 1 || s.Parent.Lookup("x") == nil {
		t.Errorf("scope in the list: %v", s)
	}
}

// TestResolveCorpus checks that every identifier of the corpus has a meaning and
// is found again by its place.
func TestResolveCorpus(t *testing.T) {
	root := os.Getenv("GONIX_CORPUS")
	if root == "" {
		root = "../testdata/corpus"
	}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".nix") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f := parser.Parse(path, string(text), 0)
		if len(f.Errors) > 0 {
			return nil
		}
		n := resolve.Resolve(f, resolve.IsGlobal)
		for _, u := range n.Undefined() {
			p := f.Position(u.Start)
			t.Errorf("%s:%d:%d: undefined variable '%s'", path, p.Line, p.Column, u.Name)
		}
		for _, e := range n.Errors {
			t.Errorf("%s: %s", path, e.Msg)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGlobals(t *testing.T) {
	for name, want := range map[string]bool{"true": true, "__add": true, "throw": true, "builtins": true, "add": false, "": false, "zzz": false} {
		if resolve.IsGlobal(name) != want {
			t.Errorf("%q: global is %v", name, !want)
		}
	}
	if !slices.IsSorted(resolve.Globals()) {
		t.Error("the globals are not sorted")
	}
}
