package builder

import (
	"context"
	"errors"
	"fmt"
	"os"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// contentsGood says whether a valid path has the contents it was registered with.
func (w *Worker) contentsGood(ctx context.Context, p store.Path) (bool, error) {
	w.mu.Lock()
	good, known := w.good[p]
	w.mu.Unlock()
	if known {
		return good, nil
	}
	printed := w.Store.StoreDir().Format(p)
	w.Observe.message(LevelInfo, fmt.Sprintf("checking path '%s'...", printed))
	info, err := w.info(ctx, p)
	if err != nil {
		return false, err
	}
	h := hash.New(hash.SHA256)
	err = nar.DumpPath(h, w.Store.RealDir()+"/"+p.String(), nil)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	good = err == nil && h.Sum() == info.NarHash
	if !good {
		w.Observe.message(LevelError, fmt.Sprintf("path '%s' is corrupted or missing!", printed))
	}
	w.setContentsGood(p, good)
	return good, nil
}

func (w *Worker) setContentsGood(p store.Path, good bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.good == nil {
		w.good = map[store.Path]bool{}
	}
	w.good[p] = good
	delete(w.infos, p)
	w.refs.forget(p)
}

// repairClosure looks at everything that intact outputs refer to, and repairs it
// by the derivations that made it.
func (g *drvGoal) repairClosure() {
	l, w := g.l, g.l.w
	own := map[store.Path]bool{}
	var roots []store.Path
	for _, o := range g.outputs {
		own[o.known] = true
		if g.isWanted(o.Name) {
			roots = append(roots, o.known)
		}
	}
	var inputs []store.Path
	outputs, err := w.closure(l.ctx, roots)
	if err == nil {
		inputs, err = w.closure(l.ctx, paths1(g.path))
	}
	maker := map[store.Path]store.Path{}
	for _, p := range inputs {
		if err != nil || !p.IsDerivation() {
			continue
		}
		d, e := w.Store.ReadDerivation(p)
		if err = e; e == nil {
			for _, o := range d.Outputs {
				maker[o.Path] = p
			}
		}
	}
	for _, p := range store.SortPaths(outputs) {
		if err != nil || own[p] {
			continue
		}
		var good bool
		if good, err = w.contentsGood(l.ctx, p); err != nil || good {
			continue
		}
		w.Observe.message(LevelError, fmt.Sprintf("found corrupted or missing path '%s' in the output closure of '%s'", g.dir().Format(p), g.printed()))
		if d, ok := maker[p]; ok {
			g.waitFor(&l.derivation(d, nil, Repair).goal)
		} else {
			g.waitFor(&l.path(p).goal)
		}
	}
	if err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	}
	g.await(func() {
		if g.failed > 0 {
			g.fail(MiscFailure, "some paths in the output closure of derivation '%s' could not be repaired", g.printed())
			return
		}
		g.succeed(AlreadyValid)
	})
}
