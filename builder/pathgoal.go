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
	ca   store.ContentAddress // if it is known beforehand
	sub  *Substitutable
}

func (l *loop) path(p store.Path) *pathGoal {
	// One that failed is tried again: the path may have been built meanwhile.
	if g := l.paths[p]; g != nil && (!g.done || g.status.OK()) {
		return g
	}
	// "a" sorts before the "b" of builds: what can be had is had first.
	g := &pathGoal{goal: goal{l: l, of: p, key: "a$" + p.Name() + "$" + p.String()}, path: p}
	l.paths[p] = g
	g.await(g.begin)
	return g
}

func (g *pathGoal) printed() string { return g.l.w.Store.StoreDir().Format(g.path) }

func (g *pathGoal) fail(status Status, format string, args ...any) {
	g.end(status, failf(status, g.path, format, args...))
}

// end finishes the goal and keeps the counts.
func (g *pathGoal) end(status Status, err error) {
	if g.sub != nil {
		t := &g.l.tally
		if status.OK() {
			t.copied.done++
		} else {
			t.copied.expected--
			t.download -= g.sub.DownloadSize
			t.unpack -= g.sub.NarSize
			if status == TransientFailure {
				t.copied.failed++
			}
		}
		t.report()
	}
	g.finish(status, err)
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
		g.end(AlreadyValid, nil)
		return
	}
	if !w.Settings.Substitute || w.Substituter == nil {
		g.noSubstitute()
		return
	}
	var sub *Substitutable
	var err error
	g.l.task(func() { sub, err = w.Substituter.Query(g.l.ctx, g.path, g.ca) }, func() {
		switch {
		case err != nil:
			g.fail(TransientFailure, "query substitute for '%s': %w", g.printed(), err)
		case sub == nil:
			g.noSubstitute()
		default:
			g.sub = sub
			g.l.tally.copied.expected++
			g.l.tally.download += sub.DownloadSize
			g.l.tally.unpack += sub.NarSize
			g.l.tally.report()
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
	if int(l.tally.copied.running) >= limit {
		l.forCopy = append(l.forCopy, &g.goal)
		return
	}
	l.tally.copied.running++
	l.tally.report()
	moved, stop := g.announce()
	var err error
	l.task(func() {
		err = w.Substituter.Substitute(l.ctx, g.path, g.ca, moved)
	}, func() {
		l.tally.copied.running--
		l.wakeAll(&l.forCopy)
		stop()
		if errors.Is(err, ErrSubstituteGone) {
			g.noSubstitute()
			return
		}
		if err != nil {
			g.fail(TransientFailure, "%w", err)
			return
		}
		g.end(Substituted, nil)
	})
}

// announce begins the activities that Nix has for a copy: that of the path counts
// what is unpacked, as far as that is known, and one within what is downloaded.
func (g *pathGoal) announce() (moved func(done, total int64), stop func()) {
	o, sub := g.l.w.Observe, g.sub
	outer := o.start(LevelError, ActSubstitute, 0, "", g.printed(), sub.From)
	waiting := g.awaitedBy()
	if n := len(waiting); n > 0 && g.l.makes(waiting[n-1], g.path) {
		waiting = waiting[:n-1] // it is to replace the very build that waits for it
	}
	path := o.startFor(waiting, LevelInfo, ActCopyPath, outer.id,
		fmt.Sprintf("copying path '%s' from '%s'", g.printed(), sub.From), g.printed(), sub.From, "local")
	var transfer activity
	if sub.URL != "" {
		transfer = o.start(LevelTalkative, ActFileTransfer, path.id, fmt.Sprintf("downloading '%s'", sub.URL), sub.URL)
	}
	moved = func(done, total int64) {
		if transfer.id != 0 {
			transfer.report(ResProgress, done, total, int64(0), int64(0))
		}
		if total > 0 && sub.NarSize > 0 {
			done, total = int64(float64(done)/float64(total)*float64(sub.NarSize)), sub.NarSize
		}
		path.report(ResProgress, done, total, int64(0), int64(0))
	}
	return moved, func() {
		transfer.stop()
		path.stop()
		outer.stop()
	}
}
