package builtins

import "gonix.dev/gonix/eval"

func conversions() []eval.Builtin {
	return append(global(op1("fromTOML", 0, fromTOML)),
		op1("fromJSON", 0, fromJSON),
		op1("toXML", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, ctx, err := ToXML(st, a, pos, XMLOptions{Strict: true})
			if err != nil {
				return eval.Value{}, err
			}
			return st.NewString(s, ctx), nil
		}),
		op1("toJSON", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, ctx, err := ToJSON(st, a, pos, true)
			if err != nil {
				return eval.Value{}, err
			}
			return st.NewString(s, ctx), nil
		}),
	)
}
