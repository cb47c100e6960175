package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// isInvalidPath says whether an error is that of a path a store does not have.
func isInvalidPath(err error) bool {
	var invalid *store.InvalidPathError
	return errors.As(err, &invalid)
}

func newStoreInfoCmd(env *Env) *cobra.Command {
	var asJSON bool
	var flags *settingsFlags
	c := &cobra.Command{
		Use:     "info",
		Aliases: []string{"ping"},
		Short:   "Say whether a store can be reached",
		Example: `  gonix store info
  gonix store info --store https://cache.nixos.org`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := flags.load(env)
			if err != nil {
				return err
			}
			st := newStores(env, s, local.Warn)
			defer st.Close()
			at, err := st.openDefault(c.Context())
			if err != nil {
				return err
			}
			if reach, ok := at.(interface{ Init(context.Context) error }); ok {
				if err := reach.Init(c.Context()); err != nil {
					return err
				}
			}
			_, isLocal := at.(*local.Store)
			if asJSON {
				out := map[string]any{"url": at.URI()}
				if isLocal {
					out["version"], out["trusted"] = version, true
				}
				return json.NewEncoder(env.Stdout).Encode(out)
			}
			// Nix says it on standard error.
			fmt.Fprintf(env.Stderr, "Store URL: %s\n", at.URI())
			if isLocal {
				fmt.Fprintf(env.Stderr, "Version: %s\nTrusted: 1\n", version)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	flags = addSettingsFlags(c)
	return c
}
