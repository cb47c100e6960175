package cmd

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// targetArgs are the flags of commands that look at store paths which may have to
// be evaluated and built first.
type targetArgs struct {
	flags      *settingsFlags
	eval       *evalFlags
	derivation bool
}

func (t *targetArgs) add(c *cobra.Command) {
	t.flags = addBuildSettingsFlags(c)
	t.eval = addEvalFlags(c, t.flags)
	t.eval.addSources(c)
	t.eval.talk = addTalkFlags(c, false)
	c.Flags().BoolVar(&t.derivation, "derivation", false, "take the derivations of the arguments instead of their outputs")
}

// with calls f with the store that the command works on and the store path of
// each argument. In binary caches arguments must be store paths.
func (t *targetArgs) with(c *cobra.Command, env *Env, args []string, f func(ctx context.Context, src store.Source, paths []store.Path) error) error {
	ctx := c.Context()
	s, err := t.flags.load(env)
	if err != nil {
		return err
	}
	if uri := firstOf(t.eval.store, s.String("store")); isCache(uri) {
		st := newStores(env, s, local.Warn)
		defer st.Close()
		src, err := st.open(ctx, uri)
		if err != nil {
			return err
		}
		which := pathArgs{derivation: t.derivation}
		paths, err := which.paths(ctx, env, src, args)
		if err != nil {
			return err
		}
		return f(ctx, src, paths)
	}
	t.eval.lookAt(args)
	e, err := t.eval.openWith(ctx, env, readWrite, s)
	if err != nil {
		return err
	}
	if e.store == nil {
		return withClose(usageErrorf("the store '%s' holds no paths", t.eval.store), e)
	}
	paths, err := t.paths(ctx, e, args)
	if err == nil {
		err = f(ctx, e.store, paths)
	}
	return withClose(err, e)
}

// paths evaluates and builds what the arguments stand for.
func (t *targetArgs) paths(ctx context.Context, e *evaluation, args []string) ([]store.Path, error) {
	targets, err := e.installables(t.eval, args)
	if err == nil {
		err = e.flush(ctx)
	}
	if err != nil {
		return nil, err
	}
	var paths []store.Path
	if t.derivation {
		for _, target := range targets {
			p := target.Drv
			if p.IsZero() {
				p = target.Path
			}
			if !p.IsDerivation() {
				if p, err = deriverOf(ctx, e.store, p); err != nil {
					return nil, err
				}
			}
			paths = append(paths, p)
		}
		return paths, nil
	}
	if slices.ContainsFunc(targets, func(t builder.Target) bool { return !t.Drv.IsZero() }) {
		b, err := e.session()
		if err != nil {
			return nil, err
		}
		results, err := b.build(ctx, targets, builder.Normal)
		b.ui.stop()
		if err != nil {
			return nil, err
		}
		for _, r := range results {
			if r.Target.Drv.IsZero() {
				paths = append(paths, r.Target.Path)
			}
			for _, name := range sortedNames(r.Outputs) {
				paths = append(paths, r.Outputs[name])
			}
		}
		return paths, nil
	}
	for _, target := range targets {
		paths = append(paths, target.Path)
	}
	return paths, nil
}
