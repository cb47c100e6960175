package cmd

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

func newHashCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "hash",
		Short: "Compute and convert cryptographic hashes",
	}
	c.AddCommand(
		newHashPathCmd(env),
		newHashFileCmd(env),
		newHashConvertCmd(env),
		newHashToCmd(env, "to-base16", hash.Base16),
		newHashToCmd(env, "to-base32", hash.Nix32),
		newHashToCmd(env, "to-base64", hash.Base64),
		newHashToCmd(env, "to-sri", hash.SRI),
	)
	return c
}

// algoFlag and encodingFlag are flags with the values of package hash.
type algoFlag struct{ algo hash.Algo }

func (f *algoFlag) String() string {
	if f.algo == 0 {
		return ""
	}
	return f.algo.String()
}
func (f *algoFlag) Type() string { return "ALGO" }
func (f *algoFlag) Set(s string) (err error) {
	f.algo, err = hash.ParseAlgo(s)
	return err
}

type encodingFlag struct {
	env *Env
	e   hash.Encoding
	set bool
}

func (f *encodingFlag) String() string {
	if !f.set {
		return ""
	}
	return f.e.String()
}
func (f *encodingFlag) Type() string { return "FORMAT" }
func (f *encodingFlag) Set(s string) (err error) {
	if s == "base32" {
		warnf(f.env, `"base32" is a deprecated alias for hash format "nix32".`)
	}
	f.set = true
	f.e, err = hash.ParseEncoding(s)
	return err
}

// encodingFlags adds --sri, --base64 and so on.
func encodingFlags(c *cobra.Command, e *hash.Encoding) {
	for _, f := range []struct {
		name string
		e    hash.Encoding
	}{{"sri", hash.SRI}, {"base64", hash.Base64}, {"base32", hash.Nix32}, {"base16", hash.Base16}} {
		c.Flags().BoolFunc(f.name, "print the hash in "+f.e.String()+" format", func(string) error {
			*e = f.e
			return nil
		})
	}
}

func newHashPathCmd(env *Env) *cobra.Command {
	algo := &algoFlag{hash.SHA256}
	encoding := &encodingFlag{env: env, e: hash.SRI, set: true}
	mode := "nar"
	var flags *settingsFlags
	c := &cobra.Command{
		Use:   "path PATH...",
		Short: "Print the hash of files or directories",
		Example: `  gonix hash path ./src
  gonix hash path --algo sha512 --format base16 file.tar.gz
  gonix hash path --mode flat file.tar.gz`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			method, err := store.ParseMethod(mode)
			if err != nil || method == store.Text {
				return usageErrorf("unknown file ingestion method '%s', expect `flat`, `nar`, or `git`", mode)
			}
			return printHashes(env, flags, args, method, algo.algo, encoding.e, false)
		},
	}
	c.Flags().Var(algo, "algo", "hash `ALGO`rithm: blake3, md5, sha1, sha256 or sha512")
	c.Flags().Var(encoding, "format", "hash `FORMAT`: base16, nix32, base64 or sri")
	c.Flags().StringVar(&mode, "mode", mode, "`METHOD` that turns the path into bytes: flat, nar or git")
	c.Flags().Var(algo, "type", "same as --algo")
	c.Flags().Lookup("type").Hidden = true
	encodingFlags(c, &encoding.e)
	flags = addSettingsFlags(c)
	return c
}

func newHashFileCmd(env *Env) *cobra.Command {
	algo := &algoFlag{hash.SHA256}
	e := hash.SRI
	var flags *settingsFlags
	c := &cobra.Command{
		Use:     "file FILE...",
		Short:   "Print the hash of regular files",
		Example: `  gonix hash file --base16 gonix.tar.gz`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return printHashes(env, flags, args, store.Flat, algo.algo, e, false)
		},
	}
	c.Flags().Var(algo, "type", "hash `ALGO`rithm: blake3, md5, sha1, sha256 or sha512")
	encodingFlags(c, &e)
	flags = addSettingsFlags(c)
	return c
}

func newHashConvertCmd(env *Env) *cobra.Command {
	algo := &algoFlag{}
	from, to := &encodingFlag{env: env}, &encodingFlag{env: env, e: hash.SRI, set: true}
	c := &cobra.Command{
		Use:   "convert HASH...",
		Short: "Convert hashes from one format to another",
		Example: `  gonix hash convert --hash-algo sha1 --to nix32 800d59cfcd3c05e900cb4e214be48f6b886a08df
  gonix hash convert --to base16 sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			for _, s := range args {
				h, e, err := hash.ParseWithEncoding(s, algo.algo)
				if err != nil {
					return err
				}
				if from.set && from.e == hash.SRI && e != hash.SRI {
					return fmt.Errorf("hash '%s' is not SRI", s)
				}
				if from.set && from.e != e {
					return fmt.Errorf("input hash '%s' has format '%s', but '--from %s' was specified", s, e, from.e)
				}
				fmt.Fprintln(env.Stdout, hash.Format(h, to.e))
			}
			return nil
		},
	}
	c.Flags().Var(algo, "hash-algo", "hash `ALGO`rithm, if the hash does not say")
	c.Flags().Var(from, "from", "`FORMAT` that the hashes must have")
	c.Flags().Var(to, "to", "`FORMAT` to print: base16, nix32, base64 or sri")
	return c
}

func newHashToCmd(env *Env, name string, e hash.Encoding) *cobra.Command {
	algo := &algoFlag{}
	c := &cobra.Command{
		Use:     name + " HASH...",
		Short:   "Convert hashes to " + e.String() + " (old: use convert)",
		Example: "  gonix hash " + name + " --type sha256 0d4lh8bqgvvkk3s3vvm7lz3zrl9jnbkbc1h2lkp06h8ni2fbi1s7",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			warnf(env, "The old format conversion subcommands of `gonix hash` were deprecated in favor of `gonix hash convert`.")
			return convertHashes(env, args, algo.algo, e)
		},
	}
	c.Flags().Var(algo, "type", "hash `ALGO`rithm, if the hash does not say")
	return c
}

func convertHashes(env *Env, hashes []string, algo hash.Algo, e hash.Encoding) error {
	for _, s := range hashes {
		h, err := hash.Parse(s, algo)
		if err != nil {
			return err
		}
		fmt.Fprintln(env.Stdout, hash.Format(h, e))
	}
	return nil
}

// printHashes prints the hash of each file.
func printHashes(env *Env, flags *settingsFlags, files []string, method store.Method, algo hash.Algo, e hash.Encoding, truncate bool) error {
	s, err := flags.load(env)
	if err != nil {
		return err
	}
	for _, name := range files {
		h, err := hashFile(dumper(s), env.abs(name), method, algo)
		if err != nil {
			return err
		}
		if truncate && h.Size() > 20 {
			h = h.Compress(20)
		}
		fmt.Fprintln(env.Stdout, hash.Format(h, e))
	}
	return nil
}

// hashFile hashes a file, whose archive dump writes.
func hashFile(dump dumpFunc, name string, method store.Method, algo hash.Algo) (hash.Hash, error) {
	if method != store.Flat {
		return store.HashTree(method, algo, func(w io.Writer) error { return dump(w, name, nil) })
	}
	// Unlike in the store, this may be a FIFO or a symlink.
	f, err := os.Open(name)
	if err != nil {
		return hash.Hash{}, err
	}
	defer f.Close()
	w := hash.New(algo)
	if _, err := io.Copy(w, f); err != nil {
		return hash.Hash{}, err
	}
	return w.Sum(), nil
}
