package print_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/print"
)

var opts = print.Options{Dir: "/dir", Home: "/home/u"}

// cases are expressions of every kind with what Nix prints for them. The last
// column tells whether Nix 2.8 prints the same as Nix 2.36.
var cases = []struct {
	src, want string
	old       bool
}{
	{`1`, `1`, true},
	{`1.0`, `1`, true},
	{`.5e-7`, `5e-08`, true},
	{`123456789.0`, `1.23457e+08`, true},
	{`1.10`, `1.1`, true},
	{`x: x`, `(x: x)`, true},
	{`a: b: a b b`, `(a: (b: (a b b)))`, true},
	{`a: (a a) (a a)`, `(a: (a a (a a)))`, true},
	{`{ b, a ? 1, ... }: a`, `({ a ? 1, b, ... }: a)`, false},
	{`{ }: 1`, `({  }: 1)`, true},
	{`{ ... }@x: 1`, `({ ... } @ x: 1)`, true},
	{`x@{ a, }: 1`, `({ a } @ x: 1)`, true},
	{`-1 - 2`, `(__sub (__sub 0 1) 2)`, true},
	{`(-1) 2`, `(__sub 0 1 2)`, true},
	{`1 * 2 / 3`, `(__div (__mul 1 2) 3)`, true},
	{`1 < 2`, `(__lessThan 1 2)`, true},
	{`1 <= 2`, `(! (__lessThan 2 1))`, true},
	{`1 > 2`, `(__lessThan 2 1)`, true},
	{`1 >= 2`, `(! (__lessThan 1 2))`, true},
	{`1 + 2 + 3`, `((1 + 2) + 3)`, true},
	{`!true && false || true -> false`, `((((! true) && false) || true) -> false)`, true},
	{`a: !a ? b`, `(a: (! ((a) ? b)))`, true},
	{`a: -a ? b`, `(a: (((__sub 0 a)) ? b))`, true},
	{`a: a * !a + a`, `(a: (__mul a (! (a + a))))`, true},
	{`[ ] ++ [ 1 ] ++ [ ]`, `([ ] ++ ([ (1) ] ++ [ ]))`, true},
	{`{ } // { } // { }`, `({ } // ({ } // { }))`, true},
	{`1 == 2 -> 1 != 2 -> true`, `((1 == 2) -> ((1 != 2) -> true))`, true},
	{`a: a.b.c or a.d`, `(a: (a).b.c or ((a).d))`, true},
	{`a: a.b or c`, `(a: (a).b or (c))`, false}, // undefined variable
	{`map or [ ]`, `(map or [ ])`, false},
	{`a: map a or [ ]`, `(a: (map (a or) [ ]))`, false},
	{`{ or = 1; }.or`, `({ or = 1; }).or`, true},
	{`let or = 1; in { inherit or; }`, `(let or = 1; in { inherit or; })`, false},
	{`a: a.${a}."b c"."d"`, `(a: (a)."${a}"."b c".d)`, false},
	{`let { body = 1; }`, `(rec { body = 1; }).body`, true},
	{`rec { a = 1; b = a; }`, `rec { a = 1; b = a; }`, true},
	{`with { }; 1`, `(with { }; 1)`, true},
	{`assert true; 1`, `assert true; 1`, true},
	{`if true then 1 else 2`, `(if true then 1 else 2)`, true},
	{`__curPos`, `__curPos`, true},
	{`<nixpkgs/lib>`, `(__findFile __nixPath "nixpkgs/lib")`, true},
	{`<x> 1`, `(__findFile __nixPath "x" 1)`, true},
	{`http://a.b/c?d`, `"http://a.b/c?d"`, true},
	{`./a`, `/dir/a`, true},
	{`../a/./b`, `/a/b`, true},
	{`a/b`, `/dir/a/b`, true},
	{`/a/../b`, `/b`, true},
	{`~/a`, `/home/u/a`, true},
	{`./a${"b"}/c`, `(/dir/a + "b" + "/c")`, true},
	{`./${"b"}c`, `(/dir/ + "b" + "c")`, true},
	{`/a/${"b"}`, `(/a/ + "b")`, true},
	{`"a\n\t\r\"\\\q$$\${b}"`, `"a\n\t\r\"\\q$$\${b}"`, false},
	{`"a${"b"}c"`, `("a" + "b" + "c")`, true},
	{`"${"b"}"`, `("b")`, true},
	{`"$${a}"`, `"$\${a}"`, false},
	{`"$"`, `"$"`, false},
	{`"a$"`, `"a$"`, false},
	{`""`, `""`, true},
	{`''''`, `""`, true},
	{"''\n  a\n    b\n\n c\n  ''", `" a\n   b\n\nc\n"`, true},
	{"''  \n  a''", `"a"`, true},
	{"''\ta\n  b''", `"\ta\n  b"`, true},
	{"''\n  a ${\"x\"}\n   b\n  ''", `("a " + "x" + "\n b\n")`, true},
	{"''\n  ${\"x\"}\n  ''", `("x" + "\n")`, false},
	{`''$ '' + ''$a'' + ''a$'''`, ``, false},
	{`''a '''b''' ''${c} ''\n ''\x $$ $${d}''`, `("a " + "''" + "b" + "''" + " " + "$" + "{c} " + "\n" + " " + "x" + " $$ $\${d}")`, false},
	{`{ inherit ({ }) b a; c = 1; inherit ({ }) d; inherit true; "e f" = 2; ${null} = 3; }`,
		`{ inherit true; inherit ({ }) a b; inherit ({ }) d; c = 1; "e f" = 2; "${null}" = 3; }`, false},
	{`{ a.b.c = 1; a.b.d = 2; a = { e = 3; }; }`, `{ a = { b = { c = 1; d = 2; }; e = 3; }; }`, true},
	{`{ ${"a"} = 1; ${("b")} = 2; ${''c''} = 3; ${"${"d"}"} = 4; }`, `{ a = 1; b = 2; c = 3; "${("d")}" = 4; }`, false},
	{`{ "if" = 1; "1a" = 2; "" = 3; "a-b'" = 4; }`, `{ "" = 3; "1a" = 2; a-b' = 4; "if" = 1; }`, false},
}

func TestPrint(t *testing.T) {
	for _, tt := range cases {
		if tt.want == "" {
			continue
		}
		f := parser.Parse("a.nix", tt.src, 0)
		if len(f.Errors) > 0 {
			t.Errorf("%s: %s", tt.src, f.Errors[0].Msg)
			continue
		}
		got, err := print.File(f, opts)
		if err != nil {
			t.Errorf("%s: %s", tt.src, err.Msg)
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.src, got, tt.want)
		}
	}
}

// TestPrintLikeNix compares with the real Nix, where old and new Nix agree.
func TestPrintLikeNix(t *testing.T) {
	nix, err := exec.LookPath("nix-instantiate")
	if err != nil {
		if os.Getenv("GONIX_CI") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--parse"}
	var want []string
	for _, tt := range cases {
		if !tt.old {
			continue
		}
		f := parser.Parse("a.nix", tt.src, 0)
		got, _ := print.File(f, print.Options{Dir: dir, Home: dir})
		want = append(want, got)
		file := filepath.Join(dir, "t"+string(rune('a'+len(want)/26))+string(rune('a'+len(want)%26))+".nix")
		if err := os.WriteFile(file, []byte(tt.src), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	cmd := exec.Command(nix, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "NIX_REMOTE=dummy://")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		// Nix 2.8 escapes every dollar sign, and starts some strings with "".
		line = strings.ReplaceAll(strings.ReplaceAll(line, `\$`, `$`), `("" + `, `(`)
		if i >= len(want) || line != strings.ReplaceAll(want[i], `\$`, `$`) {
			t.Errorf("Nix prints %s, gonix %s", line, want[i])
		}
	}
}

// TestReparse prints the corpus, and what the parser makes of that: it must stay
// the same, once the sums that strings have become are nested. Only interpolated
// paths have a form that cannot be read again.
func TestReparse(t *testing.T) {
	text, err := os.ReadFile("../testdata/corpus/language.nix")
	if err != nil {
		t.Fatal(err)
	}
	first := reprint(t, reprint(t, strings.NewReplacer("${name}/x+y", "x", "${version}.conf", "x").Replace(string(text))))
	if second := reprint(t, first); first != second {
		t.Errorf("printed\n%s\nand again\n%s", first, second)
	}
}

func reprint(t *testing.T, src string) string {
	f := parser.Parse("a.nix", src, 0)
	if len(f.Errors) > 0 {
		t.Fatalf("%s in %s", f.Errors[0].Msg, src)
	}
	s, err := print.File(f, opts)
	if err != nil {
		t.Fatal(err.Msg)
	}
	return s
}

func TestJSON(t *testing.T) {
	f := parser.Parse("a.nix", `{ a."b" = x: [ 0 "" ]; inherit (c) d; e = -; }`, 0)
	out, err := print.JSON(f)
	if err != nil {
		t.Fatal(err)
	}
	var tree struct {
		Root struct {
			Type     string
			Bindings []struct {
				Type  string
				Range [2]int
				Path  []struct {
					Name   string
					Quoted bool
				}
				Value struct {
					Type string
					Body struct {
						Elems []struct {
							Type  string
							Value *int
						}
					}
				}
			}
		}
		Errors []struct {
			Line, Column  int
			Code, Message string
		}
	}
	if err := json.Unmarshal(out, &tree); err != nil {
		t.Fatal(err)
	}
	b := tree.Root.Bindings
	if len(b) != 3 || !b[0].Path[1].Quoted || b[0].Range != [2]int{2, 22} || *b[0].Value.Body.Elems[0].Value != 0 {
		t.Errorf("got %s", out)
	}
	if e := tree.Errors; len(e) != 1 || e[0].Column != 44 || e[0].Code != "syntax" {
		t.Errorf("got errors %v", e)
	}
}
