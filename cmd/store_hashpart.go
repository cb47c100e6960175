package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store/local"
)

func newStorePathFromHashPartCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "path-from-hash-part HASH",
		Short:   "Print the store path with a given hash part",
		Example: `  gonix store path-from-hash-part 0i2jd68mp5g6h2sa5k9c85rb80sn8hi9`,
		Args:    cobra.ExactArgs(1),
	}
	flags := addSettingsFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withStore(c, env, flags, func(ctx context.Context, s *local.Store) error {
			p, err := s.QueryPathFromHashPart(ctx, args[0])
			if isInvalidPath(err) {
				return fmt.Errorf("there is no store path corresponding to '%s'", args[0])
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(env.Stdout, s.StoreDir().Format(p))
			return err
		})
	}
	return c
}
