package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/lsp"
	"gonix.dev/gonix/lsp/config"
	"gonix.dev/gonix/settings"
)

func newLspCmd(env *Env) *cobra.Command {
	var listen, logFile string
	var schema bool
	var conf *settingsFlags
	c := &cobra.Command{
		Use:   "lsp",
		Short: "Serve editors: the language server",
		Long: `Lsp is the language server that editors talk to. It speaks the Language Server
Protocol on standard input and output, or to everybody who connects to an address.

It needs no configuration. Editors may set the options that --print-config-schema
describes, as the section "gonix".`,
		Example: `  gonix lsp
  gonix lsp --listen 127.0.0.1:9257
  gonix lsp --listen unix:/run/user/1000/gonix-lsp
  gonix lsp --print-config-schema`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if schema {
				_, err := env.Stdout.Write(config.Schema)
				return err
			}
			s, err := conf.load(env)
			if err != nil {
				return err
			}
			opts := lspOptions(env, s)
			if logFile != "" {
				f, err := os.OpenFile(inDir(env, logFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
				if err != nil {
					return err
				}
				defer f.Close()
				opts.Log = f
			}
			serverCollection(env.Getenv)
			if listen != "" {
				return listenLSP(c.Context(), env, listen, opts)
			}
			widen(env.Stdin)
			widen(env.Stdout)
			err = lsp.Serve(c.Context(), stdio{env.Stdin, env.Stdout}, opts)
			if errors.Is(err, lsp.ErrAborted) {
				return &exitError{Code: 1} // the client is gone: nobody to tell
			}
			return err
		},
	}
	conf = addSettingsFlags(c)
	c.Flags().StringVar(&listen, "listen", "", "serve everybody who connects to HOST:PORT or unix:PATH")
	c.Flags().StringVar(&logFile, "log", "", "append what the server has to say to a file")
	c.Flags().BoolVar(&schema, "print-config-schema", false, "print the JSON schema of the settings and exit")
	// Editors pass it by habit; it is what happens anyway.
	c.Flags().Bool("stdio", true, "serve standard input and output")
	return c
}

// lspOptions is the world as the language server sees it.
func lspOptions(env *Env, s *settings.Settings) lsp.Options {
	opts := lsp.Options{Version: version, Home: env.Getenv("HOME"), System: evalSystem(s), Log: io.Discard}
	if exe, err := os.Executable(); err == nil {
		opts.Worker = []string{exe, evalWorkerVerb}
	}
	for _, entry := range (&evalFlags{}).searchPath(env, s) {
		if entry.Prefix != "" {
			entry.Path = entry.Prefix + "=" + entry.Path
		}
		opts.NixPath = append(opts.NixPath, entry.Path)
	}
	return opts
}

// listenLSP serves every client that connects, until the context ends.
func listenLSP(ctx context.Context, env *Env, addr string, opts lsp.Options) error {
	network := "tcp"
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", inDir(env, path)
		if err := clearSocket(addr); err != nil {
			return err
		}
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		return err
	}
	defer l.Close()
	context.AfterFunc(ctx, func() { l.Close() })
	fmt.Fprintf(env.Stderr, "listening on %s\n", l.Addr())
	var sessions sync.WaitGroup
	defer sessions.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		sessions.Go(func() {
			// One client's end is no concern of the others'.
			if err := lsp.Serve(ctx, conn, opts); err != nil && !errors.Is(err, lsp.ErrAborted) {
				fmt.Fprintf(env.Stderr, "%s: %v\n", conn.RemoteAddr(), err)
			}
		})
	}
}

// clearSocket removes the socket of a server that is no more, if one is at a path.
func clearSocket(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return nil // listening will tell what is wrong
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return fmt.Errorf("another server listens on %s", path)
	}
	return os.Remove(path)
}

// stdio is standard input and output as one connection.
type stdio struct {
	io.Reader
	io.Writer
}

func (s stdio) Close() error {
	for _, end := range []any{s.Reader, s.Writer} {
		if c, ok := end.(io.Closer); ok {
			c.Close()
		}
	}
	return nil
}

// inDir returns a path as the user of the command means it.
func inDir(env *Env, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(env.Dir, path)
}
