package cmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store/sign"
)

func newKeyCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "key",
		Short: "Make and convert keys that sign store paths",
	}
	var name string
	generate := &cobra.Command{
		Use:   "generate-secret --key-name NAME",
		Short: "Make a new secret key",
		Example: `  gonix key generate-secret --key-name cache.example.org-1 > key.secret
  gonix key convert-secret-to-public < key.secret`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if name == "" {
				return usageErrorf("give the key a name with '--key-name'")
			}
			k, err := sign.Generate(name)
			if err != nil {
				return usageErrorf("%w", err)
			}
			_, err = fmt.Fprint(env.Stdout, k.Text())
			return err
		},
	}
	generate.Flags().StringVar(&name, "key-name", "", "the key's `NAME`, such as cache.example.org-1")
	convert := &cobra.Command{
		Use:     "convert-secret-to-public",
		Short:   "Read a secret key and print its public key",
		Example: `  gonix key convert-secret-to-public < key.secret > key.public`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			text, err := io.ReadAll(io.LimitReader(env.Stdin, 64<<10))
			if err != nil {
				return err
			}
			k, err := sign.ParseSecretKey(string(text))
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(env.Stdout, k.Public())
			return err
		},
	}
	c.AddCommand(generate, convert)
	return c
}
