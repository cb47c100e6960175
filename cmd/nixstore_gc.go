package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// gc is nix-store --gc.
func (n *nixStore) gc(ctx context.Context, _ []string) error {
	opts := local.GCOptions{}
	for _, f := range n.flags {
		switch f {
		case "print-roots":
			return n.printRoots(ctx)
		case "print-live":
			opts.Action = local.ReturnLive
		case "print-dead":
			opts.Action = local.ReturnDead
		case "max-freed":
			max, err := parseCount(n.values[f])
			if err != nil {
				return err
			}
			opts.MaxFreed, opts.NoDelete = max, max <= 0
		}
	}
	if opts.Action == local.DeleteDead {
		return collectAndReport(ctx, n.env, n.store, opts)
	}
	r, err := n.store.Collect(ctx, opts)
	if err != nil {
		return err
	}
	slices.Sort(r.Paths)
	for _, p := range r.Paths {
		fmt.Fprintln(n.env.Stdout, p)
	}
	return nil
}

// collectAndReport deletes garbage and says how much.
func collectAndReport(ctx context.Context, env *Env, s *local.Store, opts local.GCOptions) error {
	r, err := s.Collect(ctx, opts)
	if r != nil {
		fmt.Fprintf(env.Stdout, "%d store paths deleted, %s freed\n", len(r.Paths), mebibytes(r.BytesFreed))
	}
	return err
}

func mebibytes(n int64) string { return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20)) }

func (n *nixStore) printRoots(ctx context.Context) error {
	roots, err := n.store.FindRoots(ctx, false)
	if err != nil {
		return err
	}
	var lines []string
	for p, links := range roots {
		for link := range links {
			lines = append(lines, link+" -> "+n.store.StoreDir().Format(p))
		}
	}
	slices.Sort(lines)
	if len(lines) > 0 {
		fmt.Fprintln(n.env.Stdout, strings.Join(lines, "\n"))
	}
	return nil
}

// delete is nix-store --delete.
func (n *nixStore) delete(ctx context.Context, args []string) error {
	paths, err := n.paths(args)
	if err != nil {
		return err
	}
	return collectAndReport(ctx, n.env, n.store, local.GCOptions{
		Action: local.DeleteSpecific, Paths: paths, IgnoreLiveness: n.has("ignore-liveness"),
	})
}

// optimise is nix-store --optimise.
func (n *nixStore) optimise(ctx context.Context, _ []string) error {
	return optimiseAndReport(ctx, n.env, n.store)
}

func optimiseAndReport(ctx context.Context, env *Env, s *local.Store) error {
	stats, err := s.Optimise(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stderr, "%s freed by hard-linking %d files\n", mebibytes(stats.BytesFreed), stats.FilesLinked)
	return nil
}

// verify is nix-store --verify.
func (n *nixStore) verify(ctx context.Context, _ []string) error {
	opts := local.VerifyOptions{CheckContents: n.has("check-contents")}
	if n.has("repair") {
		opts.Repair = func(ctx context.Context, p store.Path) error {
			if err := n.needRealiser(); err != nil {
				return err
			}
			return n.realiser.Repair(ctx, p)
		}
	}
	return verifyAndReport(ctx, n.env, n.store, opts)
}

func verifyAndReport(ctx context.Context, env *Env, s *local.Store, opts local.VerifyOptions) error {
	damaged, err := s.Verify(ctx, opts)
	if err != nil {
		return err
	}
	if damaged {
		warnf(env, "not all store errors were fixed")
		return &exitError{Code: 1}
	}
	return nil
}

// verifyPath is nix-store --verify-path.
func (n *nixStore) verifyPath(ctx context.Context, args []string) error {
	paths, err := n.paths(args)
	if err != nil {
		return err
	}
	bad := false
	for _, p := range paths {
		if err := n.store.VerifyPath(ctx, p); err != nil {
			printError(n.env, err)
			bad = true
		}
	}
	if bad {
		return &exitError{Code: 1}
	}
	return nil
}

// repairPath is nix-store --repair-path.
func (n *nixStore) repairPath(ctx context.Context, args []string) error {
	paths, err := n.paths(args)
	if err != nil {
		return err
	}
	if err := n.needRealiser(); err != nil {
		return err
	}
	for _, p := range paths {
		if err := n.realiser.Repair(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
