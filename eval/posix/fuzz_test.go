package posix

import "testing"

// naive matches by the definition in doc.go, straight on the tree: it tries all
// paths and is exponential.
type naive struct {
	subject string
	whole   bool
	best    []int
	end     int
	first   []int
	second  []int
	budget  int
}

func (n *naive) match(x *node, pos int, rest func(int) bool) bool {
	n.budget--
	if n.budget < 0 {
		return false
	}
	switch x.kind {
	case nodeCat:
		var from func(i, pos int) bool
		from = func(i, pos int) bool {
			if i == len(x.subs) {
				return rest(pos)
			}
			return n.match(x.subs[i], pos, func(pos int) bool { return from(i+1, pos) })
		}
		return from(0, pos)
	case nodeAlt:
		found := false
		for _, sub := range x.subs {
			found = n.match(sub, pos, rest) || found
		}
		return found
	case nodeSet:
		return pos < len(n.subject) && x.set.has(n.subject[pos]) && rest(pos+1)
	case nodeGroup:
		old := n.first[x.group]
		n.first[x.group] = pos
		found := n.match(x.subs[0], pos, func(end int) bool {
			old := n.second[x.group]
			n.second[x.group] = end
			found := rest(end)
			n.second[x.group] = old
			return found
		})
		n.first[x.group] = old
		return found
	case nodeBegin:
		return pos == 0 && rest(pos)
	case nodeEnd:
		return pos == len(n.subject) && rest(pos)
	}
	if x.min > 0 {
		y := *x
		y.min, y.loop = x.min-1, false
		if x.max > 0 {
			y.max = x.max - 1
		}
		return n.match(x.subs[0], pos, func(pos int) bool { return n.match(&y, pos, rest) })
	}
	if x.max == 0 {
		return rest(pos)
	}
	if x.max > 0 {
		y := *x
		y.max--
		if n.match(x.subs[0], pos, func(pos int) bool { return n.match(&y, pos, rest) }) {
			return true
		}
		return rest(pos)
	}
	last, count := -1, 0
	var again func(pos int) bool
	again = func(pos int) bool {
		oldLast, oldCount := last, count
		if last != pos {
			last, count = pos, 0
		}
		found := false
		if count < 2 {
			count++
			found = n.match(x.subs[0], pos, again)
		}
		last, count = oldLast, oldCount
		return found || rest(pos)
	}
	return again(pos)
}

func (n *naive) run(root *node, groups, start int) bool {
	n.first, n.second = make([]int, groups+1), make([]int, groups+1)
	for i := range n.second {
		n.second[i] = -1
	}
	n.end = -1
	return n.match(root, start, func(pos int) bool {
		if n.whole && pos != len(n.subject) {
			return false
		}
		if pos > n.end {
			n.end = pos
			n.best = n.best[:0]
			for g := 1; g <= groups; g++ {
				if n.second[g] < 0 {
					n.best = append(n.best, -1, -1)
				} else {
					n.best = append(n.best, n.first[g], n.second[g])
				}
			}
		}
		return true
	})
}

// loopsOfNothing reports whether the rounds of a repetition could be counted
// differently by the naive matcher, which counts each copy anew.
func loopsOfNothing(x *node) bool {
	if x.kind == nodeRepeat && x.subs[0].nullable() {
		return true
	}
	for _, sub := range x.subs {
		if loopsOfNothing(sub) {
			return true
		}
	}
	return false
}

// FuzzMatch compares the machine, with and without its table, with the naive
// matcher.
func FuzzMatch(f *testing.F) {
	for _, p := range []string{"(a|ab)(c|bcd)*", "a{2,3}[^b]", "(a|b)*c|(a|ab)*c", "((a)|b)+", "^a*$", "[[:alpha:]-]"} {
		f.Add(p, "abcabcd")
	}
	f.Fuzz(func(t *testing.T, pattern, subject string) {
		if len(pattern) > 40 || len(subject) > 30 {
			return
		}
		root, groups, err := parse(pattern)
		if err != nil || root.states > 500 || loopsOfNothing(root) {
			return
		}
		re, cerr := Compile(pattern)
		if cerr != nil {
			t.Fatal(cerr)
		}
		for _, eager := range []bool{false, true} {
			re.eager = eager
			n := &naive{subject: subject, whole: true, budget: 1 << 18}
			want := n.run(root, groups, 0)
			if n.budget < 0 {
				return
			}
			got, ok, err := re.Match(subject, nil)
			if err != nil || ok != want || ok && !equal(got, n.best) {
				t.Fatalf("%q on %q: %v %v %v, want %v %v", pattern, subject, ok, got, err, want, n.best)
			}
			first := true
			err = re.Each(subject, func(loc []int) {
				if !first {
					return
				}
				first = false
				n := &naive{subject: subject, budget: 1 << 18}
				for start := 0; start <= loc[0]; start++ {
					found := n.run(root, groups, start)
					if n.budget < 0 {
						return
					}
					if found != (start == loc[0]) {
						t.Fatalf("%q in %q: match at %d, found %v at %d", pattern, subject, loc[0], found, start)
					}
				}
				if n.end != loc[1] || !equal(n.best, loc[2:]) {
					t.Fatalf("%q in %q: %v, want end %d groups %v", pattern, subject, loc, n.end, n.best)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
