package closure

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"gonix.dev/gonix/store"
)

// Set is a closure: what is known of each of its paths.
type Set map[store.Path]*store.PathInfo

// queries is how many paths are asked for at the same time.
const queries = 32

// bulk is implemented by places that find closures by themselves, faster.
type bulk interface {
	QueryClosure(ctx context.Context, roots []store.Path) ([]*store.PathInfo, error)
}

// Compute finds the closure of roots.
func Compute(ctx context.Context, src store.Source, roots []store.Path) (Set, error) {
	set := make(Set, len(roots))
	if b, ok := src.(bulk); ok {
		infos, err := b.QueryClosure(ctx, roots)
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			set[info.Path] = info
		}
		return set, nil
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	slots := make(chan struct{}, queries)
	seen := make(map[store.Path]bool, len(roots))
	var visit func(p store.Path)
	visit = func(p store.Path) { // with mu held
		if seen[p] {
			return
		}
		seen[p] = true
		g.Go(func() error {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			info, err := src.QueryPathInfo(ctx, p)
			<-slots
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			set[p] = info
			for _, r := range info.References {
				visit(r)
			}
			return nil
		})
	}
	mu.Lock()
	for _, p := range roots {
		visit(p)
	}
	mu.Unlock()
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return set, nil
}

// Paths are the paths of the set, sorted by their base names.
func (s Set) Paths() []store.Path {
	paths := make([]store.Path, 0, len(s))
	for p := range s {
		paths = append(paths, p)
	}
	slices.SortFunc(paths, store.Path.Compare)
	return paths
}

// CycleError is a path that refers to itself through others.
type CycleError struct{ Path store.Path }

func (e *CycleError) Error() string {
	return fmt.Sprintf("cycle detected in the references of '%s'", e.Path)
}

// Sorted are the paths of the set, each after those that it refers to.
func (s Set) Sorted() ([]store.Path, error) {
	const (
		open = 1
		done = 2
	)
	state := make(map[store.Path]int, len(s))
	out := make([]store.Path, 0, len(s))
	var cycle error
	var visit func(p store.Path)
	visit = func(p store.Path) {
		info := s[p]
		if info == nil || state[p] == done {
			return
		}
		if state[p] == open {
			cycle = &CycleError{p}
			return
		}
		state[p] = open
		for _, r := range info.References {
			if r != p {
				visit(r)
			}
		}
		state[p] = done
		out = append(out, p)
	}
	for _, p := range s.Paths() {
		visit(p)
	}
	return out, cycle
}
