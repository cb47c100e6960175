package builtins

import "gonix.dev/gonix/eval"

// predicate is a builtin that looks at nothing but the kind of its argument.
func predicate(name string, is func(v eval.Value) bool) eval.Builtin {
	return op1(name, 1, func(_ *eval.State, _ eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
		return eval.Bool(is(a)), nil
	})
}

func typePredicates() []eval.Builtin {
	kind := func(name string, k eval.Kind) eval.Builtin {
		return predicate(name, func(v eval.Value) bool { return v.Kind() == k })
	}
	return append(global(kind("isNull", eval.KindNull)),
		kind("isInt", eval.KindInt),
		kind("isFloat", eval.KindFloat),
		kind("isString", eval.KindString),
		kind("isBool", eval.KindBool),
		kind("isPath", eval.KindPath),
		kind("isList", eval.KindList),
		kind("isAttrs", eval.KindAttrs),
		predicate("isFunction", eval.Value.IsFunction),
		op1("typeOf", 1, func(st *eval.State, _ eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			return st.SymValue(st.Sym(a.Kind().TypeName())), nil
		}),
	)
}
