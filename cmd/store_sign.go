package cmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/closure"
	"gonix.dev/gonix/store/local"
)

// pathArgs are the flags that say which store paths a command is about.
type pathArgs struct {
	all, recursive, stdin, derivation bool
}

// add registers the flags. Nix calls the closure recursive.
func (a *pathArgs) add(c *cobra.Command) {
	c.Flags().BoolVar(&a.all, "all", false, "take every path of the store")
	c.Flags().BoolVarP(&a.recursive, "recursive", "r", false, "take the closures of the paths")
	c.Flags().BoolVar(&a.stdin, "stdin", false, "read more paths from standard input")
	c.Flags().BoolVar(&a.derivation, "derivation", false, "take the derivations of the paths instead of themselves")
}

// lister is a store that knows all its paths.
type lister interface {
	AllValid(ctx context.Context) ([]store.Path, error)
}

// paths finds the store paths that the arguments name in src.
func (a *pathArgs) paths(ctx context.Context, env *Env, src store.Source, args []string) ([]store.Path, error) {
	if a.all {
		if len(args) > 0 {
			return nil, usageErrorf("'--all' does not expect arguments")
		}
		l, ok := src.(lister)
		if !ok {
			return nil, fmt.Errorf("'%s' cannot list all its paths", src.URI())
		}
		return l.AllValid(ctx)
	}
	if a.stdin {
		text, err := io.ReadAll(env.Stdin)
		if err != nil {
			return nil, err
		}
		args = append(args, strings.Fields(string(text))...)
	}
	paths, err := storePaths(env, src, args)
	if err != nil {
		return nil, err
	}
	if a.derivation {
		for i, p := range paths {
			if p.IsDerivation() {
				continue
			}
			if paths[i], err = deriverOf(ctx, src, p); err != nil {
				return nil, err
			}
		}
	}
	if a.recursive {
		set, err := closure.Compute(ctx, src, paths)
		if err != nil {
			return nil, err
		}
		return set.Sorted()
	}
	return paths, nil
}

// deriverOf is the derivation that made a path.
func deriverOf(ctx context.Context, src store.Source, p store.Path) (store.Path, error) {
	info, err := src.QueryPathInfo(ctx, p)
	if err != nil {
		return store.Path{}, err
	}
	if info.Deriver.IsZero() {
		return store.Path{}, fmt.Errorf("'%s' does not have a known deriver", src.StoreDir().Format(p))
	}
	return info.Deriver, nil
}

// signer is a store that signatures can be added to.
type signer interface {
	AddSignatures(ctx context.Context, p store.Path, sigs []string) error
}

func newStoreSignCmd(env *Env) *cobra.Command {
	var keyFile string
	var which pathArgs
	var flags *settingsFlags
	c := &cobra.Command{
		Use:   "sign -k FILE PATH...",
		Short: "Sign store paths with a secret key",
		Example: `  gonix store sign --key-file key.secret -r ./result
  gonix store sign -k key.secret --all`,
		RunE: func(c *cobra.Command, args []string) error {
			if keyFile == "" {
				return usageErrorf("you must specify a secret key file using '-k'")
			}
			s, err := flags.load(env)
			if err != nil {
				return err
			}
			key, err := secretKey(env, keyFile)
			if err != nil {
				return err
			}
			st := newStores(env, s, local.Warn)
			defer st.Close()
			src, err := st.openDefault(c.Context())
			if err != nil {
				return err
			}
			to, ok := src.(signer)
			if !ok {
				return fmt.Errorf("'%s' takes no signatures", src.URI())
			}
			paths, err := which.paths(c.Context(), env, src, args)
			if err != nil {
				return err
			}
			signed := 0
			for _, p := range paths {
				info, err := src.QueryPathInfo(c.Context(), p)
				if err != nil {
					return err
				}
				text, err := info.Fingerprint(src.StoreDir())
				if err != nil {
					return err
				}
				sig := key.Sign(text)
				if !slices.Contains(info.Sigs, sig) {
					if err := to.AddSignatures(c.Context(), p, []string{sig}); err != nil {
						return err
					}
					signed++
				}
			}
			fmt.Fprintf(env.Stderr, "added %d signatures\n", signed)
			return nil
		},
	}
	c.Flags().StringVarP(&keyFile, "key-file", "k", "", "the `FILE` with the secret key")
	which.add(c)
	flags = addSettingsFlags(c)
	return c
}

func newStoreCopySigsCmd(env *Env) *cobra.Command {
	var from []string
	var which pathArgs
	var flags *settingsFlags
	c := &cobra.Command{
		Use:     "copy-sigs -s URI PATH...",
		Short:   "Take over signatures of store paths from other stores",
		Example: `  gonix store copy-sigs -s https://cache.nixos.org -r ./result`,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := flags.load(env)
			if err != nil {
				return err
			}
			if len(from) == 0 {
				return usageErrorf("you must specify at least one substituter using '-s'")
			}
			st := newStores(env, s, local.Warn)
			defer st.Close()
			dst, err := st.openDefault(c.Context())
			if err != nil {
				return err
			}
			to, ok := dst.(signer)
			if !ok {
				return fmt.Errorf("'%s' takes no signatures", dst.URI())
			}
			paths, err := which.paths(c.Context(), env, dst, args)
			if err != nil {
				return err
			}
			added := 0
			for _, uri := range from {
				src, err := st.open(c.Context(), uri)
				if err != nil {
					return err
				}
				for _, p := range paths {
					n, err := copySigs(c.Context(), src, dst, to, p)
					if err != nil {
						return err
					}
					added += n
				}
			}
			fmt.Fprintf(env.Stderr, "imported %d signatures\n", added)
			return nil
		},
	}
	c.Flags().StringArrayVarP(&from, "substituter", "s", nil, "take signatures from the store at `URI`")
	which.add(c)
	flags = addSettingsFlags(c)
	return c
}

// copySigs adds the signatures of src's p that dst does not have. Only those that
// are over the very same contents are of use.
func copySigs(ctx context.Context, src, dst store.Source, to signer, p store.Path) (int, error) {
	theirs, err := src.QueryPathInfo(ctx, p)
	if isInvalidPath(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ours, err := dst.QueryPathInfo(ctx, p)
	if err != nil {
		return 0, err
	}
	if theirs.NarHash != ours.NarHash || theirs.NarSize != ours.NarSize {
		return 0, nil
	}
	var sigs []string
	for _, sig := range theirs.Sigs {
		if !slices.Contains(ours.Sigs, sig) {
			sigs = append(sigs, sig)
		}
	}
	if len(sigs) == 0 {
		return 0, nil
	}
	return len(sigs), to.AddSignatures(ctx, p, sigs)
}
