package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/local"
)

// queryAliases are the queries with two names.
var queryAliases = map[string]string{"referers": "referrers", "referers-closure": "referrers-closure"}

// query is nix-store --query.
func (n *nixStore) query(ctx context.Context, args []string) error {
	kind := ""
	for _, f := range n.flags {
		switch f {
		case "use-output", "force-realise", "force-realize", "include-outputs":
			continue
		}
		f = cmp.Or(queryAliases[f], f)
		if kind != "" && kind != f {
			return usageErrorf("query type '--%s' conflicts with earlier flag", f)
		}
		kind = f
	}
	switch kind = cmp.Or(kind, "outputs"); kind {
	case "resolve", "deriver", "binding", "tree", "valid-derivers":
		paths, err := n.paths(args)
		if err != nil {
			return err
		}
		return n.queryAsGiven(ctx, kind, paths)
	}
	paths, err := n.queryPaths(ctx, args, kind == "outputs")
	if err != nil {
		return err
	}
	switch kind {
	case "outputs":
		for _, p := range paths {
			n.print(p)
		}
	case "requisites", "references", "referrers", "referrers-closure":
		return n.queryRelated(ctx, kind, paths)
	case "hash", "size":
		for _, p := range paths {
			info, err := n.store.QueryPathInfo(ctx, p)
			if err != nil {
				return err
			}
			if kind == "hash" {
				fmt.Fprintln(n.env.Stdout, hash.WithPrefix(info.NarHash, hash.Nix32))
			} else {
				fmt.Fprintln(n.env.Stdout, info.NarSize)
			}
		}
	case "graph":
		return n.printDot(ctx, paths)
	case "graphml":
		return n.printGraphML(ctx, paths)
	case "roots":
		return n.queryRoots(ctx, paths)
	}
	return nil
}

// queryPaths are the arguments, or with --use-output the outputs of those that
// are derivations.
func (n *nixStore) queryPaths(ctx context.Context, args []string, useOutput bool) ([]store.Path, error) {
	force := n.has("force-realise") || n.has("force-realize")
	var all []store.Path
	for _, a := range args {
		p, err := n.path(a)
		if err != nil {
			return nil, err
		}
		if force {
			if err := n.realisePaths(ctx, p); err != nil {
				return nil, err
			}
		}
		if useOutput || n.has("use-output") {
			outs, err := n.outputsOf(ctx, p)
			if err != nil {
				return nil, err
			}
			all = append(all, outs...)
		} else {
			all = append(all, p)
		}
	}
	return all, nil
}

// outputsOf are the outputs of a derivation, and of anything else it itself.
func (n *nixStore) outputsOf(ctx context.Context, p store.Path) ([]store.Path, error) {
	if !p.IsDerivation() {
		return []store.Path{p}, nil
	}
	if valid, err := n.store.IsValid(ctx, p); err != nil {
		return nil, err
	} else if !valid {
		return nil, &store.InvalidPathError{Path: n.store.StoreDir().Format(p)}
	}
	d, err := n.store.ReadDerivation(p)
	if err != nil {
		return nil, err
	}
	var outs []store.Path
	for _, o := range d.Outputs {
		out := o.Path
		if out.IsZero() {
			if out, err = n.realisedOutput(ctx, p, o.Name); err != nil {
				return nil, err
			}
		}
		outs = append(outs, out)
	}
	return store.SortPaths(outs), nil
}

// realisedOutput is what a floating output came to be.
func (n *nixStore) realisedOutput(ctx context.Context, drvPath store.Path, output string) (store.Path, error) {
	none := errors.New("Cannot use output path of floating content-addressed derivation until we know what it is (e.g. by building it)")
	h := &drv.RealisationHasher{Dir: n.store.StoreDir(), Read: n.store.ReadDerivation}
	sum, err := h.OutputHash(drvPath, output)
	if err != nil {
		return store.Path{}, errors.Join(err, none)
	}
	r, err := n.store.QueryRealisation(ctx, store.DrvOutput{Hash: sum, Output: output})
	if err != nil {
		return store.Path{}, err
	}
	if r == nil {
		return store.Path{}, none
	}
	return r.Path, nil
}

// queryAsGiven answers the queries that take no account of --use-output.
func (n *nixStore) queryAsGiven(ctx context.Context, kind string, paths []store.Path) error {
	var derivers []store.Path
	done := map[store.Path]bool{}
	for _, p := range paths {
		switch kind {
		case "resolve":
			n.print(p)
		case "deriver":
			info, err := n.store.QueryPathInfo(ctx, p)
			if err != nil {
				return err
			}
			if info.Deriver.IsZero() {
				fmt.Fprintln(n.env.Stdout, "unknown-deriver")
			} else {
				n.print(info.Deriver)
			}
		case "valid-derivers":
			ps, err := n.store.ValidDerivers(ctx, p)
			if err != nil {
				return err
			}
			derivers = append(derivers, ps...)
		case "binding":
			if err := n.queryBinding(ctx, p); err != nil {
				return err
			}
		case "tree":
			if err := n.printTree(ctx, p, "", "", done); err != nil {
				return err
			}
		}
	}
	return n.printSorted(ctx, derivers)
}

func (n *nixStore) queryBinding(ctx context.Context, p store.Path) error {
	if !p.IsDerivation() {
		info, err := n.store.QueryPathInfo(ctx, p)
		if err != nil {
			return err
		}
		if info.Deriver.IsZero() {
			return fmt.Errorf("deriver of path '%s' is not known", n.store.StoreDir().Format(p))
		}
		p = info.Deriver
	}
	d, err := n.store.ReadDerivation(p)
	if err != nil {
		return err
	}
	name := n.values["binding"]
	v, ok := d.Getenv(name)
	if !ok {
		return fmt.Errorf("derivation '%s' has no environment binding named '%s'", n.store.StoreDir().Format(p), name)
	}
	fmt.Fprintln(n.env.Stdout, v)
	return nil
}

func (n *nixStore) queryRelated(ctx context.Context, kind string, paths []store.Path) error {
	var related []store.Path
	switch kind {
	case "requisites", "referrers-closure":
		infos, err := n.store.ClosureInfos(ctx, paths, local.ClosureOptions{
			Referrers:      kind == "referrers-closure",
			IncludeOutputs: kind == "requisites" && n.has("include-outputs"),
		})
		if err != nil {
			return err
		}
		return n.printInfos(sortInfos(infos))
	case "references":
		infos, err := n.store.QueryPathInfos(ctx, paths)
		if err != nil {
			return err
		}
		for _, i := range infos {
			related = append(related, i.References...)
		}
	case "referrers":
		for _, p := range paths {
			refs, err := n.store.Referrers(ctx, p)
			if err != nil {
				return err
			}
			related = append(related, refs...)
		}
	}
	return n.printSorted(ctx, related)
}

// printSorted prints paths, each after what it refers to.
func (n *nixStore) printSorted(ctx context.Context, paths []store.Path) error {
	sorted, err := sortByReferences(ctx, n.store, paths)
	if err != nil {
		return err
	}
	return n.printInfos(sorted)
}

func (n *nixStore) printInfos(infos []*store.PathInfo) error {
	var b strings.Builder
	for _, i := range infos {
		b.WriteString(n.store.StoreDir().Format(i.Path))
		b.WriteByte('\n')
	}
	_, err := fmt.Fprint(n.env.Stdout, b.String())
	return err
}

func (n *nixStore) queryRoots(ctx context.Context, paths []store.Path) error {
	gc := n.store.Settings().GC
	users, err := n.store.Closure(ctx, paths, local.ClosureOptions{
		Referrers: true, IncludeOutputs: gc.KeepOutputs, IncludeDerivers: !gc.DropDerivations,
	})
	if err != nil {
		return err
	}
	roots, err := n.store.FindRoots(ctx, false)
	if err != nil {
		return err
	}
	for _, p := range users {
		for _, link := range sortedKeys(roots[p]) {
			fmt.Fprintf(n.env.Stdout, "%s -> %s\n", link, n.store.StoreDir().Format(p))
		}
	}
	return nil
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
