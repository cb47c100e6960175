package eval_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/builtins"
)

func newState(opts eval.Options) *eval.State { return eval.New(opts, builtins.All()...) }

// show evaluates a text and prints the value, or the error after "error: ". What
// becomes of environments that are used again must not show.
func show(t *testing.T, opts eval.Options, text string) string {
	t.Helper()
	got := showIn(newState(opts), text)
	st := newState(opts)
	st.PoisonEnvs()
	if poisoned := showIn(st, text); poisoned != got {
		t.Errorf("%s: %s, but %s without environments used again", text, got, poisoned)
	}
	return got
}

func showIn(st *eval.State, text string) string {
	v, err := st.EvalText("«test»", text, "/dir")
	if err == nil {
		var s string
		if s, err = st.Print(v, eval.PrintOptions{Force: true, Repeated: true}); err == nil {
			return s
		}
	}
	return "error: " + err.Msg
}

func TestEval(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		// Scopes.
		{`let a = 1; b = a + c; c = 2; in b`, `3`},
		{`let x = 1; in let inherit x; y = x; in y`, `1`},
		{`let s = { a = 1; b = 2; }; inherit (s) a; inherit ({ c = 3; }) c; in [ a c ]`, `[ 1 3 ]`},
		{`let b = 1; in rec { a = 1; inherit b; inherit ({ c = a; }) c; }`, `{ a = 1; b = 1; c = 1; }`},
		{`with { a = 1; }; with { b = 2; }; let a = 3; in [ a b ]`, `[ 3 2 ]`},
		{`with { a = 1; b = 1; }; with { a = 2; }; [ a b ]`, `[ 2 1 ]`},
		{`let x = { a = 1; b = x; }; in x.b.b.a`, `1`},
		{`let a = b; b = c; c = 1; in [ a b c ]`, `[ 1 1 1 ]`},
		{`(x: x: x) 1 2`, `2`},
		// Functions.
		{`let f = a: b: c: [ a b c ]; g = f 1; h = g 2; in [ (f 1 2 3) (g 4 5) (h 6) (h 7) (g 8 9) ]`,
			`[ [ 1 2 3 ] [ 1 4 5 ] [ 1 2 6 ] [ 1 2 7 ] [ 1 8 9 ] ]`},
		{`(a: b: a) 1 (throw "no")`, `1`},
		{`({ a ? b, b ? 2, ... }@args: [ a b (args ? a) ]) { z = 1; }`, `[ 2 2 false ]`},
		{`({ a, b ? a }: a + b) { a = 1; }`, `2`},
		{`let f = { __functor = self: x: self.y + x; y = 1; }; in f 2`, `3`},
		{`builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 10)`, `45`},
		{`map (builtins.add 1) [ 1 2 ]`, `[ 2 3 ]`},
		// Strict arguments must not be seen.
		{`builtins.tryEval ((a: b: a + b) (throw "first") (abort "second"))`, `{ success = false; value = false; }`},
		{`(a: b: if a then 1 else b) true (throw "no")`, `1`},
		{`let f = a: b: a && b; g = f false; in g (throw "no")`, `false`},
		// Sets.
		{`{ a.b = 1; a.c = 2; } // { a.d = 3; }`, `{ a = { d = 3; }; }`},
		{`{ ${"a" + "b"} = 1; ${null} = 2; c = 3; }`, `{ ab = 1; c = 3; }`},
		{`rec { a = 1; ${"b"} = a; }`, `{ a = 1; b = 1; }`},
		{`rec { a = 1; b = a; __overrides = { a = 2; }; }.b`, `2`},
		{`{ a = { b = 1; }; }.a.c or 5`, `5`},
		{`{ a = 1; } ? a.b`, `false`},
		{`let { body = x; x = 1; }`, `1`},
		{`[ (x: x) ] == [ (x: x) ]`, `false`},
		{`let f = x: x; in [ (f == f) ([ f ] == [ f ]) ]`, `[ false true ]`},
		// Strings and paths.
		{`"a${"b"}${toString 1}"`, `"ab1"`},
		{`./a + "/b"`, `/dir/a/b`},
		{`./a/${"b"}/c`, `/dir/a/b/c`},
		{`/. + "a"`, `/a`},
		{`toString [ 1 [ ] [ 2 3 ] true null ]`, `"1 2 3 1 "`},
		// Numbers.
		{`[ (7 / 2) (-7 / 2) (7 / 2.0) (1 + 1.5) (2 * 3) ]`, `[ 3 -3 3.5 2.5 6 ]`},
		{`9223372036854775807 + 1`, `error: integer overflow in adding 9223372036854775807 + 1`},
		{`1 / 0`, `error: division by zero`},
		{`[ 1.0e-5 1.5e300 ]`, `[ 1e-05 1.5e+300 ]`},
		// Laziness and errors.
		{`builtins.tryEval (assert false; 1)`, `{ success = false; value = false; }`},
		{`let x = throw "a"; in [ (builtins.tryEval x).success (builtins.tryEval x).success ]`, `[ false false ]`},
		{`builtins.length [ (throw "a") (abort "b") ]`, `2`},
		{`{ a = 1; }.b`, `error: attribute 'b' missing`},
		{`let f = { a }: a; in f { }`, `error: function 'f' called without required argument 'a'`},
		{`let f = { a }: a; in f { a = 1; b = 2; }`, `error: function 'f' called with unexpected argument 'b'`},
		{`1 2`, `error: attempt to call something which is not a function but an integer: 1`},
		{`undefinedName`, `error: undefined variable 'undefinedName'`},
		{`let x = x; in x`, `error: infinite recursion encountered`},
		{`rec { a = b; b = a; }.a`, `error: infinite recursion encountered`},
		{`let f = x: f x; in f 1`, `error: stack overflow; max-call-depth exceeded`},
		{`let a = { b = a; }; in a`, `{ b = «repeated»; }`},
	} {
		if got := show(t, eval.Options{}, test.text); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.text, got, test.want)
		}
	}
}

// TestUpdate compares long chains of // with the same done in Go.
func TestUpdate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		want := make(map[string]int)
		var text strings.Builder
		text.WriteString("{ }")
		for range r.IntN(30) {
			text.WriteString(" // {")
			// Sizes vary a lot, so that some sides become layers and some are merged.
			seen := make(map[string]bool)
			for range r.IntN(1 << r.IntN(7)) {
				name, value := fmt.Sprintf("a%d", r.IntN(200)), r.IntN(1000)
				if seen[name] {
					continue
				}
				seen[name] = true
				want[name] = value
				fmt.Fprintf(&text, " %s = %d;", name, value)
			}
			text.WriteString(" }")
		}
		var names []string
		for name := range want {
			names = append(names, name)
		}
		slices.Sort(names)
		var printed strings.Builder
		printed.WriteString("{ ")
		for _, name := range names {
			fmt.Fprintf(&printed, "%s = %d; ", name, want[name])
		}
		printed.WriteString("}")
		if got := show(t, eval.Options{}, text.String()); got != printed.String() {
			t.Fatalf("%s\n got %s\nwant %s", text.String(), got, printed.String())
		}
		// Searching through layers must find the same.
		st := newState(eval.Options{})
		v, err := st.EvalText("«test»", "let s = "+text.String()+"; in n: s.${n} or (-1)", "/")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			name := fmt.Sprintf("a%d", i)
			got, err := st.Call(v, 0, eval.String(name))
			if err != nil {
				t.Fatal(err)
			}
			w, ok := want[name]
			if !ok {
				w = -1
			}
			if got.AsInt() != int64(w) {
				t.Fatalf("%s.%s is %d, not %d", text.String(), name, got.AsInt(), w)
			}
		}
	}
}

// TestLarge holds what must give an answer or a clear error, and never a crash.
func TestLarge(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 1000000)`, `499999500000`},
		{`let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 100000`, `error: stack overflow; max-call-depth exceeded`},
		{`let l = builtins.foldl' (a: b: [ a ]) [ ] (builtins.genList (x: x) 100000); in builtins.deepSeq l 1`, `error: stack overflow; max-call-depth exceeded`},
		{`let s = builtins.foldl' (a: b: { x = a; }) { } (builtins.genList (x: x) 100000); in builtins.toJSON s`, `error: stack overflow; max-call-depth exceeded`},
		{`builtins.stringLength (builtins.foldl' (a: b: a + a) "0123456789" (builtins.genList (x: x) 23))`, `83886080`},
		{`let a = builtins.foldl' (a: b: a // { "x${toString b}" = b; }) { } (builtins.genList (x: x) 5000); in builtins.length (builtins.attrNames a)`, `5000`},
		{strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + " == 1", `false`},
	} {
		if got := show(t, eval.Options{}, test.text); got != test.want {
			t.Errorf("%.80s\n got %.200s\nwant %s", test.text, got, test.want)
		}
	}
}

// TestDeep evaluates a recursion that the limit of calls allows.
func TestDeep(t *testing.T) {
	got := show(t, eval.Options{MaxCallDepth: 1 << 20}, `let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 100000`)
	if got != "100000" {
		t.Errorf("got %s", got)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	st := newState(eval.Options{Context: ctx, MaxCallDepth: 1 << 30})
	cancel()
	_, err := st.EvalText("«test»", `builtins.foldl' (a: b: (x: x) b) 0 (builtins.genList (x: x) 100000)`, "/")
	if err == nil || err.Kind != eval.ErrCancelled || !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, not a cancellation", err)
	}
}

// TestCycle checks that an infinite recursion names the definitions it goes
// through.
func TestCycle(t *testing.T) {
	st := newState(eval.Options{})
	_, err := st.EvalText("«test»", "let\n  a = b + 1;\n  b = c;\n  c = a;\n  d = a;\nin d", "/")
	if err == nil {
		t.Fatal("no error")
	}
	var lines []int
	for _, p := range err.Cycle {
		at, _ := st.Position(p)
		lines = append(lines, at.Line)
	}
	slices.Sort(lines)
	if !slices.Equal(lines, []int{2, 3, 4}) {
		t.Errorf("the cycle is in lines %v, not 2, 3 and 4", lines)
	}
}

func TestSuggestions(t *testing.T) {
	st := newState(eval.Options{})
	for text, want := range map[string]string{
		`{ hello = 1; }.helo`:               "hello",
		`let version = 1; in verson`:        "version",
		`({ name ? 1 }: name) { nam = 1; }`: "name",
	} {
		_, err := st.EvalText("«test»", text, "/")
		if err == nil {
			t.Errorf("%s: no error", text)
			continue
		}
		if got := strings.Join(err.Suggestions, ","); got != want {
			t.Errorf("%s: suggests %q, not %q", text, got, want)
		}
	}
}
