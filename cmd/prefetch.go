package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/local"
	"gonix.dev/gonix/store/nar"
)

// prefetch downloads a file into the store.
type prefetch struct {
	name               string
	algo               algoFlag
	expected           string
	unpack, executable bool
}

func (p *prefetch) add(c *cobra.Command) {
	c.Flags().StringVar(&p.name, "name", "", "`NAME` of the store path; otherwise the file's")
	c.Flags().BoolVar(&p.unpack, "unpack", false, "unpack the archive, and hash what is in it")
	c.Flags().BoolVar(&p.executable, "executable", false, "make the file executable, and hash its NAR")
}

// newPrefetchURL is nix-prefetch-url.
func newPrefetchURL(env *Env, name string) *cobra.Command {
	var p prefetch
	var printPath bool
	c := &cobra.Command{
		Use:   name + " URL [HASH]",
		Short: "Download a file into the store and print its hash",
		Example: "  " + name + " https://example.org/hello-2.10.tar.gz\n  " +
			name + " --unpack --print-path file://$PWD/source.tar.gz",
		Args:          cobra.RangeArgs(1, 2),
		Version:       nixVersion,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetVersionTemplate(name + " (Nix) {{.Version}}\n")
	conf := addSettingsFlags(c)
	p.add(c)
	c.Flags().Var(&p.algo, "type", "hash `ALGO`rithm: md5, sha1, sha256 (default) or sha512")
	c.Flags().BoolVar(&printPath, "print-path", false, "print the store path too")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 2 {
			p.expected = args[1]
		}
		return p.with(c, env, conf, args[0], func(dir store.Dir, at store.Path, h hash.Hash) error {
			encoding := hash.Nix32
			if h.Algo == hash.MD5 {
				encoding = hash.Base16
			}
			if !printPath && env.Getenv("PRINT_PATH") != "1" {
				fmt.Fprintf(env.Stderr, "path is '%s'\n", dir.Format(at))
				_, err := fmt.Fprintln(env.Stdout, hash.Format(h, encoding))
				return err
			}
			_, err := fmt.Fprintf(env.Stdout, "%s\n%s\n", hash.Format(h, encoding), dir.Format(at))
			return err
		})
	}
	return c
}

func newStorePrefetchFileCmd(env *Env) *cobra.Command {
	var p prefetch
	var asJSON bool
	c := &cobra.Command{
		Use:     "prefetch-file URL",
		Short:   "Download a file into the store",
		Example: "  gonix store prefetch-file https://example.org/hello-2.10.tar.gz\n  gonix store prefetch-file --json --unpack file://$PWD/source.tar.gz",
		Args:    cobra.ExactArgs(1),
	}
	conf := addSettingsFlags(c)
	p.add(c)
	c.Flags().Var(&p.algo, "hash-algo", "hash `ALGO`rithm: md5, sha1, sha256 (default) or sha512")
	c.Flags().Var(&p.algo, "hash-type", "")
	_ = c.Flags().MarkHidden("hash-type")
	c.Flags().StringVar(&p.expected, "expected-hash", "", "the `HASH` that the file must have")
	c.Flags().BoolVar(&asJSON, "json", false, "print hash and store path as JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		return p.with(c, env, conf, args[0], func(dir store.Dir, at store.Path, h hash.Hash) error {
			sri := hash.Format(h, hash.SRI)
			if asJSON {
				return printCompactJSON(env, map[string]string{"hash": sri, "storePath": dir.Format(at)})
			}
			fmt.Fprintf(env.Stderr, "Downloaded '%s' to '%s' (hash '%s').\n", args[0], dir.Format(at), sri)
			return nil
		})
	}
	return c
}

// with downloads from and calls f with the store path and the hash.
func (p *prefetch) with(c *cobra.Command, env *Env, conf *settingsFlags, from string, f func(store.Dir, store.Path, hash.Hash) error) error {
	if p.algo.algo == 0 {
		p.algo.algo = hash.SHA256
	}
	if p.name == "" {
		u, err := url.Parse(from)
		if err != nil {
			return usageErrorf("'%s' is not a valid URL: %w", from, err)
		}
		if p.name = path.Base(u.Path); p.name == "." || p.name == "/" {
			return usageErrorf("cannot figure out a file name for '%s': give one with --name", from)
		}
	}
	if err := store.CheckName(p.name); err != nil {
		return fmt.Errorf("%w; give another with --name", err)
	}
	set, err := conf.load(env)
	if err != nil {
		return err
	}
	return withStore(c, env, conf, func(ctx context.Context, s *local.Store) error {
		at, h, err := p.fetch(ctx, env, set, s, from)
		if err != nil {
			return err
		}
		return f(s.StoreDir(), at, h)
	})
}

// fetch makes the file valid, which it may be already if its hash is expected.
func (p *prefetch) fetch(ctx context.Context, env *Env, set *settings.Settings, s *local.Store, from string) (at store.Path, h hash.Hash, err error) {
	method := store.Flat
	if p.unpack || p.executable {
		method = store.Recursive
	}
	var expected hash.Hash
	if p.expected != "" {
		if expected, err = hash.Parse(p.expected, p.algo.algo); err != nil {
			return at, h, err
		}
		if at, err = s.StoreDir().FixedOutputPath(p.name, method, expected, nil, false); err != nil {
			return at, h, err
		}
		if ok, err := s.IsValid(ctx, at); err != nil || ok {
			return at, expected, err
		}
	}
	tmp, err := os.MkdirTemp(firstOf(env.Getenv("TMPDIR"), "/tmp"), "gonix-prefetch-")
	if err != nil {
		return at, h, err
	}
	defer local.RemoveTree(tmp)
	what, err := p.download(ctx, env, set, from, tmp)
	if err != nil {
		return at, h, err
	}
	dump := func(w io.Writer) error { return nar.DumpPath(w, what, nil) }
	if h, err = hashFile(nar.DumpPath, what, method, p.algo.algo); err != nil {
		return at, h, err
	}
	if p.expected != "" && h != expected {
		return at, h, &exitError{102, fmt.Errorf("hash mismatch in file downloaded from '%s':\n         specified: %s\n            got:    %s",
			from, hash.Format(expected, hash.SRI), hash.Format(h, hash.SRI))}
	}
	at, err = s.AddTree(ctx, p.name, method, p.algo.algo, dump, nil)
	return at, h, err
}

// download puts the file, or what is in it, somewhere below dir.
func (p *prefetch) download(ctx context.Context, env *Env, set *settings.Settings, from, dir string) (string, error) {
	retry := retrySettings(set)
	retry.Warn = func(msg string) { warnf(env, "%s", msg) }
	w := builder.Worker{Settings: builder.Settings{Transport: fetchTransport(env, set), Retry: retry}}
	body, _, err := w.OpenURL(ctx, from)
	if err != nil {
		return "", err
	}
	defer body.Close()
	if p.unpack {
		to := filepath.Join(dir, "unpacked")
		if err := builder.Unpack(ctx, body, to); err != nil {
			return "", fmt.Errorf("unpack '%s': %w", from, err)
		}
		// What has a single file or folder at its top is that.
		if entries, err := os.ReadDir(to); err == nil && len(entries) == 1 {
			to = filepath.Join(to, entries[0].Name())
		}
		return to, nil
	}
	mode := os.FileMode(0o644)
	if p.executable {
		mode = 0o755
	}
	name := filepath.Join(dir, "file")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(f, body); err != nil {
		f.Close()
		return "", fmt.Errorf("unable to download '%s': %w", from, err)
	}
	return name, errors.Join(f.Chmod(mode), f.Close())
}
