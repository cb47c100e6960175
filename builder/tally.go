package builder

import (
	"slices"

	"gonix.dev/gonix/store"
)

// count is how far one kind of work is.
type count struct{ done, expected, running, failed int64 }

// tally is what the observer is told about a whole call of Build: Nix's three
// activities, how many builds and copies there are, and how much is downloaded.
type tally struct {
	whole, builds, copies activity
	build, copied         count
	download, unpack      int64 // bytes, of everything that caches have
}

func (t *tally) begin(o Observer) {
	t.whole = o.start(LevelError, ActRealise, 0, "")
	t.builds = o.start(LevelError, ActBuilds, 0, "")
	t.copies = o.start(LevelError, ActCopyPaths, 0, "")
}

func (t *tally) end() {
	t.copies.stop()
	t.builds.stop()
	t.whole.stop()
}

// report tells the observer how far everything is.
func (t *tally) report() {
	for _, r := range []struct {
		activity
		count
	}{{t.builds, t.build}, {t.copies, t.copied}} {
		r.report(ResProgress, r.done, r.expected, r.running, r.failed)
	}
	t.whole.report(ResSetExpected, int64(ActFileTransfer), t.download)
	t.whole.report(ResSetExpected, int64(ActCopyPath), t.unpack)
}

// makes says whether a path is an output of a derivation that is to be built.
func (l *loop) makes(drv, p store.Path) bool {
	g := l.drvs[drv]
	return g != nil && slices.ContainsFunc(g.outputs, func(o *output) bool { return o.known == p })
}

// awaitedBy is the way from what somebody asked for to the goal that waits for
// this one. There may be others; who came first is shown.
func (g *goal) awaitedBy() []store.Path {
	var up []store.Path
	for w := g; len(w.waiters) > 0 && len(up) < 1000; {
		w = w.waiters[0]
		up = append(up, w.of)
	}
	slices.Reverse(up)
	return up
}
