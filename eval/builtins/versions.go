package builtins

import (
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/version"
)

func versions() []eval.Builtin {
	return []eval.Builtin{
		op2("compareVersions", 0, func(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
			x, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.compareVersions")
			if err != nil {
				return eval.Value{}, err
			}
			y, err := st.ForceStringNoContext(b, pos, "while evaluating the second argument passed to builtins.compareVersions")
			if err != nil {
				return eval.Value{}, err
			}
			return eval.Int(int64(version.Compare(x, y))), nil
		}),
		op1("splitVersion", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.splitVersion")
			if err != nil {
				return eval.Value{}, err
			}
			var out []eval.Value
			for _, c := range version.Split(s) {
				out = append(out, eval.String(c))
			}
			return st.NewList(out), nil
		}),
		op1("parseDrvName", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.parseDrvName")
			if err != nil {
				return eval.Value{}, err
			}
			name, v := version.SplitName(s)
			return st.NewAttrs(2).Set("name", eval.String(name)).Set("version", eval.String(v)).Value(), nil
		}),
	}
}
