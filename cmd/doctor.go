package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder/sandbox"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store/local"
	"gonix.dev/gonix/store/sign"
)

// checkup is one thing that doctor looked at.
type checkup struct {
	state string // ok, note or bad
	what  string
	mend  string // what to do; "" if nothing
}

func newDoctorCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what works on this machine, and how to mend what does not",
		Long: `Doctor looks at what gonix needs: the store, sandboxes, build users, control groups,
binary caches and keys, and at an installed Nix. It changes nothing. The exit status
is 1 if something that builds need does not work.`,
		Example: "  gonix doctor\n  gonix doctor --store ~/mystore",
		Args:    cobra.NoArgs,
	}
	conf := addSettingsFlags(c)
	var uri string
	c.Flags().StringVar(&uri, "store", "", "look at the store at `URI`")
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := conf.load(env)
		if err != nil {
			return err
		}
		if uri == "" {
			uri = s.String("store")
		}
		bad := false
		for _, look := range []func() checkup{
			func() checkup { return lookAtStore(c.Context(), env, s, uri) },
			func() checkup { return lookAtSandbox(s, isDiverted(env, s, uri)) },
			lookAtUserNamespaces,
			func() checkup { return lookAtShell(s) },
			func() checkup { return lookAtBuildUsers(s) },
			lookAtCgroups,
			func() checkup { return lookAtKeys(s) },
			func() checkup { return lookAtCaches(c.Context(), env, s) },
			func() checkup { return lookAtNix(c.Context(), env) },
		} {
			f := look()
			mark := map[string]string{"ok": "ok  ", "note": "note", "bad": "BAD "}[f.state]
			fmt.Fprintf(env.Stdout, "%s  %s\n", mark, f.what)
			if f.mend != "" {
				fmt.Fprintf(env.Stdout, "      %s\n", strings.ReplaceAll(f.mend, "\n", "\n      "))
			}
			bad = bad || f.state == "bad"
		}
		if bad {
			return &exitError{Code: 1}
		}
		return nil
	}
	return c
}

func lookAtStore(ctx context.Context, env *Env, s *settings.Settings, uri string) checkup {
	if f := lookAtKeys(s); f.state == "bad" {
		return checkup{"bad", fmt.Sprintf("store '%s' cannot be used while 'trusted-public-keys' is wrong", uri), ""}
	}
	set, err := storeSettings(env, s, uri, local.Error)
	if err != nil {
		return checkup{"bad", fmt.Sprintf("store '%s': %v", uri, err), "Set 'store' to a local store, such as --store ~/mystore."}
	}
	st, err := local.Open(ctx, set)
	if err != nil {
		return checkup{"bad", fmt.Sprintf("store '%s': %v", uri, err),
			"Use a store of your own with --store DIR, or give yourself access to this one."}
	}
	defer st.Close()
	what := fmt.Sprintf("store %s", st.StoreDir())
	if st.RealDir() != string(st.StoreDir()) {
		what += " at " + st.RealDir()
	}
	return checkup{"ok", what + ", database in " + filepath.Join(st.StateDir(), "db"), ""}
}

// isDiverted says whether a store's paths are somewhere else than they say.
func isDiverted(env *Env, s *settings.Settings, uri string) bool {
	set, err := storeSettings(env, s, uri, local.Error)
	return err == nil && (set.Root != "" || set.RealDir != "" && set.RealDir != string(set.Dir))
}

// lookAtSandbox looks whether builds get one. In a store that is elsewhere nothing
// can be built without.
func lookAtSandbox(s *settings.Settings, diverted bool) checkup {
	sup := sandbox.Probe()
	mode := s.String("sandbox")
	switch {
	case sup.Namespaces && mode == "true":
		return checkup{"ok", "sandboxed builds", ""}
	case sup.Namespaces:
		return checkup{"note", "sandboxes work, but 'sandbox' is " + mode, "Builds see the whole machine. Set 'sandbox = true' in nix.conf."}
	}
	f := checkup{"bad", fmt.Sprintf("sandboxes do not work: %v", sup.Err),
		"Where user namespaces are forbidden: sysctl user.max_user_namespaces=15000, on Debian also\n" +
			"kernel.unprivileged_userns_clone=1, on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0.\n" +
			"In a container: give it CAP_SYS_ADMIN and an unmasked /proc."}
	if diverted {
		f.what += "; this store is not where its paths say, so nothing can be built in it"
	} else if mode == "false" || s.Bool("sandbox-fallback") {
		f.state = "note"
		f.what += "; builds run without"
	}
	return f
}

func lookAtUserNamespaces() checkup {
	if sandbox.Probe().UserNamespaces {
		return checkup{"ok", "user namespaces", ""}
	}
	return checkup{"note", "no user namespaces: normal users have no sandbox", ""}
}

func lookAtShell(s *settings.Settings) checkup {
	for _, p := range s.SandboxPaths() {
		if p.Inside == "/bin/sh" {
			return checkup{"ok", "/bin/sh in sandboxes is " + p.Outside, ""}
		}
	}
	shell, libraries := sandboxShell()
	switch {
	case shell == "":
		return checkup{"note", "there is no /bin/sh in sandboxes",
			"This gonix needs libraries that were not found. Use one built with CGO_ENABLED=0, or set\nsandbox-paths = /bin/sh=/path/to/a/static/shell"}
	case len(libraries) > 0:
		return checkup{"ok", fmt.Sprintf("/bin/sh in sandboxes is gonix itself, with %d libraries of this machine", len(libraries)), ""}
	}
	return checkup{"ok", "/bin/sh in sandboxes is gonix itself", ""}
}

func lookAtCgroups() checkup {
	b, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	controllers := strings.Fields(string(b))
	switch {
	case slices.Contains(controllers, "pids") && slices.Contains(controllers, "memory"):
		return checkup{"ok", "control groups v2 with " + strings.Join(controllers, ", "), ""}
	case err == nil:
		return checkup{"note", "control groups v2 without controllers of processes and memory: 'use-cgroups' does nothing", ""}
	}
	return checkup{"note", "no control groups v2; builds are ended by their pid namespace all the same", ""}
}

func lookAtKeys(s *settings.Settings) checkup {
	keys := s.Strings("trusted-public-keys")
	if _, err := sign.ParseKeys(keys); err != nil {
		return checkup{"bad", fmt.Sprintf("trusted-public-keys: %v", err), "Correct the key in nix.conf: NAME:BASE64."}
	}
	var names []string
	for _, k := range keys {
		name, _, _ := strings.Cut(k, ":")
		names = append(names, name)
	}
	if len(names) == 0 {
		return checkup{"note", "no trusted keys: nothing can be substituted", ""}
	}
	return checkup{"ok", "trusted keys: " + strings.Join(names, ", "), ""}
}

func lookAtCaches(ctx context.Context, env *Env, s *settings.Settings) checkup {
	uris := s.Strings("substituters")
	if !s.Bool("substitute") || len(uris) == 0 {
		return checkup{"note", "no binary caches are asked: everything is built", ""}
	}
	st := newStores(env, s, local.Error)
	defer st.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var good, bad []string
	for _, u := range uris {
		var err error
		if !isCache(u) {
			err = errors.New("not a binary cache")
		} else if c, e := st.openCache(u); e != nil {
			err = e
		} else if dir, ok := strings.CutPrefix(c.URI(), "file://"); ok {
			_, err = os.Stat(dir)
		} else {
			err = c.Init(ctx)
		}
		if err != nil {
			bad = append(bad, fmt.Sprintf("%s: %v", u, err))
		} else {
			good = append(good, u)
		}
	}
	if len(bad) > 0 {
		return checkup{"note", "binary caches that do not answer: " + strings.Join(bad, "; "), "Builds go on without them. Use '--option substitute false' to not even try."}
	}
	return checkup{"ok", "binary caches: " + strings.Join(good, ", "), ""}
}

func lookAtNix(ctx context.Context, env *Env) checkup {
	name, err := exec.LookPath("nix")
	if err != nil {
		return checkup{"ok", "no other Nix is installed", ""}
	}
	out, err := exec.CommandContext(ctx, name, "--version").Output()
	if err != nil {
		return checkup{"note", fmt.Sprintf("%s does not work: %v", name, err), ""}
	}
	what := name + " is " + strings.TrimSpace(string(out))
	if _, err := os.Stat("/nix/var/nix/daemon-socket/socket"); err == nil {
		what += ", with a daemon"
	}
	return checkup{"ok", what, ""}
}
