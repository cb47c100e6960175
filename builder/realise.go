package builder

import (
	"context"
	"os"
	"slices"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/closure"
	"gonix.dev/gonix/store/drv"
)

// realisations is the store as one that knows them, or nil: they are in use with
// the experimental feature alone.
func (w *Worker) realisations() store.RealisationStore {
	if rs, ok := w.Store.(store.RealisationStore); ok && w.Settings.CADerivations {
		return rs
	}
	return nil
}

// findRealisations looks up what outputs came to be when somebody built them.
func (g *drvGoal) findRealisations() error {
	rs := g.l.w.realisations()
	if rs == nil || g.kind == drv.Impure {
		return nil
	}
	for _, o := range g.outputs {
		if o.id.Hash.IsZero() {
			id, err := g.l.w.drvOutput(g.path, o.Name)
			if err != nil {
				return err
			}
			o.id = id
		}
		r, err := rs.QueryRealisation(g.l.ctx, o.id)
		if err != nil {
			return err
		}
		if o.realised = r != nil; o.realised {
			o.known = r.Path
		}
	}
	return nil
}

// recordKnown records what outputs whose paths are known beforehand came to be: they
// may have been made without the feature, or come from a cache that does not say.
func (g *drvGoal) recordKnown() error {
	rs := g.l.w.realisations()
	if rs == nil || g.kind == drv.Impure {
		return nil
	}
	for _, o := range g.outputs {
		if o.realised || !o.valid || o.Path.IsZero() {
			continue
		}
		r := &store.Realisation{ID: o.id, Path: o.known}
		if err := rs.AddRealisation(g.l.ctx, r, store.AddOptions{NoCheckSigs: true}); err != nil {
			return err
		}
		o.realised = true
	}
	return nil
}

// addRealisations records and signs what outputs came to be. deps, which may be nil,
// tells what one was built with.
func (w *Worker) addRealisations(ctx context.Context, outputs []*output, outs map[string]store.Path, deps func(store.Path) (map[store.DrvOutput]store.Path, error)) error {
	rs := w.realisations()
	if rs == nil {
		return nil
	}
	for _, o := range outputs {
		p, ok := outs[o.Name]
		if !ok || o.id.Hash.IsZero() {
			continue
		}
		r := &store.Realisation{ID: o.id, Path: p}
		if deps != nil {
			var err error
			if r.Deps, err = deps(p); err != nil {
				return err
			}
		}
		if w.SignRealisation != nil {
			w.SignRealisation(r)
		}
		if err := rs.AddRealisation(ctx, r, store.AddOptions{NoCheckSigs: true}); err != nil {
			return err
		}
	}
	return nil
}

// inputRealisations are what the inputs came to be, and all that these were built
// with.
func (g *drvGoal) inputRealisations(rs store.RealisationStore) ([]*store.Realisation, error) {
	var roots []*store.Realisation
	for _, in := range g.drv.InputDrvs {
		for _, name := range in.Outputs {
			id, err := g.l.w.drvOutput(in.Path, name)
			if err != nil {
				return nil, err
			}
			r, err := rs.QueryRealisation(g.l.ctx, id)
			if err != nil {
				return nil, err
			}
			if r != nil { // an impure one has none
				roots = append(roots, r)
			}
		}
	}
	return closure.Realisations(g.l.ctx, rs, roots)
}

// recordResolved records what the outputs came to be under the names that they have
// in this derivation, rather than the one that was built for it.
func (g *drvGoal) recordResolved() error {
	w := g.l.w
	rs := w.realisations()
	if rs == nil || g.kind == drv.Impure {
		return nil
	}
	if g.kind == drv.CAFixed {
		return w.addRealisations(g.l.ctx, g.outputs, g.results, nil)
	}
	inputs, err := g.inputRealisations(rs)
	if err != nil {
		return err
	}
	return w.addRealisations(g.l.ctx, g.outputs, g.results, func(p store.Path) (map[store.DrvOutput]store.Path, error) {
		info, err := w.info(g.l.ctx, p)
		if err != nil {
			return nil, err
		}
		deps := map[store.DrvOutput]store.Path{}
		for _, in := range inputs {
			if slices.Contains(info.References, in.Path) {
				deps[in.ID] = in.Path
			}
		}
		return deps, nil
	})
}

// useBuildUsers says whether builds run as users of their own.
func (w *Worker) useBuildUsers() bool {
	return os.Geteuid() == 0 && (w.Settings.BuildUsersGroup != "" || w.Settings.AutoAllocateUIDs)
}

// drvOutput is what realisations call an output.
func (w *Worker) drvOutput(p store.Path, output string) (store.DrvOutput, error) {
	sum, err := w.realisationHasher().OutputHash(p, output)
	return store.DrvOutput{Hash: sum, Output: output}, err
}

func (w *Worker) realisationHasher() *drv.RealisationHasher {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hasher == nil {
		w.hasher = &drv.RealisationHasher{Dir: w.Store.StoreDir(), Read: w.readDerivation}
	}
	return w.hasher
}
