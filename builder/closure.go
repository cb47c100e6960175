package builder

import (
	"context"
	"sync"

	"gonix.dev/gonix/store"
)

// refGraph remembers what valid paths refer to, which does not change. Each build of a
// large graph asks for the closure of its inputs, so that paths are numbers here, and
// following a reference costs next to nothing. The zero value is ready for use.
type refGraph struct {
	mu     sync.Mutex
	number map[store.Path]uint32
	nodes  []refNode
	round  uint32 // of the traversal under way
}

type refNode struct {
	path store.Path
	refs []uint32 // but for itself; only if known is set
	// round is the last traversal that has come by.
	round uint32
	known bool
}

func (g *refGraph) numberOf(p store.Path) uint32 {
	if n, ok := g.number[p]; ok {
		return n
	}
	if g.number == nil {
		g.number = map[store.Path]uint32{}
	}
	n := uint32(len(g.nodes))
	g.number[p] = n
	g.nodes = append(g.nodes, refNode{path: p})
	return n
}

// forget drops what a path refers to: it was made anew.
func (g *refGraph) forget(p store.Path) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n, ok := g.number[p]; ok {
		g.nodes[n].refs, g.nodes[n].known = nil, false
	}
}

// closure returns roots and everything that they refer to, each path once. All of it
// must be valid in s.
func (g *refGraph) closure(ctx context.Context, s Store, roots []store.Path) ([]store.Path, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.round++
	var found []uint32 // whose references are followed from the first on
	visit := func(n uint32) {
		if g.nodes[n].round != g.round {
			g.nodes[n].round = g.round
			found = append(found, n)
		}
	}
	for _, p := range roots {
		visit(g.numberOf(p))
	}
	for i := 0; i < len(found); i++ {
		n := found[i]
		if !g.nodes[n].known {
			info, err := s.QueryPathInfo(ctx, g.nodes[n].path)
			if err != nil {
				return nil, err
			}
			var refs []uint32
			for _, r := range info.References {
				if m := g.numberOf(r); m != n {
					refs = append(refs, m)
				}
			}
			g.nodes[n].refs, g.nodes[n].known = refs, true
		}
		for _, m := range g.nodes[n].refs {
			visit(m)
		}
	}
	paths := make([]store.Path, len(found))
	for i, n := range found {
		paths[i] = g.nodes[n].path
	}
	return paths, nil
}

// closure is everything that roots refer to, and roots themselves.
func (w *Worker) closure(ctx context.Context, roots []store.Path) ([]store.Path, error) {
	return w.refs.closure(ctx, w.Store, roots)
}
