package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/local"
)

func newStoreCopyLogCmd(env *Env) *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use:   "copy-log PATH...",
		Short: "Copy build logs from one store to another",
		Example: `  gonix store copy-log --to file:///var/cache ./result
  gonix store copy-log --from https://cache.nixos.org '/nix/store/...-hello.drv^*'`,
		Args: cobra.MinimumNArgs(1),
	}
	c.Flags().StringVar(&from, "from", "", "copy from the store at `URI`")
	c.Flags().StringVar(&to, "to", "", "copy to the store at `URI`")
	conf := addBuildSettingsFlags(c)
	f := addEvalFlags(c, conf)
	f.addSources(c)
	f.talk = addTalkFlags(env, c, false)
	c.RunE = func(c *cobra.Command, args []string) error {
		if (from == "") == (to == "") {
			return usageErrorf("you must pass one of '--from' and '--to'")
		}
		e, err := f.open(c.Context(), env, readWrite)
		if err != nil {
			return err
		}
		if e.store == nil {
			return withClose(usageErrorf("the store '%s' has no logs", f.store), e)
		}
		return withClose(copyLogs(c.Context(), e, f, from, to, args), e)
	}
	return c
}

func copyLogs(ctx context.Context, e *evaluation, f *evalFlags, from, to string, args []string) error {
	st := newStores(e.env, e.settings, local.Warn)
	defer st.Close()
	uri := firstOf(from, to)
	if !isCache(uri) {
		return usageErrorf("'%s' is not a binary cache", uri)
	}
	at, err := st.openCache(uri)
	if err != nil {
		return err
	}
	targets, err := e.installables(f, args)
	if err != nil {
		return err
	}
	for _, t := range targets {
		p, err := logOf(ctx, e.store, at, t)
		if err != nil {
			return err
		}
		name := e.storeDir().Format(p)
		if to == "" {
			log, err := at.BuildLog(ctx, p)
			if isInvalidPath(err) {
				return fmt.Errorf("build log of '%s' is not available", name)
			}
			if err == nil {
				err = e.store.AddLog(p, log)
			}
			if err != nil {
				return err
			}
			continue
		}
		r, err := e.store.OpenLog(ctx, p)
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("build log of '%s' is not available", name)
		}
		if err != nil {
			return err
		}
		log, err := io.ReadAll(r)
		r.Close()
		if err == nil {
			err = at.AddBuildLog(ctx, p, log)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// logOf is the derivation that a target's log belongs to.
func logOf(ctx context.Context, here *local.Store, there *cache.Cache, t builder.Target) (store.Path, error) {
	if !t.Drv.IsZero() {
		return t.Drv, nil
	}
	if t.Path.IsDerivation() {
		return t.Path, nil
	}
	p, err := deriverOf(ctx, here, t.Path)
	if isInvalidPath(err) {
		return deriverOf(ctx, there, t.Path)
	}
	return p, err
}
