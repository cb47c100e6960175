package builder

import (
	"errors"
	"fmt"

	"gonix.dev/gonix/store"
)

// pathGoal substitutes a path.
type pathGoal struct {
	goal
	path store.Path
	sub  *Substitutable
}

func (l *loop) path(p store.Path) *pathGoal {
	// One that failed is tried again: the path may have been built meanwhile.
	if g := l.paths[p]; g != nil && (!g.done || g.status.OK()) {
		return g
	}
	// "a" sorts before the "b" of builds: what can be had is had first.
	g := &pathGoal{goal: goal{l: l, key: "a$" + p.Name() + "$" + p.String()}, path: p}
	l.paths[p] = g
	g.await(g.begin)
	return g
}

func (g *pathGoal) printed() string { return g.l.w.Store.StoreDir().Format(g.path) }

func (g *pathGoal) fail(status Status, format string, args ...any) {
	g.finish(status, failf(status, g.path, format, args...))
}

func (g *pathGoal) begin() {
	w := g.l.w
	if err := w.Store.AddTempRoot(g.l.ctx, g.path); err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	}
	if ok, err := w.Store.IsValid(g.l.ctx, g.path); err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	} else if ok {
		g.finish(AlreadyValid, nil)
		return
	}
	if !w.Settings.Substitute || w.Substituter == nil {
		g.noSubstitute()
		return
	}
	var sub *Substitutable
	var err error
	g.l.task(func() { sub, err = w.Substituter.Query(g.l.ctx, g.path) }, func() {
		switch {
		case err != nil:
			g.fail(TransientFailure, "query substitute for '%s': %w", g.printed(), err)
		case sub == nil:
			g.noSubstitute()
		default:
			g.sub = sub
			for _, r := range sub.References {
				if r != g.path {
					g.waitFor(&g.l.path(r).goal)
				}
			}
			g.await(g.referencesDone)
		}
	})
}

func (g *pathGoal) noSubstitute() {
	g.fail(NoSubstituters, "path '%s' is required, but there is no substituter that can build it", g.printed())
}

func (g *pathGoal) referencesDone() {
	if g.failed > 0 {
		status := DependencyFailed
		if g.failed == g.missing {
			status = NoSubstituters
		}
		g.fail(status, "some references of path '%s' could not be realised", g.printed())
		return
	}
	g.await(g.copy)
}

func (g *pathGoal) copy() {
	l, w := g.l, g.l.w
	limit := w.Settings.MaxSubstitutionJobs
	if limit <= 0 {
		limit = 16
	}
	if l.copies >= limit {
		l.forCopy = append(l.forCopy, &g.goal)
		return
	}
	l.copies++
	act := w.Observe.start(LevelInfo, ActSubstitute, l.act.id, "", g.printed(), g.sub.From)
	inner := w.Observe.start(LevelInfo, ActCopyPath, act.id,
		fmt.Sprintf("copying path '%s' from '%s'", g.printed(), g.sub.From), g.printed(), g.sub.From, "local")
	var err error
	l.task(func() {
		err = w.Substituter.Substitute(l.ctx, g.path, func(done, total int64) {
			inner.report(ResProgress, done, total, int64(0), int64(0))
		})
	}, func() {
		l.copies--
		l.wakeAll(&l.forCopy)
		inner.stop()
		act.stop()
		if errors.Is(err, ErrSubstituteGone) {
			g.noSubstitute()
			return
		}
		if err != nil {
			g.fail(TransientFailure, "substitute '%s': %w", g.printed(), err)
			return
		}
		g.finish(Substituted, nil)
	})
}
