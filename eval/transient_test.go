package eval_test

import (
	"testing"

	"gonix.dev/gonix/eval"
)

// TestUsedAgain calls functions whose environments are garbage afterwards, and
// those of which something stays, several times over.
func TestUsedAgain(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		// Nothing stays.
		{`let f = a: b: a + b; in [ (f 1 2) (f 3 4) (f (f 5 6) (f 7 8)) ]`, `[ 3 7 26 ]`},
		{`let fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2); in fib 15`, `610`},
		{`let f = x: let y = x + 1; z = y * 2; in y + z; in map f [ 1 2 3 ]`, `[ 6 9 12 ]`},
		{`let f = { a, b ? a + 1 }: a + b; in [ (f { a = 1; }) (f { a = 2; b = 5; }) (f { a = 3; }) ]`, `[ 3 7 7 ]`},
		{`let f = s: with s; a + b; in [ (f { a = 1; b = 2; }) (f { a = 3; b = 4; }) ]`, `[ 3 7 ]`},
		{`let p = pref: s: builtins.substring 0 (builtins.stringLength pref) s == pref; in [ (p "a" "ab") (p "b" "ab") ]`, `[ true false ]`},
		{`let f = a: [ a a ]; in [ (f 1) (f 2) ]`, `[ [ 1 1 ] [ 2 2 ] ]`},
		{`let f = a: { inherit a; b = a; }; in [ (f 1) (f 2) ]`, `[ { a = 1; b = 1; } { a = 2; b = 2; } ]`},
		{`let f = a: b: c: a; g = f 1; in [ (g 2 3) (g 4 5) (f 6 7 8) ]`, `[ 1 1 6 ]`},
		// Something stays: a function, a thunk, a slot of a let passed on.
		{`let f = a: (_: a); g = f 1; h = f 2; in [ (g 0) (h 0) (g 0) ]`, `[ 1 2 1 ]`},
		{`let f = a: [ (a + 1) ]; in [ (f 1) (f 2) ]`, `[ [ 2 ] [ 3 ] ]`},
		{`let f = a: { b = a + 1; }; x = f 1; y = f 2; in [ x.b y.b ]`, `[ 2 3 ]`},
		{`let f = a: let b = a + 1; in [ b ]; x = f 1; y = f 2; in [ x y ]`, `[ [ 2 ] [ 3 ] ]`},
		{`let f = a: let b = a + 1; in { inherit b; }; x = f 1; y = f 2; in [ x y ]`, `[ { b = 2; } { b = 3; } ]`},
		{`let f = { a, b ? a + 1 }: [ b ]; x = f { a = 1; }; y = f { a = 2; }; in [ x y ]`, `[ [ 2 ] [ 3 ] ]`},
		{`let f = a: rec { b = a; c = b; }; x = f 1; y = f 2; in [ x.c y.c ]`, `[ 1 2 ]`},
		{`let f = a: with { b = a; }; [ b (b + 1) ]; x = f 1; y = f 2; in [ x y ]`, `[ [ 1 2 ] [ 2 3 ] ]`},
		{`let f = a: let b = a; in let c = b; in (_: c); g = f 1; h = f 2; in [ (g 0) (h 0) ]`, `[ 1 2 ]`},
		// Errors that are caught do not give anything back too early.
		{`let f = a: b: (builtins.tryEval (if b then throw "no" else a)).value; in [ (f 1 false) (f 2 true) (f 3 false) ]`, `[ 1 false 3 ]`},
		{`let f = a: let b = throw a; in builtins.tryEval b; in [ (f "x").success (f "y").success ]`, `[ false false ]`},
		{`let f = n: if n == 0 then throw "end" else 1 + f (n - 1); t = x: (builtins.tryEval x).success; in [ (t (f 3)) (t (f 5)) ]`, `[ false false ]`},
	} {
		if got := show(t, eval.Options{}, test.text); got != test.want {
			t.Errorf("%s: got %s, want %s", test.text, got, test.want)
		}
	}
}
