package builtins

import (
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/posix"
)

func regexes() []eval.Builtin {
	return []eval.Builtin{op2("match", 0, match), op2("split", 0, split)}
}

type regexCache struct{}

// compileRegex compiles a pattern once for each evaluator.
func compileRegex(st *eval.State, pattern string, pos eval.Pos) (*posix.Regexp, *eval.Error) {
	cache := st.Cache(regexCache{}, func() any { return make(map[string]*posix.Regexp) }).(map[string]*posix.Regexp)
	if re := cache[pattern]; re != nil {
		return re, nil
	}
	re, err := posix.Compile(pattern)
	if err != nil {
		return nil, st.Errorf(eval.ErrEval, pos, "%s", err)
	}
	cache[pattern] = re
	return re, nil
}

// regexArguments forces the pattern and the string of match and split.
func regexArguments(st *eval.State, pos eval.Pos, a, b eval.Value, builtin string) (*posix.Regexp, string, *eval.Error) {
	pattern, err := st.ForceStringNoContext(a, pos, argument(1, builtin))
	if err != nil {
		return nil, "", err
	}
	re, err := compileRegex(st, pattern, pos)
	if err != nil {
		return nil, "", err
	}
	s, _, err := st.ForceString(b, pos, argument(2, builtin))
	return re, s, err
}

func match(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	re, s, err := regexArguments(st, pos, a, b, "match")
	if err != nil {
		return eval.Value{}, err
	}
	var buf [16]int
	loc, ok, merr := re.Match(s, buf[:0])
	if merr != nil {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "%s", merr)
	}
	if !ok {
		return eval.Null, nil
	}
	return groups(st, s, loc), nil
}

// groups makes the list of what the groups matched, null for those that took no
// part.
func groups(st *eval.State, s string, loc []int) eval.Value {
	out := st.NewElems(len(loc) / 2)
	for i := range out {
		out[i] = eval.Null
		if from := loc[2*i]; from >= 0 {
			out[i] = st.NewString(s[from:loc[2*i+1]], nil)
		}
	}
	return st.NewList(out)
}

func split(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	re, s, err := regexArguments(st, pos, a, b, "split")
	if err != nil {
		return eval.Value{}, err
	}
	var out []eval.Value
	last := 0
	merr := re.Each(s, func(loc []int) {
		out = append(out, st.NewString(s[last:loc[0]], nil), groups(st, s, loc[2:]))
		last = loc[1]
	})
	if merr != nil {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "%s", merr)
	}
	if len(out) == 0 {
		return st.NewList([]eval.Value{b}), nil // with its context
	}
	return st.NewList(append(out, st.NewString(s[last:], nil))), nil
}
