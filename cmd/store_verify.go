package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/local"
	"gonix.dev/gonix/store/sign"
)

// The bits of the exit status of store verify, as in Nix.
const (
	verifyCorrupted = 1 << iota
	verifyUntrusted
	verifyFailed
)

func newStoreVerifyCmd(env *Env) *cobra.Command {
	var all, recursive, noContents, noTrust bool
	var needed int
	c := &cobra.Command{
		Use:   "verify PATH...",
		Short: "Check contents and signatures of store paths",
		Long: `Check that store paths have the contents that were registered, and that they are
signed by trusted keys (or were built here, or are content-addressed).

The exit status has bit 1 if a path was modified, 2 if one is not trusted, and 4
if one could not be checked. To compare the whole database with the disk use
nix-store --verify.`,
		Example: `  gonix store verify --all
  gonix store verify -r --no-trust ./result
  gonix store verify -r --no-contents --sigs-needed 1 ./result`,
		Args: cobra.ArbitraryArgs,
	}
	flags := addSettingsFlags(c)
	c.Flags().BoolVar(&all, "all", false, "every valid path")
	c.Flags().BoolVarP(&recursive, "recursive", "r", false, "also what the paths refer to")
	c.Flags().BoolVar(&noContents, "no-contents", false, "do not check contents")
	c.Flags().BoolVar(&noTrust, "no-trust", false, "do not check signatures")
	c.Flags().IntVarP(&needed, "sigs-needed", "n", 0, "how many trusted keys `N` must have signed")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 && !all {
			return usageErrorf("'verify' requires at least one path\nTry 'gonix store verify --help'")
		}
		set, err := flags.load(env)
		if err != nil {
			return err
		}
		keys, err := sign.ParseKeys(set.Strings("trusted-public-keys"))
		if err != nil {
			return err
		}
		return withSource(c, env, flags, func(ctx context.Context, s store.Source) error {
			infos, err := storePathArgs(ctx, env, s, args, all, recursive)
			if err != nil {
				return err
			}
			v := pathVerifier{env: env, store: s, keys: keys, needed: needed, contents: !noContents, trust: !noTrust}
			return v.run(ctx, infos)
		})
	}
	return c
}

type pathVerifier struct {
	env             *Env
	store           store.Source
	keys            sign.Keys
	needed          int
	contents, trust bool

	mu     sync.Mutex
	status int
}

func (v *pathVerifier) run(ctx context.Context, infos []*store.PathInfo) error {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, i := range infos {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			v.path(ctx, i)
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	if v.status != 0 {
		return &exitError{Code: v.status}
	}
	return nil
}

func (v *pathVerifier) report(bit int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status |= bit
	printError(v.env, err)
}

func (v *pathVerifier) path(ctx context.Context, i *store.PathInfo) {
	name := v.store.StoreDir().Format(i.Path)
	if v.contents {
		w := hash.New(hash.SHA256)
		if err := v.store.NarFromPath(ctx, i.Path, w); err != nil {
			v.report(verifyFailed, err)
			return
		}
		if got := w.Sum(); got != i.NarHash {
			v.report(verifyCorrupted, fmt.Errorf("path '%s' was modified! expected hash '%s', got '%s'", name, i.NarHash, got))
		}
	}
	if v.trust && !v.trusted(i) {
		v.report(verifyUntrusted, fmt.Errorf("path '%s' is untrusted", name))
	}
}

// trusted follows Nix: what was built here needs no signature unless a number of
// them is asked for.
func (v *pathVerifier) trusted(i *store.PathInfo) bool {
	if i.Ultimate && v.needed == 0 || i.IsContentAddressed(v.store.StoreDir()) {
		return true
	}
	fp, err := i.Fingerprint(v.store.StoreDir())
	return err == nil && v.keys.Count(fp, i.Sigs) >= max(v.needed, 1)
}

func newStoreCatCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "cat PATH",
		Short:   "Print a file in the store",
		Example: `  gonix store cat ./result/share/doc/README`,
		Args:    cobra.ExactArgs(1),
	}
	flags := addSettingsFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withSource(c, env, flags, func(ctx context.Context, s store.Source) error {
			t, path, err := openStoreTree(ctx, env, s, args[0])
			if err != nil {
				return err
			}
			return catFile(env, t, path, args[0])
		})
	}
	return c
}

func newStoreLsCmd(env *Env) *cobra.Command {
	f := &lsFlags{}
	c := &cobra.Command{
		Use:   "ls PATH",
		Short: "List a directory in the store",
		Example: `  gonix store ls -l ./result
  gonix store ls --json -R /nix/store/...-hello-2.10`,
		Args: cobra.ExactArgs(1),
	}
	flags := addSettingsFlags(c)
	f.add(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withSource(c, env, flags, func(ctx context.Context, s store.Source) error {
			t, path, err := openStoreTree(ctx, env, s, args[0])
			if err != nil {
				return err
			}
			return f.list(env, t, path)
		})
	}
	return c
}

func newStoreDumpPathCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "dump-path PATH",
		Short:   "Write the NAR of a store path to standard output",
		Example: `  gonix store dump-path ./result > result.nar`,
		Args:    cobra.ExactArgs(1),
	}
	flags := addSettingsFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withSource(c, env, flags, func(ctx context.Context, s store.Source) error {
			infos, err := storePathArgs(ctx, env, s, args, false, false)
			if err != nil {
				return err
			}
			return s.NarFromPath(ctx, infos[0].Path, env.Stdout)
		})
	}
	return c
}

// openStoreTree finds the valid path that a file is in, and the file in it.
func openStoreTree(ctx context.Context, env *Env, s store.Source, name string) (fileTree, string, error) {
	p, below, err := followIntoStore(env, s.StoreDir(), name)
	if err != nil {
		return nil, "", err
	}
	at, ok := s.(*local.Store)
	if !ok {
		t, err := newRemoteTree(ctx, s, p)
		return t, below, err
	}
	valid, err := at.IsValid(ctx, p)
	if err != nil {
		return nil, "", err
	}
	if !valid {
		return nil, "", &store.InvalidPathError{Path: s.StoreDir().Format(p)}
	}
	return diskTree{root: at.RealPath(p), shown: at.StoreDir().Format(p)}, below, nil
}

var errNotRegular = errors.New("not a regular file")

// catFile prints a file of a tree; errors have the name that the user gave it.
func catFile(env *Env, t fileTree, path, shown string) error {
	h, err := t.lookup(path)
	if err != nil {
		return err
	}
	r, err := t.open(h)
	if errors.Is(err, errNotRegular) {
		return fmt.Errorf("path '%s' is not a regular file", shown)
	}
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(env.Stdout, r)
	return err
}
