package builder

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"gonix.dev/gonix/builder/sandbox"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// Worker makes targets in one store. Its exported fields must not change after
// the first call of Build, which may be called by several goroutines.
type Worker struct {
	Store       Store
	Settings    Settings
	Observe     Observer    // nil drops all events
	Substituter Substituter // nil if there is none
	EvalStore   EvalStore   // has derivations that Store has not; nil if there is none

	// Sign adds signatures to a path that was built; nil adds none.
	Sign func(*store.PathInfo) error
	// SignRealisation adds signatures to what an output came to be; nil adds none.
	SignRealisation func(*store.Realisation)
	// Optimise replaces files of a path by hard links; nil does not.
	Optimise func(context.Context, store.Path) error

	// AutoGC starts a garbage collection beside the builds if room is scarce; it
	// is called about once a second. Nil does not.
	AutoGC func(context.Context) error

	users     []sandbox.User // build users, once they have been looked up
	noCgroups sync.Once      // the user was told that there are none
	refs      refGraph

	mu     sync.Mutex
	hasher *drv.RealisationHasher
	infos  map[store.Path]*store.PathInfo // of valid paths, which do not change
	good   map[store.Path]bool            // whether contents are right, in repairs
}

// Outcome sums up a call of Build.
type Outcome struct {
	Results []Result // one for each target, in order

	// What kinds of failure there were, for the exit status.
	PermanentFailure, TimedOut, HashMismatch, CheckMismatch bool
}

// ExitCode is Nix's exit status for the failures: 1, or 100 to 111.
func (o *Outcome) ExitCode() int {
	mask := 0
	if o.PermanentFailure || o.TimedOut || o.HashMismatch {
		mask |= 0x04
	}
	if o.TimedOut {
		mask |= 0x01
	}
	if o.HashMismatch {
		mask |= 0x02
	}
	if o.CheckMismatch {
		mask |= 0x08
	}
	if mask == 0 {
		return 1
	}
	return mask | 0x60
}

// Err is nil if everything worked, the failure if there is just one (which the
// observer may have been told, see Failure), and otherwise an error that names the
// targets that failed. Other failures have been told to the observer.
func (o *Outcome) Err(dir store.Dir, observe Observer) error {
	var first error
	var told *Failure
	var failed []string
	for _, r := range o.Results {
		if r.Status.OK() {
			continue
		}
		name := r.Target.Path
		if name.IsZero() {
			name = r.Target.Drv
		}
		failed = append(failed, "'"+dir.Format(name)+targetSuffix(r.Target)+"'")
		var f *Failure
		if r.Err == nil || errors.As(r.Err, &f) && (f.Status == Cancelled || f.Told) {
			if f != nil && f.Told {
				told = f
			}
			continue
		}
		if first == nil {
			first = r.Err
		} else {
			observe.fail(r.Err)
		}
	}
	failed = sortedSet(failed)
	switch {
	case len(failed) == 0:
		return nil
	case len(failed) == 1 && told != nil:
		return told
	case len(failed) == 1 && first != nil:
		return first
	}
	if first != nil {
		observe.fail(first)
	}
	list := ""
	for i, f := range failed {
		if i > 0 {
			list += ", "
		}
		list += f
	}
	return fmt.Errorf("build of %s failed", list)
}

// targetSuffix names the outputs as in `path.drv^out,dev`.
func targetSuffix(t Target) string {
	if t.Drv.IsZero() {
		return ""
	}
	if t.Outputs == nil {
		return "^*"
	}
	s := "^"
	for i, o := range sortedSet(t.Outputs) {
		if i > 0 {
			s += ","
		}
		s += o
	}
	return s
}

// info is what the store knows of a valid path.
func (w *Worker) info(ctx context.Context, p store.Path) (*store.PathInfo, error) {
	w.mu.Lock()
	i := w.infos[p]
	w.mu.Unlock()
	if i != nil {
		return i, nil
	}
	i, err := w.Store.QueryPathInfo(ctx, p)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.infos == nil {
		w.infos = map[store.Path]*store.PathInfo{}
	}
	w.infos[p] = i
	return i, nil
}
