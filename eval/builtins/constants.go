package builtins

import "gonix.dev/gonix/eval"

// nixVersion and langVersion are what the language says of itself.
const (
	nixVersion  = "2.36.0"
	langVersion = 6
)

func constants() []eval.Builtin {
	return append(global(
		constant("true", eval.True),
		constant("false", eval.False),
		constant("null", eval.Null),
	),
		constant("nixVersion", eval.String(nixVersion)),
		constant("langVersion", eval.Int(langVersion)),
		eval.Builtin{Name: "storeDir", Value: func(st *eval.State) eval.Value { return eval.String(string(st.StoreDir())) }},
		eval.Builtin{Name: "nixPath", Value: func(st *eval.State) eval.Value {
			var entries []eval.Value
			if !st.Options().Pure {
				for _, e := range st.Options().SearchPath {
					entries = append(entries, st.NewAttrs(2).Set("path", eval.String(e.Path)).Set("prefix", eval.String(e.Prefix)).Value())
				}
			}
			return eval.ListOf(entries)
		}},
		impure("currentSystem", func(st *eval.State) eval.Value { return eval.String(st.Options().System) }),
		impure("currentTime", func(st *eval.State) eval.Value { return eval.Int(st.Options().World.Now()) }),
	)
}

// impure is a constant that pure evaluation does not have.
func impure(name string, f func(st *eval.State) eval.Value) eval.Builtin {
	return eval.Builtin{
		Name: name,
		Value: func(st *eval.State) eval.Value {
			return st.Lazy(func() (eval.Value, *eval.Error) { return f(st), nil })
		},
		Impure: true,
	}
}
