package cmd

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store/local"
)

func newProfileCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "profile",
		Short: "Install packages, and go back to what was installed before",
		Long: `A profile is a set of packages that are there for good: ~/.nix-profile, whose programs are
in the user's PATH, unless --profile names another. Each change makes a new version of it,
and the old ones stay until they are wiped.`,
	}
	c.AddCommand(
		newProfileInstallCmd(env), newProfileRemoveCmd(env), newProfileUpgradeCmd(env), newProfileListCmd(env),
		newProfileHistoryCmd(env), newProfileDiffClosuresCmd(env), newProfileRollbackCmd(env), newProfileWipeHistoryCmd(env),
	)
	return c
}

// profileFlags are those of all commands that deal with a profile.
type profileFlags struct {
	eval    *evalFlags
	profile string
}

func addProfileFlags(env *Env, c *cobra.Command) *profileFlags {
	f := &profileFlags{}
	f.eval = addEvalFlags(c, addBuildSettingsFlags(c))
	f.eval.talk = addTalkFlags(env, c, false)
	c.Flags().StringVarP(&f.profile, "profile", "p", "", "work on `PROFILE`, not on ~/.nix-profile")
	return f
}

// find finds the profile without opening its store.
func (f *profileFlags) find(env *Env) (*nixEnv, error) {
	set, err := f.eval.conf.load(env)
	if err != nil {
		return nil, err
	}
	at, err := storeSettings(env, set, firstOf(f.eval.store, set.String("store")), local.Warn)
	if err != nil {
		return nil, err
	}
	n := &nixEnv{env: env, profile: f.profile}
	return n, n.findProfile("", set, at.StateDir)
}

// open opens the store and finds the profile. Close the evaluation.
func (f *profileFlags) open(ctx context.Context, env *Env) (*userEnv, error) {
	n, err := f.find(env)
	if err != nil {
		return nil, err
	}
	e, err := f.eval.open(ctx, env, readWrite)
	if err != nil {
		return nil, err
	}
	if e.store == nil {
		return nil, withClose(usageErrorf("the store '%s' has no profiles", f.eval.store), e)
	}
	return &userEnv{nixEnv: n, eval: e}, nil
}

// with opens the profile for f.
func (f *profileFlags) with(ctx context.Context, env *Env, do func(u *userEnv) error) error {
	u, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	return withClose(do(u), u.eval)
}

func newProfileRollbackCmd(env *Env) *cobra.Command {
	var to int
	var dryRun bool
	c := &cobra.Command{
		Use:     "rollback",
		Short:   "Go back to the version before, or to any other",
		Example: "  gonix profile rollback\n  gonix profile rollback --to 510",
		Args:    cobra.NoArgs,
	}
	f := addProfileFlags(env, c)
	c.Flags().IntVar(&to, "to", 0, "go to version `N`")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done")
	c.RunE = func(c *cobra.Command, args []string) error {
		n, err := f.find(env)
		if err != nil {
			return err
		}
		n.dryRun = dryRun
		return n.locked(c.Context(), func() error { return n.switchTo(strconv.Itoa(to), !c.Flags().Changed("to")) })
	}
	return c
}

func newProfileWipeHistoryCmd(env *Env) *cobra.Command {
	var older string
	var dryRun bool
	c := &cobra.Command{
		Use:     "wipe-history",
		Short:   "Delete versions that are not current",
		Example: "  gonix profile wipe-history\n  gonix profile wipe-history --older-than 30d",
		Args:    cobra.NoArgs,
	}
	f := addProfileFlags(env, c)
	c.Flags().StringVar(&older, "older-than", "", "only those that were not current in the last `DAYS`, such as 30d")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done")
	c.RunE = func(c *cobra.Command, args []string) error {
		n, err := f.find(env)
		if err != nil {
			return err
		}
		n.dryRun = dryRun
		if older == "" {
			older = "old"
		} else if _, err := daysAgo(older); err != nil {
			return err
		}
		return n.deleteGenerations(c.Context(), []string{older})
	}
	return c
}

func newProfileListCmd(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the packages",
		Example: "  gonix profile list\n  gonix profile list --json --profile ~/other",
		Args:    cobra.NoArgs,
	}
	f := addProfileFlags(env, c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		return f.with(c.Context(), env, func(u *userEnv) error {
			m, err := u.manifestOf(u.profile)
			if err != nil {
				return err
			}
			if asJSON {
				_, err := fmt.Fprintf(env.Stdout, "%s\n", m.text())
				return err
			}
			for i, name := range sortedNames(m) {
				if i > 0 {
					fmt.Fprintln(env.Stdout)
				}
				u.showElement(name, m[name])
			}
			return nil
		})
	}
	return c
}

func newProfileHistoryCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "history",
		Short:   "Show what each version changed",
		Example: "  gonix profile history\n  gonix profile history --profile /nix/var/nix/profiles/system",
		Args:    cobra.NoArgs,
	}
	f := addProfileFlags(env, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return f.with(c.Context(), env, func(u *userEnv) error { return u.showHistory() })
	}
	return c
}

func newProfileDiffClosuresCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "diff-closures",
		Short:   "Show how versions and sizes changed, also of what packages need",
		Example: "  gonix profile diff-closures\n  gonix profile diff-closures --profile /nix/var/nix/profiles/system",
		Args:    cobra.NoArgs,
	}
	f := addProfileFlags(env, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return f.with(c.Context(), env, func(u *userEnv) error { return u.showClosures(c.Context()) })
	}
	return c
}

// day is a date as histories show it.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
