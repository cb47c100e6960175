package builder

import (
	"fmt"

	"gonix.dev/gonix/store"
)

// outputGoal substitutes an output whose path is not known: it asks caches what it
// came to be, and substitutes that.
type outputGoal struct {
	goal
	id    store.DrvOutput
	found *store.Realisation
}

// output is the goal for an output of the derivation at drv.
func (l *loop) output(id store.DrvOutput, drv store.Path) *outputGoal {
	if g := l.outputs[id]; g != nil && (!g.done || g.status.OK()) {
		return g
	}
	g := &outputGoal{goal: goal{l: l, of: drv, key: "a$" + id.String()}, id: id}
	l.outputs[id] = g
	g.await(g.begin)
	return g
}

func (g *outputGoal) fail(status Status, format string, args ...any) {
	g.finish(status, failf(status, g.of, format, args...))
}

func (g *outputGoal) noSubstitute() {
	g.fail(NoSubstituters, "derivation output '%s' is required, but there is no substituter that can provide it", g.id)
}

func (g *outputGoal) begin() {
	w := g.l.w
	rs, ok := w.Store.(store.RealisationStore)
	if !ok {
		g.noSubstitute()
		return
	}
	var known *store.Realisation
	var err error
	g.l.task(func() {
		if known, err = rs.QueryRealisation(g.l.ctx, g.id); known == nil && err == nil {
			g.found, err = w.Substituter.QueryRealisation(g.l.ctx, g.id, g.compatible)
		}
	}, func() {
		switch {
		case err != nil:
			g.fail(TransientFailure, "query realisation of '%s': %w", g.id, err)
		case known != nil:
			g.finish(AlreadyValid, nil)
		case g.found == nil:
			g.noSubstitute()
		default:
			for id := range g.found.Deps {
				if id != g.id {
					g.waitFor(&g.l.output(id, g.of).goal)
				}
			}
			g.waitFor(&g.l.path(g.found.Path).goal)
			g.await(g.register)
		}
	})
}

// compatible says whether a cache's realisation was built with what outputs have
// come to be here.
func (g *outputGoal) compatible(from string, r *store.Realisation) bool {
	w := g.l.w
	for id, theirs := range r.Deps {
		if id == g.id {
			continue
		}
		ours, err := w.Store.(store.RealisationStore).QueryRealisation(g.l.ctx, id)
		if err != nil {
			return false
		}
		if ours != nil && ours.Path != theirs {
			dir := w.Store.StoreDir()
			w.Observe(Event{Action: Message, Level: LevelWarn, Text: fmt.Sprintf(
				"substituter '%s' has an incompatible realisation for '%s', ignoring.\nLocal:  %s\nRemote: %s",
				from, id, dir.Format(ours.Path), dir.Format(theirs))})
			return false
		}
	}
	return true
}

func (g *outputGoal) register() {
	if g.failed > 0 {
		status := DependencyFailed
		if g.missing > 0 {
			status = NoSubstituters
		}
		g.fail(status, "the output path of the derivation output '%s' could not be substituted", g.id)
		return
	}
	// Whether it may be believed was decided when it was found.
	err := g.l.w.Store.(store.RealisationStore).AddRealisation(g.l.ctx, g.found, store.AddOptions{NoCheckSigs: true})
	if err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	}
	g.finish(Substituted, nil)
}
