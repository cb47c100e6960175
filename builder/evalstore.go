package builder

import (
	"context"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// EvalStore is where evaluation has put derivations and sources, if that is not the
// store that is built in. Sources are copied when a build needs them; derivations
// stay where they are.
type EvalStore interface {
	IsValid(ctx context.Context, p store.Path) (bool, error)
	ReadDerivation(p store.Path) (*drv.Derivation, error)
	AddTempRoot(ctx context.Context, p store.Path) error

	// Bring copies those of the paths that it has, with what they refer to, to the
	// store that is built in.
	Bring(ctx context.Context, paths []store.Path) error
}

// inEvalStore says whether p is there.
func (w *Worker) inEvalStore(ctx context.Context, p store.Path) (bool, error) {
	if w.EvalStore == nil {
		return false, nil
	}
	return w.EvalStore.IsValid(ctx, p)
}

// hasDerivation says whether a derivation is in one of the stores.
func (w *Worker) hasDerivation(ctx context.Context, p store.Path) (bool, error) {
	if ok, err := w.inEvalStore(ctx, p); ok || err != nil {
		return ok, err
	}
	return w.Store.IsValid(ctx, p)
}

// readDerivation reads one from either store: those that were resolved are in Store.
func (w *Worker) readDerivation(p store.Path) (*drv.Derivation, error) {
	if ok, err := w.inEvalStore(context.Background(), p); err != nil {
		return nil, err
	} else if ok {
		return w.EvalStore.ReadDerivation(p)
	}
	return w.Store.ReadDerivation(p)
}

// holdDerivation keeps a derivation from being collected.
func (w *Worker) holdDerivation(ctx context.Context, p store.Path) error {
	if ok, err := w.inEvalStore(ctx, p); err != nil {
		return err
	} else if ok {
		return w.EvalStore.AddTempRoot(ctx, p)
	}
	return w.Store.AddTempRoot(ctx, p)
}
