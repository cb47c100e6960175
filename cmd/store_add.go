package cmd

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

type storeAddFlags struct {
	name, mode string
	algo       algoFlag
	dryRun     bool
}

func (f *storeAddFlags) add(c *cobra.Command, env *Env) {
	settings := addSettingsFlags(c)
	c.Args = cobra.ExactArgs(1)
	c.Flags().StringVarP(&f.name, "name", "n", "", "`NAME` of the store path; otherwise the file's")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the path without adding anything")
	c.RunE = func(c *cobra.Command, args []string) error {
		method, err := store.ParseMethod(f.mode)
		if err != nil {
			return usageErrorf("%w", err)
		}
		return withSource(c, env, settings, func(ctx context.Context, src store.Source) error {
			s, ok := src.(store.Adder)
			if !ok {
				return fmt.Errorf("nothing can be added to '%s'", src.URI())
			}
			return f.run(ctx, env, s, args[0], method)
		})
	}
}

func (f *storeAddFlags) run(ctx context.Context, env *Env, s store.Adder, file string, method store.Method) error {
	full := env.abs(file)
	name := firstOf(f.name, filepath.Base(full))
	to := s
	if f.dryRun {
		to = store.Compute{Dir: s.StoreDir()}
	}
	algo := f.algo.algo
	if algo == 0 {
		algo = hash.SHA256
	}
	p, err := to.AddTree(ctx, name, method, algo, func(w io.Writer) error { return nar.DumpPath(w, full, nil) }, nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.Stdout, s.StoreDir().Format(p))
	return nil
}

func newStoreAddCmd(env *Env) *cobra.Command {
	f := &storeAddFlags{mode: "nar"}
	c := &cobra.Command{
		Use:   "add FILE",
		Short: "Copy a file or directory to the store",
		Example: `  gonix store add ./src
  gonix store add --mode flat --hash-algo sha1 ./source.tar.gz`,
	}
	f.add(c, env)
	c.Flags().StringVar(&f.mode, "mode", f.mode, "`METHOD` of the content address: flat, nar, text or git")
	c.Flags().Var(&f.algo, "hash-algo", "hash `ALGO`rithm of the content address")
	return c
}

func newStoreAddFileCmd(env *Env) *cobra.Command {
	f := &storeAddFlags{mode: "flat"}
	c := &cobra.Command{
		Use:     "add-file FILE",
		Short:   "Copy a regular file to the store (same as add --mode flat)",
		Example: `  gonix store add-file ./source.tar.gz`,
	}
	f.add(c, env)
	return c
}

func newStoreAddPathCmd(env *Env) *cobra.Command {
	f := &storeAddFlags{mode: "nar"}
	c := &cobra.Command{
		Use:     "add-path FILE",
		Short:   "Copy a file or directory to the store (same as add)",
		Example: `  gonix store add-path --name source ./src`,
	}
	f.add(c, env)
	return c
}
