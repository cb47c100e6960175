package cmd

import (
	"context"
	"fmt"
	"slices"

	"gonix.dev/gonix/builder"
	versions "gonix.dev/gonix/eval/version"
)

func (u *userEnv) install(ctx context.Context, file string, args []string) error {
	fresh, err := u.available(file, args, false)
	if err != nil {
		return err
	}
	var old []envElement
	if !u.removeAll {
		if old, err = u.installed(); err != nil {
			return err
		}
	}
	names := map[string]bool{}
	for i := range fresh {
		if u.priority != "" {
			fresh[i].setFlag("priority", u.priority)
		}
		base, _ := splitPackageName(fresh[i].Name)
		names[base] = true
	}
	all := fresh
	for _, el := range old {
		base, _ := splitPackageName(el.Name)
		same := slices.ContainsFunc(fresh, func(f envElement) bool { return f.OutPath == el.OutPath })
		if same || !u.keep && names[base] && el.flag("keep") != "true" {
			if !same {
				fmt.Fprintf(u.env.Stderr, "replacing old '%s'\n", el.Name)
			}
			continue
		}
		all = append(all, el)
	}
	for _, el := range fresh {
		fmt.Fprintf(u.env.Stderr, "installing '%s'\n", el.Name)
	}
	return u.make(ctx, all)
}

// upgrade replaces installed packages by other versions of them: those for which
// better says so of how the new version compares with the old.
func (u *userEnv) upgrade(ctx context.Context, file string, args []string, better func(int) bool) error {
	if len(args) == 0 {
		if u.attrs {
			return usageErrorf("--upgrade -A wants attribute paths")
		}
		args = []string{"*"}
	}
	offered, err := u.available(file, args, true)
	if err != nil {
		return err
	}
	old, err := u.installed()
	if err != nil {
		return err
	}
	for i, el := range old {
		base, have := splitPackageName(el.Name)
		if el.flag("keep") == "true" {
			continue
		}
		var candidates []envElement
		for _, o := range offered {
			b, version := splitPackageName(o.Name)
			if b == base && better(versions.Compare(version, have)) {
				candidates = append(candidates, o)
			}
		}
		if len(candidates) == 0 {
			continue
		}
		to := newestOf(candidates)[0]
		if to.OutPath == el.OutPath {
			continue
		}
		word := "upgrading"
		if _, version := splitPackageName(to.Name); versions.Compare(version, have) < 0 {
			word = "downgrading"
		}
		fmt.Fprintf(u.env.Stderr, "%s '%s' to '%s'\n", word, el.Name, to.Name)
		old[i] = to
	}
	return u.make(ctx, old)
}

func (u *userEnv) uninstall(ctx context.Context, selectors []string) error {
	old, err := u.installed()
	if err != nil {
		return err
	}
	for _, sel := range selectors {
		matches, err := u.installedSelector(sel)
		if err != nil {
			return err
		}
		n := len(old)
		old = slices.DeleteFunc(old, func(el envElement) bool {
			gone := matches(el)
			if gone {
				fmt.Fprintf(u.env.Stderr, "uninstalling '%s'\n", el.Name)
			}
			return gone
		})
		if len(old) == n {
			warnf(u.env, "selector '%s' matched no installed derivations", sel)
		}
	}
	return u.make(ctx, old)
}

// installedSelector is a test for installed packages: by name, or by a file in them.
func (u *userEnv) installedSelector(sel string) (func(envElement) bool, error) {
	if p, err := followToStore(u.env, u.eval.storeDir(), sel); err == nil {
		path := u.eval.storeDir().Format(p)
		return func(el envElement) bool { return el.OutPath == path }, nil
	}
	matches, err := selectorOf(sel)
	return func(el envElement) bool { return matches(el.Name) }, err
}

// setFlags changes an attribute of meta of installed packages: active, priority
// and keep mean something.
func (u *userEnv) setFlags(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return usageErrorf("--set-flag wants NAME VALUE PACKAGES...")
	}
	old, err := u.installed()
	if err != nil {
		return err
	}
	for _, sel := range args[2:] {
		matches, err := u.installedSelector(sel)
		if err != nil {
			return err
		}
		found := false
		for i := range old {
			if matches(old[i]) {
				fmt.Fprintf(u.env.Stderr, "setting flag on '%s'\n", old[i].Name)
				old[i].setFlag(args[0], args[1])
				found = true
			}
		}
		if !found {
			return fmt.Errorf("selector '%s' matches no derivations", sel)
		}
	}
	return u.make(ctx, old)
}

// set makes a package itself the profile's next generation.
func (u *userEnv) set(ctx context.Context, file string, args []string) error {
	els, err := u.available(file, args, false)
	if err != nil {
		return err
	}
	if len(els) != 1 {
		return usageErrorf("--set wants exactly one package, not %d", len(els))
	}
	el := els[0]
	out, err := u.eval.storeDir().Parse(el.OutPath)
	if err != nil || u.dryRun {
		return err
	}
	b, err := u.ready(ctx)
	if err != nil {
		return err
	}
	target := builder.Target{Path: out}
	if el.DrvPath != "" {
		p, err := u.eval.storeDir().Parse(el.DrvPath)
		if err != nil {
			return err
		}
		target = builder.Target{Drv: p, Outputs: []string{el.Output}}
	}
	if _, err := b.build(ctx, []builder.Target{target}, builder.Normal); err != nil {
		return err
	}
	return u.addGeneration(ctx, out)
}
