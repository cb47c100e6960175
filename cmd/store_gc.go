package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store/local"
)

func newStoreGCCmd(env *Env) *cobra.Command {
	var dryRun bool
	var max string
	c := &cobra.Command{
		Use:   "gc",
		Short: "Delete what nothing needs",
		Example: `  gonix store gc
  gonix store gc --dry-run
  gonix store gc --max 10G`,
		Args: cobra.NoArgs,
	}
	flags := addSettingsFlags(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say how much would be deleted")
	c.Flags().StringVar(&max, "max", "", "stop after freeing `N` bytes (K, M, G, T)")
	c.RunE = func(c *cobra.Command, args []string) error {
		opts, err := gcOptions(max, dryRun, "--max")
		if err != nil {
			return err
		}
		return withStore(c, env, flags, func(ctx context.Context, s *local.Store) error {
			return collectOrCount(ctx, env, s, opts)
		})
	}
	return c
}

// gcOptions are the options of a collection with a limit or for counting.
func gcOptions(max string, dryRun bool, flag string) (opts local.GCOptions, err error) {
	if max != "" {
		if dryRun {
			return opts, usageErrorf("options %s and --dry-run cannot be combined", flag)
		}
		if opts.MaxFreed, err = parseCount(max); err != nil {
			return opts, err
		}
		opts.NoDelete = opts.MaxFreed <= 0
	}
	if dryRun {
		opts.Action = local.ReturnDead
	}
	return opts, nil
}

func collectOrCount(ctx context.Context, env *Env, s *local.Store, opts local.GCOptions) error {
	if opts.Action != local.ReturnDead {
		return collectAndReport(ctx, env, s, opts)
	}
	r, err := s.Collect(ctx, opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "%d store paths would be deleted\n", len(r.Paths))
	return nil
}

func newStoreDeleteCmd(env *Env) *cobra.Command {
	var ignoreLiveness, recursive, skipAlive, alsoReferrers bool
	c := &cobra.Command{
		Use:   "delete PATH...",
		Short: "Delete paths that nothing needs",
		Example: `  gonix store delete /nix/store/...-hello-2.10
  gonix store delete --recursive --skip-alive ./result`,
		Args: cobra.MinimumNArgs(1),
	}
	flags := addSettingsFlags(c)
	c.Flags().BoolVar(&ignoreLiveness, "ignore-liveness", false, "also delete what roots reach")
	c.Flags().BoolVarP(&recursive, "recursive", "r", false, "also what the paths refer to")
	c.Flags().BoolVar(&skipAlive, "skip-alive", false, "leave what is alive, without an error")
	c.Flags().BoolVar(&skipAlive, "skip-live", false, "")
	c.Flags().Lookup("skip-live").Hidden = true
	c.Flags().BoolVar(&alsoReferrers, "also-referrers", false, "also what refers to the paths")
	c.RunE = func(c *cobra.Command, args []string) error {
		return withStore(c, env, flags, func(ctx context.Context, s *local.Store) error {
			opts := local.GCOptions{Action: local.DeleteSpecific, IgnoreLiveness: ignoreLiveness, SkipAlive: skipAlive}
			infos, err := storePathArgs(ctx, env, s, args, false, recursive)
			if err != nil {
				return err
			}
			for _, i := range infos {
				opts.Paths = append(opts.Paths, i.Path)
			}
			if alsoReferrers {
				if opts.Paths, err = s.Closure(ctx, opts.Paths, local.ClosureOptions{Referrers: true}); err != nil {
					return err
				}
			}
			return collectAndReport(ctx, env, s, opts)
		})
	}
	return c
}

func newStoreOptimiseCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "optimise",
		Aliases: []string{"optimize"},
		Short:   "Replace equal files in the store by hard links",
		Example: `  gonix store optimise`,
		Args:    cobra.NoArgs,
	}
	flags := addSettingsFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withStore(c, env, flags, func(ctx context.Context, s *local.Store) error {
			return optimiseAndReport(ctx, env, s)
		})
	}
	return c
}
