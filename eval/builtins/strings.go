package builtins

import (
	"strings"

	"gonix.dev/gonix/eval"
)

func text() []eval.Builtin {
	return append(global(
		op1("toString", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			s, ctx, err := st.CoerceToString(a, pos, "while evaluating the first argument passed to builtins.toString", eval.CoerceMore)
			if err != nil {
				return eval.Value{}, err
			}
			return st.NewString(s, ctx), nil
		}),
	),
		op3("substring", 7, substring),
		op1("stringLength", 1, stringLength),
		op2("concatStringsSep", 0, concatStringsSep),
		op3("replaceStrings", 0, replaceStrings),
	)
}

func substring(st *eval.State, pos eval.Pos, a, b, c eval.Value) (eval.Value, *eval.Error) {
	start, err := st.ForceInt(a, pos, "while evaluating the first argument (the start offset) passed to builtins.substring")
	if err != nil {
		return eval.Value{}, err
	}
	if start < 0 {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "negative start position in 'substring'")
	}
	n, err := st.ForceInt(b, pos, "while evaluating the second argument (the substring length) passed to builtins.substring")
	if err != nil {
		return eval.Value{}, err
	}
	if n == 0 && c.Kind() == eval.KindString {
		return st.NewString("", c.Context()), nil
	}
	const doing = "while evaluating the third argument (the string) passed to builtins.substring"
	var s string
	var ctx *eval.Context
	if c.Kind() == eval.KindString {
		s, ctx = c.AsString(), c.Context()
	} else if s, ctx, err = st.CoerceToString(c, pos, doing, eval.CopyToStore); err != nil {
		return eval.Value{}, err
	}
	if start >= int64(len(s)) {
		return st.NewString("", ctx), nil
	}
	if n < 0 || n > int64(len(s))-start {
		n = int64(len(s)) - start
	}
	return st.NewString(s[start:start+n], ctx), nil
}

func stringLength(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	if a.Kind() == eval.KindString {
		return eval.Int(int64(len(a.AsString()))), nil
	}
	s, _, err := st.CoerceToString(a, pos, "while evaluating the argument passed to builtins.stringLength", eval.CopyToStore)
	return eval.Int(int64(len(s))), err
}

func concatStringsSep(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	sep, ctx, err := st.ForceString(a, pos, "while evaluating the first argument (the separator string) passed to builtins.concatStringsSep")
	if err != nil {
		return eval.Value{}, err
	}
	l, err := st.ForceList(b, pos, "while evaluating the second argument (the list of strings to concat) passed to builtins.concatStringsSep")
	if err != nil {
		return eval.Value{}, err
	}
	parts := make([]string, len(l))
	size := len(sep) * max(len(l)-1, 0)
	for i := range l {
		s, c, err := st.CoerceToString(l[i], pos, "while evaluating one element of the list of strings to concat passed to builtins.concatStringsSep", eval.CopyToStore)
		if err != nil {
			return eval.Value{}, err
		}
		parts[i] = s
		size += len(s)
		ctx = ctx.Union(c)
	}
	if err := st.CheckLength(size, pos); err != nil {
		return eval.Value{}, err
	}
	return st.NewString(strings.Join(parts, sep), ctx), nil
}

func replaceStrings(st *eval.State, pos eval.Pos, a, b, c eval.Value) (eval.Value, *eval.Error) {
	from, err := st.ForceList(a, pos, "while evaluating the first argument passed to builtins.replaceStrings")
	if err != nil {
		return eval.Value{}, err
	}
	to, err := st.ForceList(b, pos, "while evaluating the second argument passed to builtins.replaceStrings")
	if err != nil {
		return eval.Value{}, err
	}
	if len(from) != len(to) {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "'from' and 'to' arguments passed to builtins.replaceStrings have different lengths")
	}
	olds := make([]string, len(from))
	for i := range from {
		if olds[i], _, err = st.ForceString(from[i], pos, "while evaluating one of the strings to replace passed to builtins.replaceStrings"); err != nil {
			return eval.Value{}, err
		}
	}
	s, ctx, err := st.ForceString(c, pos, "while evaluating the third argument passed to builtins.replaceStrings")
	if err != nil {
		return eval.Value{}, err
	}
	// Replacements are forced when first used.
	type replacement struct {
		s    string
		used bool
	}
	news := make([]replacement, len(to))
	use := func(i int) (string, *eval.Error) {
		if !news[i].used {
			r, rctx, err := st.ForceString(to[i], pos, "while evaluating one of the replacement strings passed to builtins.replaceStrings")
			if err != nil {
				return "", err
			}
			news[i] = replacement{r, true}
			ctx = ctx.Union(rctx)
		}
		return news[i].s, nil
	}
	// first holds, for each byte, the patterns that begin with it; empty patterns
	// match everywhere.
	var first [256][]int32
	for i, old := range olds {
		if old == "" {
			for b := range first {
				first[b] = append(first[b], int32(i))
			}
			continue
		}
		first[old[0]] = append(first[old[0]], int32(i))
	}
	var out strings.Builder
	out.Grow(len(s))
	for p := 0; p <= len(s); {
		found := -1
		if p < len(s) {
			for _, i := range first[s[p]] {
				if strings.HasPrefix(s[p:], olds[i]) {
					found = int(i)
					break
				}
			}
		} else {
			for i, old := range olds {
				if old == "" {
					found = i
					break
				}
			}
		}
		if found < 0 {
			if p < len(s) {
				out.WriteByte(s[p])
			}
			p++
			continue
		}
		r, err := use(found)
		if err != nil {
			return eval.Value{}, err
		}
		if err := st.CheckLength(out.Len()+len(r), pos); err != nil {
			return eval.Value{}, err
		}
		out.WriteString(r)
		if olds[found] == "" {
			// An empty pattern matches before the next byte, which stays.
			if p < len(s) {
				out.WriteByte(s[p])
			}
			p++
		} else {
			p += len(olds[found])
		}
	}
	return st.NewString(out.String(), ctx), nil
}
