package builtins

import "gonix.dev/gonix/eval"

func conversions() []eval.Builtin {
	return []eval.Builtin{
		op1("toJSON", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, ctx, err := ToJSON(st, a, pos, true)
			if err != nil {
				return eval.Value{}, err
			}
			return st.NewString(s, ctx), nil
		}),
	}
}
