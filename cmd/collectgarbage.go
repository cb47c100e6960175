package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store/local"
)

// newCollectGarbage is nix-collect-garbage.
func newCollectGarbage(env *Env, name string) *cobra.Command {
	var deleteOld, dryRun bool
	var older, max string
	c := &cobra.Command{
		Use:   name + " [FLAGS]",
		Short: "Delete old generations of profiles, and what nothing needs",
		Example: "  " + name + "\n  " + name + " -d\n  " + name + " --delete-older-than 30d\n  " +
			name + " --max-freed 10G",
		Args:          cobra.NoArgs,
		Version:       nixVersion,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetVersionTemplate(name + " (Nix) {{.Version}}\n")
	flags := addSettingsFlags(c)
	c.Flags().BoolVarP(&deleteOld, "delete-old", "d", false, "delete all old generations of all profiles")
	c.Flags().StringVar(&older, "delete-older-than", "", "delete generations that were not current in the last `DAYS`, such as 30d")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say how much would be deleted")
	c.Flags().StringVar(&max, "max-freed", "", "stop after freeing `N` bytes (K, M, G, T)")
	c.RunE = func(c *cobra.Command, args []string) error {
		opts, err := gcOptions(max, dryRun, "--max-freed")
		if err != nil {
			return err
		}
		var cutoff time.Time
		if older != "" {
			if cutoff, err = daysAgo(older); err != nil {
				return err
			}
		}
		set, err := flags.load(env)
		if err != nil {
			return err
		}
		return withStore(c, env, flags, func(ctx context.Context, s *local.Store) error {
			if deleteOld || older != "" {
				seen := map[string]bool{}
				for _, dir := range profileDirs(env, set, s.StateDir()) {
					if err := removeOldGenerations(ctx, env, dir, cutoff, dryRun, seen); err != nil {
						return err
					}
				}
			}
			return collectOrCount(ctx, env, s, opts)
		})
	}
	return c
}

// daysAgo reads a time such as "30d".
func daysAgo(s string) (time.Time, error) {
	days, err := strconv.Atoi(strings.TrimSuffix(s, "d"))
	if err != nil || !strings.HasSuffix(s, "d") || days < 0 {
		return time.Time{}, usageErrorf("invalid number of days specifier '%s', expected something like '14d'", s)
	}
	return time.Now().Add(-time.Duration(days) * 24 * time.Hour), nil
}

// profileDirs are the directories that may hold profiles: the user's own, the
// machine's, and the one that ~/.nix-profile points to.
func profileDirs(env *Env, set *settings.Settings, stateDir string) []string {
	dirs := []string{filepath.Join(stateDir, "profiles")}
	if os.Geteuid() == 0 {
		dirs = append(dirs, filepath.Join(stateDir, rootProfiles))
	} else if state := env.stateHome(); state != "" {
		dirs = append(dirs, filepath.Join(state, "profiles"))
	}
	link := env.profileLink(set)
	if target, err := os.Readlink(link); err == nil {
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(link), target)
		}
		dirs = append(dirs, filepath.Dir(target))
	}
	return dirs
}

func joinIf(dir, name string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

// removeOldGenerations does so for every profile in and below dir.
func removeOldGenerations(ctx context.Context, env *Env, dir string, cutoff time.Time, dryRun bool, seen map[string]bool) error {
	if seen[dir] || unix.Access(dir, unix.R_OK) != nil {
		return nil
	}
	seen[dir] = true
	writable := unix.Access(dir, unix.W_OK) == nil
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		full := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			if err := removeOldGenerations(ctx, env, full, cutoff, dryRun, seen); err != nil {
				return err
			}
		case e.Type()&os.ModeSymlink != 0 && writable:
			target, err := os.Readlink(full)
			if os.IsNotExist(err) {
				continue // a generation that was just removed
			}
			if err != nil {
				return err
			}
			// A profile points to one of its generations, NAME-N-link.
			if !strings.Contains(target, "link") {
				continue
			}
			fmt.Fprintf(env.Stderr, "removing old generations of profile %s\n", full)
			err = local.DeleteOldGenerations(ctx, full, cutoff, dryRun, func(g local.Generation) {
				verb := "removing"
				if dryRun {
					verb = "would remove"
				}
				fmt.Fprintf(env.Stderr, "%s profile version %d\n", verb, g.Number)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
