package cmd

import (
	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// newNixHash is nix-hash.
func newNixHash(env *Env, name string) *cobra.Command {
	algo := &algoFlag{}
	e := hash.Base16
	var flat, truncate, convert bool
	var flags *settingsFlags
	c := &cobra.Command{
		Use:   name + " [FLAGS] PATH-OR-HASH...",
		Short: "Compute and convert cryptographic hashes",
		Example: `  ` + name + ` --type sha256 ./src
  ` + name + ` --to-base32 --type sha256 $(` + name + ` --type sha256 --flat file)`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       nixVersion,
		RunE: func(c *cobra.Command, args []string) error {
			if convert {
				return convertHashes(env, args, algo.algo, e)
			}
			if algo.algo == 0 {
				algo.algo = hash.MD5
			}
			method := store.Recursive
			if flat {
				method = store.Flat
			}
			return printHashes(env, flags, args, method, algo.algo, e, truncate)
		},
	}
	flags = addSettingsFlags(c)
	c.SetVersionTemplate(name + " (Nix) {{.Version}}\n")
	c.Flags().Var(algo, "type", "hash `ALGO`rithm: blake3, md5 (default), sha1, sha256 or sha512")
	c.Flags().BoolVar(&flat, "flat", false, "hash the contents of the file rather than its NAR")
	c.Flags().BoolVar(&truncate, "truncate", false, "fold the hash to 160 bits")
	encodingFlags(c, &e)
	for _, f := range []struct {
		name string
		e    hash.Encoding
	}{{"to-base16", hash.Base16}, {"to-base32", hash.Nix32}, {"to-base64", hash.Base64}, {"to-sri", hash.SRI}} {
		c.Flags().BoolFunc(f.name, "convert hashes to "+f.e.String(), func(string) error {
			convert, e = true, f.e
			return nil
		})
	}
	return c
}
