package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gonix.dev/gonix/internal/shellquote"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/export"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// add is nix-store --add.
func (n *nixStore) add(ctx context.Context, args []string) error {
	for _, a := range args {
		if err := n.addFile(ctx, a, store.Recursive, hash.SHA256); err != nil {
			return err
		}
	}
	return nil
}

// addFixed is nix-store --add-fixed.
func (n *nixStore) addFixed(ctx context.Context, args []string) error {
	algo, err := hash.ParseAlgo(args[0])
	if err != nil {
		return usageErrorf("%w", err)
	}
	method := store.Flat
	if n.has("recursive") {
		method = store.Recursive
	}
	for _, a := range args[1:] {
		if err := n.addFile(ctx, a, method, algo); err != nil {
			return err
		}
	}
	return nil
}

func (n *nixStore) addFile(ctx context.Context, name string, method store.Method, algo hash.Algo) error {
	full := n.env.abs(name)
	p, err := n.store.AddTree(ctx, filepath.Base(full), method, algo, func(w io.Writer) error {
		return nar.DumpPath(w, full, nil)
	}, nil)
	if err != nil {
		return err
	}
	if n.addRoot != "" {
		if _, err := n.rootLink(ctx, p, 0); err != nil {
			return err
		}
	}
	n.print(p)
	return nil
}

// printFixedPath is nix-store --print-fixed-path.
func (n *nixStore) printFixedPath(_ context.Context, args []string) error {
	algo, err := hash.ParseAlgo(args[0])
	if err != nil {
		return usageErrorf("%w", err)
	}
	h, err := hash.Parse(args[1], algo)
	if err != nil {
		return err
	}
	method := store.Flat
	if n.has("recursive") {
		method = store.Recursive
	}
	p, err := n.store.StoreDir().FixedOutputPath(args[2], method, h, nil, false)
	if err != nil {
		return err
	}
	n.print(p)
	return nil
}

// dump is nix-store --dump.
func (n *nixStore) dump(_ context.Context, args []string) error {
	return dumper(n.settings)(n.env.Stdout, n.env.abs(args[0]), nil)
}

// restore is nix-store --restore.
func (n *nixStore) restore(_ context.Context, args []string) error {
	return nar.Restore(n.env.abs(args[0]), nar.NewReader(n.env.Stdin), restoreOptions(n.settings))
}

// export is nix-store --export.
func (n *nixStore) export(ctx context.Context, args []string) error {
	paths, err := n.paths(args)
	if err != nil {
		return err
	}
	sorted, err := sortByReferences(ctx, n.store, paths)
	if err != nil {
		return err
	}
	return export.Write(ctx, n.env.Stdout, n.store, sorted)
}

// importPaths is nix-store --import.
func (n *nixStore) importPaths(ctx context.Context, _ []string) error {
	temp := firstOf(n.env.Getenv("TMPDIR"), "/tmp")
	paths, err := export.Read(ctx, n.env.Stdin, n.store, store.AddOptions{NoCheckSigs: true}, temp)
	for _, p := range paths {
		n.print(p)
	}
	return err
}

// printEnv is nix-store --print-env.
func (n *nixStore) printEnv(ctx context.Context, args []string) error {
	p, err := n.path(args[0])
	if err != nil {
		return err
	}
	d, err := n.store.ReadDerivation(p)
	if err != nil {
		return err
	}
	out := n.env.Stdout
	for _, e := range d.Env {
		fmt.Fprintf(out, "export %s; %s=%s\n", e.Name, e.Name, shellquote.Quote(e.Value))
	}
	fmt.Fprint(out, "export _args; _args='")
	for i, a := range d.Args {
		if i > 0 {
			fmt.Fprint(out, " ")
		}
		fmt.Fprint(out, shellquote.Quote(a))
	}
	fmt.Fprint(out, "'\n")
	return nil
}

// readLog is nix-store --read-log.
func (n *nixStore) readLog(ctx context.Context, args []string) error {
	for _, a := range args {
		p, err := n.path(a)
		if err != nil {
			return err
		}
		r, err := n.store.OpenLog(ctx, p)
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("build log of derivation '%s' is not available", n.store.StoreDir().Format(p))
		}
		if err != nil {
			return err
		}
		_, err = io.Copy(n.env.Stdout, r)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
