package eval

import "slices"

// scope mirrors, while compiling, one environment of run time.
type scope struct {
	up    *scope
	with  bool  // the environment of a `with`: its names are not known
	syms  []Sym // ascending; the slot of syms[i] is first+i
	first int32
	args  []Sym // more names: args[i] has slot i, and hides args before it
}

// find returns the slot of a name of this scope.
func (s *scope) find(k Sym) (int32, bool) {
	for i := len(s.args) - 1; i >= 0; i-- {
		if s.args[i] == k {
			return int32(i), true
		}
	}
	if len(s.syms) <= 8 {
		for i, sym := range s.syms {
			if sym == k {
				return s.first + int32(i), true
			}
		}
		return 0, false
	}
	i, ok := slices.BinarySearch(s.syms, k)
	return s.first + int32(i), ok
}

// lookup resolves a name: to links and a slot, or else to the depths of the
// `with`s around, innermost first.
func (s *scope) lookup(k Sym) (depth, slot int32, ok bool, withs []int32) {
	for ; s != nil; s = s.up {
		if s.with {
			withs = append(withs, depth)
		} else if slot, ok := s.find(k); ok {
			return depth, slot, true, nil
		}
		depth++
	}
	return 0, 0, false, withs
}

// names lists what the scopes bind, for suggestions.
func (s *scope) names(st *State) []string {
	var out []string
	for ; s != nil; s = s.up {
		for _, k := range s.args {
			out = append(out, st.SymName(k))
		}
		for _, k := range s.syms {
			out = append(out, st.SymName(k))
		}
	}
	return out
}
