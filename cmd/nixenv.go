package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store/local"
)

// nixEnv is one run of nix-env.
type nixEnv struct {
	env     *Env
	profile string // absolute name of the profile's link
	attrs   bool   // selectors are attribute paths
	exprs   bool   // selectors are functions from what packages come from to packages
	from    string // profile to take packages from; "" takes them from expressions
	keep    bool   // do not replace packages of the same name
	dryRun  bool

	priority  string // of what is installed
	removeAll bool   // what was installed before

	// What --query shows; keep is the column of attribute paths then.
	noName, outPath, drvPath, system, description, compare bool
	offers                                                 bool // what could be installed
	status, prebuilt, json, xml, meta                      bool
}

// newNixEnv is nix-env, as far as it goes: one profile and its generations.
func newNixEnv(env *Env, name string) *cobra.Command {
	n := &nixEnv{env: env}
	op, opValue := "", ""
	var leq, eq, always bool
	c := &cobra.Command{
		Use:   name + " --OPERATION [FLAGS] ARGS...",
		Short: "Install packages into a profile, and go back to earlier generations",
		Example: "  " + name + " -f ./packages.nix -i hello\n  " + name + " -f '<nixpkgs>' -iA hello\n  " +
			name + " -q --out-path\n  " + name + " -e hello\n  " + name + " --rollback",
		Version:       nixVersion,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetVersionTemplate(name + " (Nix) {{.Version}}\n")
	conf := addBuildSettingsFlags(c)
	f := addEvalFlags(c, conf)
	f.talk = addTalkFlags(env, c, true)
	fl := c.Flags()
	choose := func(what string) func(string) error {
		return func(v string) error {
			if op != "" && op != what {
				return fmt.Errorf("only one operation may be specified")
			}
			op, opValue = what, v
			return nil
		}
	}
	file := ""
	fl.StringVarP(&file, "file", "f", "", "take packages from `FILE`")
	fl.BoolFuncP("install", "i", "install packages", choose("install"))
	fl.BoolFuncP("upgrade", "u", "replace packages by newer versions", choose("upgrade"))
	fl.BoolFunc("set", "make a package itself the profile", choose("set"))
	fl.BoolFunc("set-flag", "set meta.NAME of installed packages: NAME VALUE PACKAGES...", choose("flag"))
	fl.BoolFuncP("uninstall", "e", "remove packages", choose("uninstall"))
	fl.BoolFuncP("query", "q", "list installed packages", choose("query"))
	fl.BoolFunc("list-generations", "list the profile's generations", choose("list"))
	fl.BoolFunc("delete-generations", "delete generations: old, 30d or numbers", choose("delete"))
	fl.BoolFunc("rollback", "go back one generation", choose("rollback"))
	fl.FuncP("switch-generation", "G", "go to generation `N`", choose("switch"))
	fl.FuncP("switch-profile", "S", "make ~/.nix-profile point to `PROFILE`", choose("profile"))
	fl.StringVarP(&n.profile, "profile", "p", "", "work on `PROFILE`, not on ~/.nix-profile")
	fl.BoolVarP(&n.attrs, "attr", "A", false, "packages are named by attribute paths")
	fl.BoolVarP(&n.exprs, "from-expression", "E", false, "packages are what functions make of that with all packages: 'p: p.hello'")
	fl.StringVar(&n.from, "from-profile", "", "take packages from the profile `PROFILE`")
	fl.BoolVarP(&n.keep, "preserve-installed", "P", false, "keep installed packages of the same name")
	fl.BoolVar(&n.dryRun, "dry-run", false, "say what would be done")
	fl.BoolVar(&n.noName, "no-name", false, "with --query: do not print names")
	fl.BoolVar(&n.outPath, "out-path", false, "with --query: print output paths")
	fl.BoolVar(&n.drvPath, "drv-path", false, "with --query: print derivations")
	fl.BoolVar(&n.system, "system", false, "with --query: print systems")
	fl.BoolVar(&n.description, "description", false, "with --query: print descriptions")
	fl.BoolVarP(&n.compare, "compare-versions", "c", false, "with --query: compare installed versions with available ones")
	fl.BoolVar(&n.json, "json", false, "with --query: print JSON")
	fl.BoolVar(&n.xml, "xml", false, "with --query: print XML")
	fl.BoolVar(&n.meta, "meta", false, "with --query --json: print meta attributes")
	fl.BoolVar(&n.keep, "attr-path", false, "with --query: print attribute paths (-P)")
	fl.StringVar(&n.priority, "priority", "", "with --install: install with this priority `N`")
	fl.BoolVarP(&n.removeAll, "remove-all", "r", false, "with --install: remove everything else")
	fl.BoolVar(&leq, "leq", false, "with --upgrade: also to the same version")
	fl.BoolVar(&eq, "eq", false, "with --upgrade: only to the same version")
	fl.BoolVar(&always, "always", false, "with --upgrade: also to older versions")
	fl.Bool("lt", true, "with --upgrade: only to newer versions")
	fl.BoolVarP(&n.offers, "available", "a", false, "with --query: list what could be installed")
	fl.BoolVarP(&n.status, "status", "s", false, "with --query -a: say what is installed (I), present (P) and substitutable (S)")
	fl.BoolVarP(&n.prebuilt, "prebuilt-only", "b", false, "with --query -a: only what need not be built")
	fl.Bool("installed", true, "")
	_ = fl.MarkHidden("installed")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		set, err := conf.load(env)
		if err != nil {
			return err
		}
		at, err := storeSettings(env, set, firstOf(f.store, set.String("store")), local.Warn)
		if err != nil {
			return err
		}
		if err := n.findProfile(op, set, at.StateDir); err != nil {
			return err
		}
		switch op {
		case "":
			return usageErrorf("no operation specified\nTry '%s --help'", name)
		case "list":
			return n.listGenerations()
		case "delete":
			return n.deleteGenerations(ctx, args)
		case "rollback", "switch":
			return n.locked(ctx, func() error { return n.switchTo(opValue, op == "rollback") })
		case "profile":
			return linkAtomically(env.profileLink(set), env.abs(opValue))
		}
		e, err := f.openWith(ctx, env, readWrite, set)
		if err != nil {
			return err
		}
		if e.store == nil {
			return withClose(usageErrorf("nothing can be installed in the store '%s'", f.store), e)
		}
		u := &userEnv{nixEnv: n, eval: e}
		switch op {
		case "install":
			err = u.install(ctx, file, args)
		case "uninstall":
			err = u.uninstall(ctx, args)
		case "query":
			err = u.query(ctx, file, args)
		case "set":
			err = u.set(ctx, file, args)
		case "flag":
			err = u.setFlags(ctx, args)
		case "upgrade":
			err = u.upgrade(ctx, file, args, func(d int) bool {
				return always || (leq || eq) && d == 0 || !eq && d > 0
			})
		}
		return withClose(err, e)
	}
	return c
}

// findProfile makes n.profile absolute; by default it is where ~/.nix-profile
// points, and that is made if it is missing.
func (n *nixEnv) findProfile(op string, set *settings.Settings, stateDir string) error {
	if n.profile != "" {
		n.profile = n.env.abs(n.profile)
		return nil
	}
	home := n.env.Getenv("HOME")
	if home == "" {
		return usageErrorf("HOME is not set: say which profile with --profile")
	}
	link := n.env.profileLink(set)
	target, err := os.Readlink(link)
	if err == nil {
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(link), target)
		}
		n.profile = target
		return nil
	}
	n.profile = filepath.Join(n.profilesDir(stateDir), "profile")
	if op != "query" && op != "list" {
		for _, dir := range []string{filepath.Dir(n.profile), filepath.Dir(link)} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		return linkAtomically(link, n.profile)
	}
	return nil
}

// stateHome is where Nix keeps what belongs to the user; "" without a home.
func (env *Env) stateHome() string {
	return firstOf(env.Getenv("NIX_STATE_HOME"), joinIf(env.Getenv("XDG_STATE_HOME"), "nix"), joinIf(env.Getenv("HOME"), ".local/state/nix"))
}

// profileLink is what points to the user's profile; "" without a home.
func (env *Env) profileLink(s *settings.Settings) string {
	if s.Bool("use-xdg-base-directories") {
		return joinIf(env.stateHome(), "profile")
	}
	return joinIf(env.Getenv("HOME"), ".nix-profile")
}

// defExpr is where nix-env finds packages.
func (env *Env) defExpr(s *settings.Settings) string {
	if s.Bool("use-xdg-base-directories") {
		return filepath.Join(env.stateHome(), "defexpr")
	}
	return filepath.Join(env.Getenv("HOME"), ".nix-defexpr")
}

// profilesDir is where the user's profiles are.
func (n *nixEnv) profilesDir(stateDir string) string {
	if os.Geteuid() == 0 {
		return filepath.Join(stateDir, rootProfiles)
	}
	return filepath.Join(n.env.stateHome(), "profiles")
}

// rootProfiles is where root's profiles are, below a store's state.
const rootProfiles = "profiles/per-user/root"

// linkAtomically makes link point to target, relative if both are in one directory.
func linkAtomically(link, target string) error {
	if filepath.Dir(link) == filepath.Dir(target) {
		target = filepath.Base(target)
	}
	return local.ReplaceLink(link, target)
}

// generations are those of the profile; none if its directory is missing.
func (n *nixEnv) generations() ([]local.Generation, int, error) {
	gens, current, err := local.Generations(n.profile)
	if os.IsNotExist(err) {
		return nil, 0, nil
	}
	return gens, current, err
}

// locked runs f while nobody else changes the profile, if there can be one.
func (n *nixEnv) locked(ctx context.Context, f func() error) error {
	if _, err := os.Stat(filepath.Dir(n.profile)); err != nil {
		return f()
	}
	return local.WithProfileLock(ctx, n.profile, f)
}

func (n *nixEnv) listGenerations() error {
	gens, current, err := n.generations()
	if err != nil {
		return err
	}
	for _, g := range gens {
		mark := ""
		if g.Number == current {
			mark = "(current)"
		}
		fmt.Fprintf(n.env.Stdout, "%4d   %s   %s\n", g.Number, g.Created.Format("2006-01-02 15:04:05"), mark)
	}
	return nil
}

func (n *nixEnv) deleteGenerations(ctx context.Context, args []string) error {
	say := func(g local.Generation) {
		verb := "removing"
		if n.dryRun {
			verb = "would remove"
		}
		fmt.Fprintf(n.env.Stderr, "%s profile version %d\n", verb, g.Number)
	}
	if len(args) == 1 {
		if args[0] == "old" {
			return local.DeleteOldGenerations(ctx, n.profile, time.Time{}, n.dryRun, say)
		}
		if strings.HasSuffix(args[0], "d") {
			cutoff, err := daysAgo(args[0])
			if err != nil {
				return err
			}
			return local.DeleteOldGenerations(ctx, n.profile, cutoff, n.dryRun, say)
		}
	}
	return n.locked(ctx, func() error { return n.deleteNumbered(args, say) })
}

func (n *nixEnv) deleteNumbered(args []string, say func(local.Generation)) error {
	gens, current, err := n.generations()
	if err != nil {
		return err
	}
	for _, a := range args {
		number, err := strconv.Atoi(a)
		if err != nil {
			return usageErrorf("invalid generation number '%s'", a)
		}
		if number == current {
			return fmt.Errorf("cannot delete current version of profile '%s'", n.profile)
		}
		for _, g := range gens {
			if g.Number == number {
				say(g)
				if !n.dryRun {
					if err := os.Remove(g.Path); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// switchTo goes to a generation, or to the one before the current.
func (n *nixEnv) switchTo(number string, back bool) error {
	gens, current, err := n.generations()
	if err != nil {
		return err
	}
	want := 0
	if !back {
		if want, err = strconv.Atoi(number); err != nil {
			return usageErrorf("invalid generation number '%s'", number)
		}
	}
	for _, g := range slices.Backward(gens) {
		if back && g.Number < current || !back && g.Number == want {
			fmt.Fprintf(n.env.Stderr, "switching profile from version %d to %d\n", current, g.Number)
			if n.dryRun {
				return nil
			}
			return linkAtomically(n.profile, g.Path)
		}
	}
	if back {
		return fmt.Errorf("no profile version older than the current (%d) exists", current)
	}
	return fmt.Errorf("profile version %d does not exist", want)
}
