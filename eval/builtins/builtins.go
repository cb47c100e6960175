// Package builtins holds the builtin functions and constants of the Nix
// language, as of Nix 2.36: one file for each family.
//
// A builtin gets its arguments unevaluated, except those its Strict mask names,
// and forces them in the order Nix does, so that of two failing arguments the
// same one is reported.
package builtins

import "gonix.dev/gonix/eval"

// All returns every builtin.
func All() []eval.Builtin {
	var all []eval.Builtin
	for _, family := range [][]eval.Builtin{
		constants(), control(), typePredicates(), arithmetic(), attrSets(), lists(), text(), contexts(),
		files(), conversions(), derivations(), versions(), regexes(), hashes(), fetchers(), flakes(),
		feature("dynamic-derivations", op2("outputOf", 0, outputOf)),
	} {
		all = append(all, family...)
	}
	return all
}

// Constructors for the tables of the families.

type (
	fn1 = func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error)
	fn2 = func(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error)
	fn3 = func(st *eval.State, pos eval.Pos, a, b, c eval.Value) (eval.Value, *eval.Error)
)

func op1(name string, strict uint8, f fn1) eval.Builtin {
	return eval.Builtin{Name: name, PrimOp: &eval.PrimOp{Arity: 1, Strict: strict, F1: f}}
}

func op2(name string, strict uint8, f fn2) eval.Builtin {
	return eval.Builtin{Name: name, PrimOp: &eval.PrimOp{Arity: 2, Strict: strict, F2: f}}
}

func op3(name string, strict uint8, f fn3) eval.Builtin {
	return eval.Builtin{Name: name, PrimOp: &eval.PrimOp{Arity: 3, Strict: strict, F3: f}}
}

// global puts builtins into the global scope under their own names.
func global(bs ...eval.Builtin) []eval.Builtin {
	for i := range bs {
		bs[i].Global = true
	}
	return bs
}

// noTrace keeps builtins out of traces.
func noTrace(b eval.Builtin) eval.Builtin {
	b.PrimOp.NoTrace = true
	return b
}

// feature makes builtins depend on an experimental feature.
func feature(name string, bs ...eval.Builtin) []eval.Builtin {
	for i := range bs {
		bs[i].Feature = name
	}
	return bs
}

func constant(name string, v eval.Value) eval.Builtin {
	return eval.Builtin{Name: name, Value: func(*eval.State) eval.Value { return v }}
}

// lazyConstant is a constant that is computed when it is asked for.
func lazyConstant(name string, f func(st *eval.State) (eval.Value, *eval.Error)) eval.Builtin {
	return eval.Builtin{Name: name, Value: func(st *eval.State) eval.Value {
		return st.Lazy(func() (eval.Value, *eval.Error) { return f(st) })
	}}
}
