package closure

import (
	"context"
	"fmt"

	"gonix.dev/gonix/store"
)

// Realisations finds roots and all that they depend on in src, each after its
// dependencies.
func Realisations(ctx context.Context, src store.RealisationSource, roots []*store.Realisation) ([]*store.Realisation, error) {
	var out []*store.Realisation
	const (
		open = 1
		done = 2
	)
	state := map[store.DrvOutput]int{}
	var visit func(r *store.Realisation) error
	visit = func(r *store.Realisation) error {
		switch state[r.ID] {
		case done:
			return nil
		case open:
			return fmt.Errorf("cycle detected in the dependencies of realisation '%s'", r.ID)
		}
		state[r.ID] = open
		for id := range r.Deps {
			if id == r.ID {
				continue
			}
			dep, err := src.QueryRealisation(ctx, id)
			if err != nil {
				return err
			}
			if dep == nil {
				return fmt.Errorf("incomplete realisation closure: '%s' is a dependency of '%s' but isn't registered", id, r.ID)
			}
			if err := visit(dep); err != nil {
				return err
			}
		}
		state[r.ID] = done
		out = append(out, r)
		return nil
	}
	for _, r := range roots {
		if err := visit(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// copyRealisations brings roots and what they depend on to dst, which has their
// paths. A place that knows nothing of realisations has at least those.
func copyRealisations(ctx context.Context, src store.Source, dst store.Store, roots []*store.Realisation, opts CopyOptions) error {
	from, ok := src.(store.RealisationSource)
	if !ok {
		return nil
	}
	to, ok := dst.(store.RealisationStore)
	if !ok {
		return nil
	}
	all, err := Realisations(ctx, from, roots)
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := to.AddRealisation(ctx, r, store.AddOptions{NoCheckSigs: opts.NoCheckSigs}); err != nil {
			return err
		}
	}
	return nil
}
