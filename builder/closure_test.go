package builder

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
)

// refStore is a Store of paths that refer to one another.
type refStore struct {
	Store
	refs  map[store.Path][]store.Path
	asked map[store.Path]int
}

func (s *refStore) QueryPathInfo(_ context.Context, p store.Path) (*store.PathInfo, error) {
	s.asked[p]++
	refs, ok := s.refs[p]
	if !ok {
		return nil, &store.InvalidPathError{Path: p.String()}
	}
	return &store.PathInfo{Path: p, References: refs}, nil
}

// TestClosure compares closures in random graphs with those that are found naively.
func TestClosure(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		s := &refStore{refs: map[store.Path][]store.Path{}, asked: map[store.Path]int{}}
		var paths []store.Path
		for i := range 40 {
			p, err := store.ParsePath(fmt.Sprintf("%s%02d-p%d", strings.Repeat("0", 30), i, i))
			if err != nil {
				t.Fatal(err)
			}
			var refs []store.Path
			for _, q := range append(paths, p) { // also itself
				if rng.IntN(8) == 0 {
					refs = append(refs, q)
				}
			}
			s.refs[p], paths = refs, append(paths, p)
		}
		w := &Worker{Store: s}
		for range 20 {
			roots := []store.Path{paths[rng.IntN(len(paths))], paths[rng.IntN(len(paths))]}
			got, err := w.closure(t.Context(), roots)
			if err != nil {
				t.Fatal(err)
			}
			want := map[store.Path]bool{}
			var visit func(p store.Path)
			visit = func(p store.Path) {
				if !want[p] {
					want[p] = true
					for _, r := range s.refs[p] {
						visit(r)
					}
				}
			}
			visit(roots[0])
			visit(roots[1])
			if len(got) != len(want) || slices.ContainsFunc(got, func(p store.Path) bool { return !want[p] }) {
				t.Fatalf("closure of %v: %v, wanted %v", roots, got, want)
			}
		}
		for p, n := range s.asked {
			if n > 1 {
				t.Fatalf("%s was asked for %d times", p, n)
			}
		}
		// What was made anew is looked at again, and what is not there is an error.
		w.refs.forget(paths[39])
		s.refs[paths[39]] = []store.Path{paths[0]}
		if got, err := w.closure(t.Context(), paths[39:]); err != nil || len(got) > 2+len(s.refs[paths[0]]) {
			t.Fatal(got, err)
		}
		delete(s.refs, paths[39])
		w.refs.forget(paths[39])
		if _, err := w.closure(t.Context(), paths[39:]); err == nil {
			t.Fatal("the closure of what is not valid has no error")
		}
	}
}
