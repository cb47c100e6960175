package builtins

import (
	"math"

	"gonix.dev/gonix/eval"
)

func arithmetic() []eval.Builtin {
	arith := func(name string, op byte) eval.Builtin {
		return op2(name, 3, func(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
			return st.Arith(op, a, b, pos)
		})
	}
	bits := func(name string, f func(a, b int64) int64) eval.Builtin {
		first, second := argument(1, name), argument(2, name)
		return op2(name, 0, func(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
			x, err := st.ForceInt(a, pos, first)
			if err != nil {
				return eval.Value{}, err
			}
			y, err := st.ForceInt(b, pos, second)
			if err != nil {
				return eval.Value{}, err
			}
			return eval.Int(f(x, y)), nil
		})
	}
	round := func(name string, f func(float64) float64) eval.Builtin {
		doing := argument(1, name)
		return op1(name, 1, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			x, err := st.ForceFloat(a, pos, doing)
			if err != nil {
				return eval.Value{}, err
			}
			if a.Kind() == eval.KindInt {
				return a, nil
			}
			r := f(x)
			if r >= -math.MinInt64 || r < math.MinInt64 || math.IsNaN(r) {
				return eval.Value{}, st.Errorf(eval.ErrEval, pos, "NixFloat argument %s is not in the range of NixInt", eval.FormatFloat(x))
			}
			return eval.Int(int64(r)), nil
		})
	}
	return []eval.Builtin{
		arith("add", '+'), arith("sub", '-'), arith("mul", '*'), arith("div", '/'),
		bits("bitAnd", func(a, b int64) int64 { return a & b }),
		bits("bitOr", func(a, b int64) int64 { return a | b }),
		bits("bitXor", func(a, b int64) int64 { return a ^ b }),
		round("ceil", math.Ceil), round("floor", math.Floor),
		op2("lessThan", 3, func(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
			less, err := st.Less(a, b, pos, "")
			return eval.Bool(less), err
		}),
	}
}
