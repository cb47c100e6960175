package cmd

import (
	"context"
	"fmt"
	"strings"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store"
)

// realise is nix-store --realise. Arguments are store paths, derivations perhaps
// with outputs: path.drv!out,dev.
func (n *nixStore) realise(ctx context.Context, args []string) error {
	var targets []builder.Target
	for _, arg := range args {
		name, outputs, has := strings.Cut(arg, "!")
		p, err := n.path(name)
		if err != nil {
			return err
		}
		t := builder.Target{Path: p}
		if p.IsDerivation() {
			t = builder.Target{Drv: p}
			if has {
				t.Outputs = strings.Split(outputs, ",")
			}
		}
		targets = append(targets, t)
	}
	if err := n.needRealiser(); err != nil {
		return err
	}
	session := n.realiser.(*buildSession)
	defer session.ui.stop()
	mode := builder.Normal
	if n.has("check") {
		mode = builder.Check
	}
	if n.has("ignore-unknown") {
		m, err := session.worker.Missing(ctx, targets)
		if err != nil {
			return err
		}
		unknown := map[store.Path]bool{}
		for _, p := range m.Unknown {
			unknown[p] = true
		}
		kept := targets[:0]
		for _, t := range targets {
			if !unknown[t.Path] && !unknown[t.Drv] {
				kept = append(kept, t)
			}
		}
		targets = kept
	}
	if n.settings.Bool("print-missing") || n.has("dry-run") {
		if err := session.printMissing(ctx, targets, builder.LevelInfo); err != nil {
			return err
		}
	}
	if n.has("dry-run") {
		return nil
	}
	results, err := session.build(ctx, targets, mode)
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Target.Drv.IsZero() {
			if err := n.showRealised(ctx, r.Target.Path, i, "out"); err != nil {
				return err
			}
			continue
		}
		for _, name := range sortedNames(r.Outputs) {
			if err := n.showRealised(ctx, r.Outputs[name], i, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// showRealised links an output of the i-th argument and prints the link, or the
// path if there is none.
func (n *nixStore) showRealised(ctx context.Context, p store.Path, i int, output string) error {
	shown := n.store.StoreDir().Format(p)
	if n.addRoot != "" {
		link := n.env.abs(numbered(n.addRoot, i))
		if output != "out" {
			link += "-" + output
		}
		if err := n.store.AddPermRoot(ctx, p, link); err != nil {
			return err
		}
		shown = link
	}
	if !n.noOutput {
		fmt.Fprintln(n.env.Stdout, shown)
	}
	return nil
}

// rootLink makes the i-th link of --add-root: the name, then name-2, and so on.
func (n *nixStore) rootLink(ctx context.Context, p store.Path, i int) (string, error) {
	link := n.env.abs(numbered(n.addRoot, i))
	return link, n.store.AddPermRoot(ctx, p, link)
}
