package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

func newProfileInstallCmd(env *Env) *cobra.Command {
	var priority int
	c := &cobra.Command{
		Use:     "install [INSTALLABLE]...",
		Aliases: []string{"add"},
		Short:   "Install packages",
		Long: `Install builds packages or fetches them, and makes a version of the profile that has them
as well: attribute paths of what --file or --expr evaluates to, or store paths.`,
		Example: "  gonix profile install -f '<nixpkgs>' hello jq\n  gonix profile install /nix/store/...-hello-2.10\n  gonix profile install ./result --priority 4",
	}
	f := addProfileFlags(env, c)
	f.eval.addSources(c)
	c.Flags().IntVar(&priority, "priority", defaultPriority, "of files that several packages have, those of the lowest `N` are used")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			if f.eval.file == "" && f.eval.expr == "" {
				return usageErrorf("say what to install: a store path, or an attribute of --file or --expr")
			}
			args = []string{""} // all of it
		}
		f.eval.lookAt(args)
		return f.with(c.Context(), env, func(u *userEnv) error {
			m, err := u.manifestOf(u.profile)
			if err != nil {
				return err
			}
			var chosen *int
			if c.Flags().Changed("priority") {
				chosen = &priority
			}
			fresh, err := u.realiseElements(c.Context(), f.eval, args, chosen)
			if err != nil {
				return err
			}
			for _, el := range fresh {
				name := el.name()
				if old := m[name]; old != nil && slices.Equal(old.StorePaths, el.StorePaths) && old.priority() == el.priority() {
					warnf(env, "'%s' is already installed", name)
					continue
				}
				m.add(name, el)
			}
			return u.update(c.Context(), m)
		})
	}
	return c
}

// matchFlags choose packages of a profile.
type matchFlags struct {
	all   bool
	regex []string
}

func (f *matchFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.all, "all", false, "all packages")
	c.Flags().StringArrayVar(&f.regex, "regex", nil, "packages that the regular expression `PATTERN` matches")
}

// matching are the names of the packages that arguments and flags choose.
func (f *matchFlags) matching(env *Env, dir store.Dir, m profileManifest, args []string) ([]string, error) {
	type matcher struct {
		title string
		match func(name string, el *profileElement) bool
	}
	var matchers []matcher
	for _, pattern := range f.regex {
		re, err := regexp.Compile("(?i)^(?:" + pattern + ")$")
		if err != nil {
			return nil, usageErrorf("flag '--regex': %v", err)
		}
		matchers = append(matchers, matcher{"Regex '" + pattern + "'", func(_ string, el *profileElement) bool { return re.MatchString(el.identifier()) }})
	}
	for _, arg := range args {
		if _, err := strconv.ParseUint(arg, 10, 64); err == nil {
			return nil, usageErrorf("packages have no numbers ('%s'), but names: see 'gonix profile list'", arg)
		}
		title := "Package name '" + arg + "'"
		if dir.Contains(arg) {
			title = "Store path '" + strings.TrimPrefix(arg, string(dir)+"/") + "'"
		}
		matchers = append(matchers, matcher{title, func(name string, el *profileElement) bool {
			return name == arg || slices.Contains(el.StorePaths, arg)
		}})
	}
	switch {
	case f.all && len(matchers) > 0:
		return nil, usageErrorf("--all cannot be used with package names or regular expressions")
	case f.all:
		matchers = []matcher{{"--all", func(string, *profileElement) bool { return true }}}
	case len(matchers) == 0:
		return nil, usageErrorf("no packages specified: name some, or give --all or --regex")
	}
	if len(m) == 0 {
		warnf(env, "There are no packages in the profile.")
		return nil, nil
	}
	chosen := map[string]bool{}
	for _, x := range matchers {
		found := false
		for name, el := range m {
			if x.match(name, el) {
				chosen[name], found = true, true
			}
		}
		if !found {
			warnf(env, "%s does not match any packages in the profile.", x.title)
		}
	}
	return sortedNames(chosen), nil
}

// withChosen opens the profile for do, which does what verb says to the chosen packages.
func (f *profileFlags) withChosen(ctx context.Context, env *Env, which *matchFlags, args []string, verb string, do func(u *userEnv, m profileManifest, names []string) error) error {
	return f.with(ctx, env, func(u *userEnv) error {
		m, err := u.manifestOf(u.profile)
		if err != nil {
			return err
		}
		names, err := which.matching(env, u.eval.storeDir(), m, args)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			warnf(env, "No packages to %s. Use 'gonix profile list' to see the current profile.", verb)
			return nil
		}
		return do(u, m, names)
	})
}

func newProfileRemoveCmd(env *Env) *cobra.Command {
	var which matchFlags
	c := &cobra.Command{
		Use:     "remove [NAME]...",
		Aliases: []string{"rm"},
		Short:   "Remove packages",
		Example: "  gonix profile remove hello\n  gonix profile remove --regex '.*vim.*'",
	}
	f := addProfileFlags(env, c)
	which.add(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return f.withChosen(c.Context(), env, &which, args, "remove", func(u *userEnv, m profileManifest, names []string) error {
			for _, name := range names {
				fmt.Fprintf(env.Stderr, "removing '%s'\n", m[name].identifier())
				delete(m, name)
			}
			fmt.Fprintf(env.Stderr, "removed %d packages, kept %d packages\n", len(names), len(m))
			return u.update(c.Context(), m)
		})
	}
	return c
}

func newProfileUpgradeCmd(env *Env) *cobra.Command {
	var which matchFlags
	c := &cobra.Command{
		Use:   "upgrade [NAME]...",
		Short: "Replace packages by what they are now",
		Long: `Upgrade replaces packages by the attributes of their names in what --file or --expr
evaluates to. Profiles do not note where else than from a flake a package came from, and
what flakes are now cannot be found out yet.`,
		Example: "  gonix profile upgrade -f '<nixpkgs>' hello\n  gonix profile upgrade -f ./packages.nix --all",
	}
	f := addProfileFlags(env, c)
	f.eval.addSources(c)
	which.add(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return f.withChosen(c.Context(), env, &which, args, "upgrade", func(u *userEnv, m profileManifest, names []string) error {
			return u.upgradeElements(c.Context(), f.eval, m, names)
		})
	}
	return c
}

// upgradeElements replaces packages by the attributes of the same names.
func (u *userEnv) upgradeElements(ctx context.Context, f *evalFlags, m profileManifest, names []string) error {
	if f.file == "" && f.expr == "" {
		for _, name := range names {
			if m[name].URL != "" {
				warnf(u.env, "Found package '%s', but upgrading what was installed from flakes is not supported yet", m[name].identifier())
			} else {
				warnf(u.env, "Found package '%s', but it was not installed from a flake, so it can't be checked for upgrades: say with --file or --expr where it comes from", m[name].identifier())
			}
		}
		warnf(u.env, "Found some packages but none of them could be upgraded.")
		return nil
	}
	fresh, err := u.realiseElements(ctx, f, names, nil)
	if err != nil {
		return err
	}
	changed := false
	for i, name := range names {
		old, el := m[name], fresh[i]
		if slices.Equal(old.StorePaths, el.StorePaths) {
			continue
		}
		fmt.Fprintf(u.env.Stderr, "upgrading '%s' from %s to %s\n", name, old.versions(), el.versions())
		el.Active, el.Priority = old.Active, old.Priority
		m[name], changed = el, true
	}
	if !changed {
		return nil
	}
	return u.update(ctx, m)
}

// realiseElements builds or fetches what arguments stand for: a package for each.
func (u *userEnv) realiseElements(ctx context.Context, f *evalFlags, args []string, priority *int) ([]*profileElement, error) {
	e := u.eval
	var targets []builder.Target
	var of []int // arguments of targets
	els := make([]*profileElement, len(args))
	for i, arg := range args {
		more, err := e.installables(f, []string{arg})
		if err != nil {
			return nil, err
		}
		el := &profileElement{Active: true, Priority: priority}
		if priority == nil && slices.ContainsFunc(more, func(t builder.Target) bool { return !t.Drv.IsZero() }) {
			if el.Priority, err = e.metaPriority(f, arg); err != nil {
				return nil, err
			}
		}
		els[i] = el
		for _, t := range more {
			targets, of = append(targets, t), append(of, i)
		}
	}
	if err := e.finish(ctx); err != nil {
		return nil, err
	}
	results, err := e.build(ctx, targets...)
	if err != nil {
		return nil, err
	}
	for i, r := range results {
		el := els[of[i]]
		if r.Target.Drv.IsZero() {
			el.StorePaths = append(el.StorePaths, e.storeDir().Format(r.Target.Path))
		}
		for _, p := range r.Outputs {
			el.StorePaths = append(el.StorePaths, e.storeDir().Format(p))
		}
	}
	for _, el := range els {
		slices.Sort(el.StorePaths)
		el.StorePaths = slices.Compact(el.StorePaths)
	}
	return els, nil
}

// metaPriority is meta.priority of the package that an argument selects, nil if there
// is none.
func (e *evaluation) metaPriority(f *evalFlags, arg string) (*int, error) {
	name, _, _ := strings.Cut(arg, "^")
	if strings.HasPrefix(name, string(e.storeDir())+"/") {
		return nil, nil
	}
	v, err := e.valueOf(f, name)
	if err != nil {
		return nil, err
	}
	pkgs, ferr := e.st.Packages(v, e.auto)
	if ferr != nil || len(pkgs) == 0 {
		return nil, nil // a string that refers to something
	}
	slot := e.st.Get(pkgs[0].Attrs, "meta")
	if slot == nil {
		return nil, nil
	}
	meta, ferr := e.st.Force(*slot)
	if ferr != nil || meta.Kind() != eval.KindAttrs {
		return nil, nil
	}
	if slot = e.st.Get(meta.AsAttrs(), "priority"); slot == nil {
		return nil, nil
	}
	n, ferr := e.st.Force(*slot)
	if ferr != nil || n.Kind() != eval.KindInt {
		return nil, nil
	}
	priority := int(n.AsInt())
	return &priority, nil
}

// update makes the packages of a manifest the profile's next generation.
func (u *userEnv) update(ctx context.Context, m profileManifest) error {
	p, err := u.buildManifest(ctx, m)
	if err != nil {
		return m.explain(err)
	}
	return u.addGeneration(ctx, p)
}

// buildManifest adds the tree of links to the store, with the manifest in it.
func (u *userEnv) buildManifest(ctx context.Context, m profileManifest) (p store.Path, err error) {
	tmp, err := u.env.tempDir("gonix-profile-")
	if err != nil {
		return p, err
	}
	defer os.RemoveAll(tmp)
	s := u.eval.store
	var pkgs []builder.EnvPackage
	refs := map[string]store.Path{}
	for _, name := range sortedNames(m) {
		el := m[name]
		for _, path := range el.StorePaths {
			if refs[path], err = s.StoreDir().Parse(path); err != nil {
				return p, fmt.Errorf("package '%s': %w", name, err)
			}
			pkgs = append(pkgs, builder.EnvPackage{Path: path, Priority: el.priority(), Active: el.Active})
		}
	}
	tree := filepath.Join(tmp, "profile")
	warn := func(msg string) { warnf(u.env, "%s", msg) }
	if err := builder.LinkPackages(tree, pkgs, s.StoreDir(), s.RealDir(), warn); err != nil {
		return p, err
	}
	if err := os.WriteFile(filepath.Join(tree, "manifest.json"), m.text(), 0o644); err != nil {
		return p, err
	}
	var list []store.Path
	for _, name := range sortedNames(refs) {
		list = append(list, refs[name])
	}
	dump := func(w io.Writer) error { return nar.DumpPath(w, tree, nil) }
	return s.AddTree(ctx, "profile", store.Recursive, hash.SHA256, dump, list)
}

// explain says of a conflict which packages it is between, and what to do.
func (m profileManifest) explain(err error) error {
	conflict, ok := errors.AsType[*builder.EnvConflictError](err)
	if !ok {
		return err
	}
	owner := func(file string) string {
		for _, name := range sortedNames(m) {
			for _, p := range m[name].StorePaths {
				if file == p || strings.HasPrefix(file, p+"/") {
					return name
				}
			}
		}
		return file
	}
	old, fresh := owner(conflict.Old), owner(conflict.New)
	return fmt.Errorf(`packages '%s' and '%s' both have a file:

  %s
  %s

To remove one of them:

  gonix profile remove %s

Both have the priority %d. To have one beside the other, install it with another priority:
its files are used with --priority %d, and those of the other one with --priority %d.`,
		old, fresh, conflict.Old, conflict.New, old, conflict.Priority, conflict.Priority-1, conflict.Priority+1)
}
