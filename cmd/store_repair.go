package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store/local"
)

func newStoreRepairCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "repair PATH...",
		Short: "Make store paths anew whose contents are wrong",
		Long: `Make store paths anew whose contents are not what the store knows them to be: from a
binary cache, or else by building them.`,
		Example: `  gonix store verify --all
  gonix store repair /nix/store/...-hello-2.10`,
		Args: cobra.MinimumNArgs(1),
	}
	flags := addBuildSettingsFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		set, err := flags.load(env)
		if err != nil {
			return err
		}
		return withStore(c, env, flags, func(ctx context.Context, s *local.Store) error {
			infos, err := storePathArgs(ctx, env, s, args, false, false)
			if err != nil {
				return err
			}
			r, err := newBuildSession(env, set, s, talkFlags{printLogs: true, legacy: true, verbosity: builder.LevelInfo})
			if err != nil {
				return err
			}
			defer r.Close()
			for _, i := range infos {
				if err := r.Repair(ctx, i.Path); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return c
}
