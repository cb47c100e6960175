package builder

import (
	"context"
	"os"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
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
			id, err := rs.OutputID(g.drv, o.Name)
			if err != nil {
				return err
			}
			o.id = id
		}
		p, ok, err := rs.Realisation(g.l.ctx, o.id)
		if err != nil {
			return err
		}
		if ok {
			o.known = p
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
			if err := rs.AddRealisation(ctx, o.id, p); err != nil {
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
