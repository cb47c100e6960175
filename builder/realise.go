package builder

import (
	"context"
	"os"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/local"
)

// findRealisations looks up outputs of content-addressed derivations: what they
// came to when somebody built them.
func (g *drvGoal) findRealisations() error {
	rs, ok := g.l.w.Store.(RealisationStore)
	if !ok || g.kind != drv.CAFloating && g.kind != drv.Deferred {
		return nil
	}
	for _, o := range g.outputs {
		if o.id.Hash.IsZero() {
			id, err := g.l.w.realisationHasher().OutputHash(g.path, o.Name)
			if err != nil {
				return err
			}
			o.id = local.DrvOutput{Hash: id, Output: o.Name}
		}
		r, err := rs.QueryRealisation(g.l.ctx, o.id)
		if err != nil {
			return err
		}
		if r != nil {
			o.known = r.Path
		}
	}
	return nil
}

func (b *build) addRealisations(outs map[string]store.Path) error {
	if b.kind != drv.CAFloating {
		return nil
	}
	return b.w.addRealisations(b.ctx, b.outputs, outs)
}

func (w *Worker) addRealisations(ctx context.Context, outputs []*output, outs map[string]store.Path) error {
	rs, ok := w.Store.(RealisationStore)
	if !ok {
		return nil
	}
	for _, o := range outputs {
		if p, ok := outs[o.Name]; ok && !o.id.Hash.IsZero() {
			if err := rs.AddRealisation(ctx, &local.Realisation{ID: o.id, Path: p}); err != nil {
				return err
			}
		}
	}
	return nil
}

// useBuildUsers says whether builds run as users of their own.
func (w *Worker) useBuildUsers() bool {
	return os.Geteuid() == 0 && (w.Settings.BuildUsersGroup != "" || w.Settings.AutoAllocateUIDs)
}

func (w *Worker) realisationHasher() *drv.RealisationHasher {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hasher == nil {
		w.hasher = &drv.RealisationHasher{Dir: w.Store.StoreDir(), Read: w.Store.ReadDerivation}
	}
	return w.hasher
}
