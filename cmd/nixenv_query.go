package cmd

import (
	"context"
	"slices"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// queryAvailable is nix-env -qa: the packages that could be installed, and with
// --status whether they are installed, present and substitutable.
func (u *userEnv) queryAvailable(ctx context.Context, file string, selectors []string) error {
	if file == "" {
		file = firstOf(joinIf(u.env.Getenv("HOME"), ".nix-defexpr"))
	}
	v, err := u.eval.file(file)
	if err != nil {
		return err
	}
	pkgs, err := u.packages(v)
	if err != nil {
		return err
	}
	type row struct {
		el  envElement
		out store.Path
	}
	var rows []row
	for _, p := range pkgs {
		name, err := u.packageName(p)
		if err != nil {
			return err
		}
		wanted := len(selectors) == 0
		for _, sel := range selectors {
			matches, err := selectorOf(sel)
			if err != nil {
				return err
			}
			wanted = wanted || matches(name)
		}
		if !wanted {
			continue
		}
		var r row
		if r.el, err = u.element(p); err != nil {
			return err
		}
		if r.out, err = u.eval.storeDir().Parse(r.el.OutPath); err != nil {
			return err
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(a.el.Name, b.el.Name) })

	var installed, valid, substitutable map[store.Path]bool
	if u.status || u.prebuilt {
		paths := make([]store.Path, len(rows))
		for i, r := range rows {
			paths[i] = r.out
		}
		if valid, err = u.eval.store.QueryValidPaths(ctx, paths); err != nil {
			return err
		}
		if substitutable, err = u.substitutable(ctx, paths); err != nil {
			return err
		}
		els, err := u.installed()
		if err != nil {
			return err
		}
		installed = map[store.Path]bool{}
		for _, el := range els {
			if p, err := u.eval.storeDir().Parse(el.OutPath); err == nil {
				installed[p] = true
			}
		}
	}
	var table [][]string
	for _, r := range rows {
		if u.prebuilt && !valid[r.out] && !substitutable[r.out] {
			continue
		}
		var columns []string
		if u.status {
			s := []byte("---")
			for i, have := range []map[store.Path]bool{installed, valid, substitutable} {
				if have[r.out] {
					s[i] = "IPS"[i]
				}
			}
			columns = append(columns, string(s))
		}
		table = append(table, append(columns, u.columns(r.el)...))
	}
	printColumns(u.env, table)
	return nil
}

// substitutable finds out which paths substituters have, of those that like to be
// asked for many.
func (u *userEnv) substitutable(ctx context.Context, paths []store.Path) (map[store.Path]bool, error) {
	st := newStores(u.env, u.eval.settings, local.Warn)
	defer st.Close()
	sub, err := st.substituter()
	if err != nil {
		return nil, err
	}
	found := map[store.Path]bool{}
	for _, c := range sub.Caches {
		if err := c.Init(ctx); err != nil {
			warnf(u.env, "%v", err)
			continue
		}
		if !c.WantMassQuery() {
			continue
		}
		have, err := c.QueryValidPaths(ctx, paths)
		if err != nil {
			warnf(u.env, "%v", err)
			continue
		}
		for p := range have {
			found[p] = true
		}
	}
	return found, nil
}
