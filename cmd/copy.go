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

// copyFlags are the flags of `gonix copy`.
type copyFlags struct {
	from, to    string
	noCheckSigs bool
	noClosure   bool
	substitute  bool
	dryRun      bool
	repair      bool
	outLink     string
	profile     string
	store       *string // of --store
}

func newCopyCmd(env *Env) *cobra.Command {
	var o copyFlags
	var which pathArgs
	var target targetArgs
	c := &cobra.Command{
		Use:   "copy [--from URI] [--to URI] INSTALLABLE...",
		Short: "Copy paths with all they need from one store to another",
		Long: `Copy the closures of paths from one store to another. Where no store is given
it is the one of the settings. What is copied from there may be anything that
gonix build takes, and is built if need be.

Stores are local (auto, /some/root, local?root=/some/root) or binary caches:
file:///dir, http(s)://host/dir, s3://bucket. What a cache is written with
stands after a question mark: compression (none, xz, zstd, bzip2, gzip, br),
compression-level, parallel-compression, secret-key, write-nar-listing,
narinfo-compression, ls-compression, log-compression.`,
		Example: `  gonix copy --to 'file:///var/cache?compression=zstd' ./result
  gonix copy --to s3://bucket -f ./examples greet
  gonix copy --from https://cache.nixos.org /nix/store/...-hello-2.10
  gonix copy --to s3://bucket?region=eu-west-1 --all`,
		RunE: func(c *cobra.Command, args []string) error {
			if o.from == "" && o.to == "" {
				return usageErrorf("you must pass '--from' and/or '--to'")
			}
			if len(args) == 0 && !which.all && !which.stdin && target.eval.file == "" && target.eval.expr == "" {
				return usageErrorf("say what to copy: paths, attributes with --file, or --all")
			}
			if o.from == "" && !which.all {
				if which.stdin {
					text, err := io.ReadAll(env.Stdin)
					if err != nil {
						return err
					}
					args = append(args, strings.Fields(string(text))...)
				}
				// The paths may have to be evaluated and built here first.
				return target.with(c, env, args, func(ctx context.Context, src store.Source, paths []store.Path) error {
					s, err := target.flags.load(&Env{Stderr: io.Discard, Getenv: env.Getenv, Dir: env.Dir})
					if err != nil {
						return err
					}
					st := newStores(env, s, local.Warn)
					defer st.Close()
					return o.run(ctx, env, st, src, paths, target.realised)
				})
			}
			s, err := target.flags.load(env)
			if err != nil {
				return err
			}
			st := newStores(env, s, local.Warn)
			defer st.Close()
			src, err := st.open(c.Context(), firstOf(o.from, target.eval.store, s.String("store")))
			if err != nil {
				return err
			}
			if target.eval.file != "" || target.eval.expr != "" || slices.ContainsFunc(args, target.eval.isFlake) {
				// What is named is evaluated here, but found there.
				if args, err = target.planned(c.Context(), env, s, src, args); err != nil {
					return err
				}
			}
			which.derivation = target.derivation
			paths, err := which.paths(c.Context(), env, src, args)
			if err != nil {
				return err
			}
			return o.run(c.Context(), env, st, src, paths, target.realised)
		},
	}
	c.Flags().StringVar(&o.from, "from", "", "copy from the store at `URI`")
	c.Flags().StringVar(&o.to, "to", "", "copy to the store at `URI`")
	c.Flags().BoolVar(&o.noCheckSigs, "no-check-sigs", false, "do not require that trusted keys have signed the paths")
	c.Flags().BoolVar(&o.noClosure, "no-recursive", false, "copy only the paths, not what they refer to")
	c.Flags().BoolVarP(&o.substitute, "substitute-on-destination", "s", false, "let the destination fetch paths from its substituters first")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "only show what would be copied")
	c.Flags().BoolVar(&o.repair, "repair", false, "replace paths that are there already")
	c.Flags().StringVarP(&o.outLink, "out-link", "o", "", "make symlinks `NAME` to the copied paths, as roots of the garbage collector")
	c.Flags().StringVar(&o.profile, "profile", "", "make the symlink `FILE` to the copied path, as a root")
	c.Flags().BoolVar(&which.all, "all", false, "take every path of the store")
	c.Flags().BoolVar(&which.stdin, "stdin", false, "read more paths from standard input")
	target.add(env, c)
	o.store = &target.eval.store
	return c
}

func (o *copyFlags) run(ctx context.Context, env *Env, st *stores, src store.Source, paths []store.Path, realised []*store.Realisation) error {
	dst, err := st.open(ctx, firstOf(o.to, *o.store, st.set.String("store")))
	if err != nil {
		return err
	}
	opts := closure.CopyOptions{
		NoCheckSigs: o.noCheckSigs, NoClosure: o.noClosure, DryRun: o.dryRun, Repair: o.repair,
		Realisations: realised,
	}
	if o.substitute {
		sub, err := st.substituter()
		if err != nil {
			return err
		}
		opts.Substitute = func(ctx context.Context, p store.Path) bool {
			var ca store.ContentAddress
			found, err := sub.Query(ctx, p, ca)
			return err == nil && found != nil && sub.Substitute(ctx, p, ca, dst, nil) == nil
		}
	}
	progress := newCopyProgress(env, src, dst)
	opts.Progress = progress.event
	missing, err := closure.Copy(ctx, src, dst, paths, opts)
	progress.finish()
	if err != nil {
		return err
	}
	if o.dryRun {
		var total int64
		for _, info := range missing {
			fmt.Fprintln(env.Stdout, src.StoreDir().Format(info.Path))
			total += info.NarSize
		}
		fmt.Fprintf(env.Stderr, "would copy %s, %s\n", count(len(missing), "path"), byteSize(total))
		return nil
	}
	return o.makeLinks(ctx, env, dst, paths)
}

// makeLinks makes the links of --out-link and --profile.
func (o *copyFlags) makeLinks(ctx context.Context, env *Env, dst store.Store, paths []store.Path) error {
	if o.outLink == "" && o.profile == "" {
		return nil
	}
	at, ok := dst.(*local.Store)
	if !ok {
		return usageErrorf("links can only be made to paths of a local store, not of '%s'", dst.URI())
	}
	if o.profile != "" {
		if len(paths) != 1 {
			return usageErrorf("'--profile' requires that the arguments produce a single store path, not %d", len(paths))
		}
		if err := at.AddPermRoot(ctx, paths[0], env.abs(o.profile)); err != nil {
			return err
		}
	}
	for i, p := range paths {
		if o.outLink == "" {
			break
		}
		link := env.abs(o.outLink)
		if i > 0 {
			link = fmt.Sprintf("%s-%d", link, i)
		}
		if err := at.AddPermRoot(ctx, p, link); err != nil {
			return err
		}
	}
	return nil
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// byteSize is a number of bytes for people.
func byteSize(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d %s", n, units[0])
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}
