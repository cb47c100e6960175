package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// Realiser makes paths valid by substituting and building them.
type Realiser interface {
	// Realise makes paths valid: all outputs of a derivation, any other path
	// itself.
	Realise(ctx context.Context, paths []store.Path) error
	// Repair makes a damaged path anew.
	Repair(ctx context.Context, path store.Path) error
}

// newRealiser returns the realiser for a store. It talks as Nix's old tools do.
func newRealiser(env *Env, s *settings.Settings, st *local.Store) (Realiser, error) {
	return newBuildSession(env, s, st, talkFlags{printLogs: true, legacy: true, verbosity: builder.LevelInfo})
}

// Realise is that of Realiser.
func (b *buildSession) Realise(ctx context.Context, paths []store.Path) error {
	_, err := b.build(ctx, targetsOf(paths), builder.Normal)
	return err
}

// Repair is that of Realiser: it substitutes the path, or builds it again from
// the derivation that made it.
func (b *buildSession) Repair(ctx context.Context, p store.Path) error {
	if b.worker.Substituter != nil {
		sub := b.worker.Substituter.(cacheSubstituter)
		var ca store.ContentAddress // what is valid here is so under its own name
		if found, err := sub.sub.Query(ctx, p, ca); err == nil && found != nil {
			if err := sub.sub.Substitute(ctx, p, ca, repairing{b.local}, nil); err == nil {
				return nil
			}
		}
	}
	info, err := b.store.QueryPathInfo(ctx, p)
	if err != nil {
		return err
	}
	if !info.Deriver.IsZero() {
		if ok, err := b.store.IsValid(ctx, info.Deriver); err != nil {
			return err
		} else if ok {
			_, err := b.build(ctx, targetsOf([]store.Path{info.Deriver}), builder.Repair)
			return err
		}
	}
	return fmt.Errorf("cannot repair path '%s'", b.store.StoreDir().Format(p))
}

// evalRealiser lets an evaluation build what it imports.
type evalRealiser struct {
	session func() (*buildSession, error)
	flush   func(context.Context) error
	dir     store.Dir
	// bring copies what was built to where the evaluation can read it; nil if it is
	// there.
	bring func(context.Context, []store.Path) error
}

// Realise implements eval.Realiser.
func (r *evalRealiser) Realise(ctx context.Context, elems []*eval.ContextElem) (map[*eval.ContextElem]string, error) {
	if r.flush != nil {
		if err := r.flush(ctx); err != nil {
			return nil, err
		}
	}
	b, err := r.session()
	if err != nil {
		return nil, err
	}
	var targets []builder.Target
	var of []*eval.ContextElem
	for _, e := range elems {
		if e.Base != nil {
			return nil, errors.New("outputs of dynamic derivations cannot be built during evaluation")
		}
		p, err := r.dir.Parse(e.Path)
		if err != nil {
			return nil, err
		}
		t := builder.Target{Path: p}
		if e.Kind == eval.ContextOutput {
			t = builder.Target{Drv: p, Outputs: []string{e.Output}}
		}
		targets, of = append(targets, t), append(of, e)
	}
	results, err := b.build(ctx, targets, builder.Normal)
	if err != nil {
		var exit *exitError
		if errors.As(err, &exit) {
			err = exit.Err
		}
		return nil, err
	}
	paths := map[*eval.ContextElem]string{}
	var built []store.Path
	for i, e := range of {
		if e.Kind == eval.ContextOutput {
			built = append(built, results[i].Outputs[e.Output])
			paths[e] = r.dir.Format(results[i].Outputs[e.Output])
		}
	}
	if r.bring != nil {
		if err := r.bring(ctx, built); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// repairing is a store in which paths that are added replace those that are there.
type repairing struct{ *local.Store }

func (r repairing) AddToStore(ctx context.Context, info *store.PathInfo, nar io.Reader, opts store.AddOptions) error {
	opts.Repair = true
	return r.Store.AddToStore(ctx, info, nar, opts)
}
