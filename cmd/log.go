package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/local"
)

func newLogCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "log [INSTALLABLE]",
		Short: "Show the build log of a derivation or store path",
		Long: `Log prints what the builder of a derivation printed: from the store's own logs,
and else from binary caches that have it. An installable is as for gonix build.`,
		Example: `  gonix log ./result
  gonix log -f ./examples greet
  gonix log /nix/store/HASH-NAME.drv`,
		Args: cobra.MaximumNArgs(1),
	}
	conf := addSettingsFlags(c)
	f := addEvalFlags(c, conf)
	f.addSources(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		if len(args) == 0 {
			args = []string{""}
		}
		s, err := conf.load(env)
		if err != nil {
			return err
		}
		if uri := firstOf(f.store, s.String("store")); isCache(uri) {
			return showRemoteLog(ctx, env, s, uri, args[0])
		}
		e, err := f.openWith(ctx, env, readWrite, s)
		if err != nil {
			return err
		}
		if e.store == nil {
			return usageErrorf("the store '%s' has no logs", f.store)
		}
		targets, err := e.installables(f, args)
		if err != nil {
			return withClose(err, e)
		}
		if len(targets) != 1 {
			return withClose(usageErrorf("'%s' stands for %d derivations", args[0], len(targets)), e)
		}
		return withClose(e.showLog(ctx, targets[0]), e)
	}
	return c
}

func (e *evaluation) showLog(ctx context.Context, t builder.Target) error {
	p := t.Path
	if p.IsZero() {
		p = t.Drv
	}
	r, err := e.store.OpenLog(ctx, p)
	if err == nil {
		defer r.Close()
		_, err = io.Copy(e.env.Stdout, r)
		return err
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if log := e.cachedLog(ctx, p); log != nil {
		_, err = e.env.Stdout.Write(log)
		return err
	}
	return fmt.Errorf("build log of '%s' is not available", e.storeDir().Format(p))
}

// showRemoteLog prints a log that a binary cache has.
func showRemoteLog(ctx context.Context, env *Env, s *settings.Settings, uri, arg string) error {
	st := newStores(env, s, local.Warn)
	defer st.Close()
	c, err := st.openCache(uri)
	if err != nil {
		return err
	}
	p, err := followToStore(env, c.StoreDir(), arg)
	if err != nil {
		return err
	}
	log, err := c.BuildLog(ctx, p)
	if isInvalidPath(err) {
		return fmt.Errorf("build log of '%s' is not available", c.StoreDir().Format(p))
	}
	if err != nil {
		return err
	}
	_, err = env.Stdout.Write(log)
	return err
}

// cachedLog asks substituters for a log.
func (e *evaluation) cachedLog(ctx context.Context, p store.Path) []byte {
	st := newStores(e.env, e.settings, local.Warn)
	defer st.Close()
	sub, err := st.substituter()
	if err != nil {
		return nil
	}
	for _, o := range sub.Origins {
		read := func(context.Context, store.Path) ([]byte, error) { return nil, nil }
		switch o := o.(type) {
		case *cache.Cache:
			read = o.BuildLog
		case *cache.Neighbour:
			if src, err := o.Source(ctx); err != nil {
				continue
			} else if read = buildLogs(src); read == nil {
				continue
			}
		}
		if log, err := read(ctx, p); err == nil && log != nil {
			return log
		}
	}
	return nil
}
