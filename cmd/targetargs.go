package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// targetArgs are the flags of commands that look at store paths which may have to
// be evaluated and built first.
type targetArgs struct {
	flags      *settingsFlags
	eval       *evalFlags
	derivation bool

	// What paths came to be of outputs: set before they are handed over.
	realised []*store.Realisation
}

func (t *targetArgs) add(env *Env, c *cobra.Command) {
	t.flags = addBuildSettingsFlags(c)
	t.eval = addEvalFlags(c, t.flags)
	t.eval.addSources(c)
	t.eval.talk = addTalkFlags(env, c, false)
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

// orWhole is the arguments, or all that --file or --expr evaluates to.
func (t *targetArgs) orWhole(args []string) []string {
	if len(args) == 0 && (t.eval.file != "" || t.eval.expr != "") {
		return []string{""}
	}
	return args
}

// paths evaluates and builds what the arguments stand for.
func (t *targetArgs) paths(ctx context.Context, e *evaluation, args []string) ([]store.Path, error) {
	targets, err := e.installables(t.eval, t.orWhole(args))
	if err == nil {
		err = e.finish(ctx)
	}
	if err != nil {
		return nil, err
	}
	var paths []store.Path
	if t.derivation {
		for _, target := range targets {
			p, err := derivationOf(ctx, e.store, target)
			if err != nil {
				return nil, err
			}
			paths = append(paths, p)
		}
		return paths, nil
	}
	if slices.ContainsFunc(targets, func(t builder.Target) bool { return !t.Drv.IsZero() }) {
		results, err := e.build(ctx, targets...)
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
			if r.Target.Drv.IsZero() {
				continue
			}
			known, err := e.realisations(ctx, e.store, r.Target.Drv, r.Target.Outputs)
			if err != nil {
				return nil, err
			}
			for _, name := range sortedNames(known) {
				t.realised = append(t.realised, known[name])
			}
		}
		return paths, nil
	}
	for _, target := range targets {
		paths = append(paths, target.Path)
	}
	return paths, nil
}

// derivationOf is the derivation of a target, or the one that made it.
func derivationOf(ctx context.Context, s store.Source, t builder.Target) (store.Path, error) {
	switch {
	case !t.Drv.IsZero():
		return t.Drv, nil
	case t.Path.IsDerivation():
		return t.Path, nil
	}
	return deriverOf(ctx, s, t.Path)
}

// mustEvaluate says whether some arguments are more than store paths and links.
func (t *targetArgs) mustEvaluate(env *Env, dir store.Dir, args []string) bool {
	return t.derivation || t.eval.file != "" || t.eval.expr != "" || slices.ContainsFunc(args, func(a string) bool {
		if strings.Contains(a, "/") {
			return strings.Contains(a, "#")
		}
		_, err := followToStore(env, dir, a)
		return err != nil
	})
}

// planned evaluates the arguments and gives the paths that they will have, or have in
// src, without building anything.
func (t *targetArgs) planned(ctx context.Context, env *Env, s *settings.Settings, src store.Source, args []string) ([]string, error) {
	t.eval.lookAt(args)
	e, err := t.eval.openWith(ctx, env, readWrite, s)
	if err != nil {
		return nil, err
	}
	if e.store == nil {
		return nil, withClose(usageErrorf("the store '%s' holds no paths", t.eval.store), e)
	}
	targets, err := e.installables(t.eval, t.orWhole(args))
	if err == nil {
		err = e.flush(ctx)
	}
	var names []string
	for _, target := range targets {
		if err != nil {
			break
		}
		outs := map[string]store.Path{"": target.Path}
		if t.derivation {
			if outs[""], err = derivationOf(ctx, e.store, target); err != nil {
				break
			}
		} else if !target.Drv.IsZero() {
			var realised []*store.Realisation
			outs, realised, err = e.outputsAt(ctx, src, target)
			t.realised = append(t.realised, realised...)
		}
		if err == nil && len(outs) == 0 {
			err = fmt.Errorf("the outputs of '%s' are not known before it is built", e.storeDir().Format(target.Drv))
		}
		for _, name := range sortedNames(outs) {
			names = append(names, e.storeDir().Format(outs[name]))
		}
	}
	return names, withClose(err, e)
}
