package cmd

import (
	"context"
	"fmt"

	"gonix.dev/gonix/store"
)

// realise is nix-store --realise.
func (n *nixStore) realise(ctx context.Context, args []string) error {
	paths, err := n.paths(args)
	if err != nil {
		return err
	}
	if err := n.realisePaths(ctx, paths...); err != nil {
		return err
	}
	made := 0
	for _, p := range paths {
		outs, err := n.outputsOf(ctx, p)
		if err != nil {
			return err
		}
		for _, out := range outs {
			if n.addRoot == "" {
				if !n.noOutput {
					n.print(out)
				}
				continue
			}
			link, err := n.rootLink(ctx, out, made)
			if err != nil {
				return err
			}
			made++
			if !n.noOutput {
				fmt.Fprintln(n.env.Stdout, link)
			}
		}
	}
	return nil
}

// rootLink makes the i-th link of --add-root: the name, then name-2, and so on.
func (n *nixStore) rootLink(ctx context.Context, p store.Path, i int) (string, error) {
	link := n.env.abs(n.addRoot)
	if i > 0 {
		link = fmt.Sprintf("%s-%d", link, i+1)
	}
	return link, n.store.AddPermRoot(ctx, p, link)
}
