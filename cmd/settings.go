package cmd

import (
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"

	"gonix.dev/gonix/settings"
)

// settingsFlags collects the settings of a command line, in order.
type settingsFlags struct {
	assignments []string // NAME twoWordSep VALUE
}

// addSettingsFlags lets a command take --option NAME VALUE and every setting as
// a flag of its own (--cores 4, --no-sandbox, --extra-substituters URL; see
// expandSettings). Call load in the command's RunE.
func addSettingsFlags(c *cobra.Command) *settingsFlags {
	f := &settingsFlags{}
	// No StringArray: its first value would displace those of short flags.
	c.Flags().Func("option", "set `NAME VALUE` of nix.conf; each setting is also a flag (--cores 4)", func(v string) error {
		f.assignments = append(f.assignments, v)
		return nil
	})
	_ = c.RegisterFlagCompletionFunc("option", cobra.FixedCompletions(settings.Names(), cobra.ShellCompDirectiveNoFileComp))
	return f
}

// acceptVerbosity lets a command take Nix's flags for more and less talk where it
// has none of its own: Nix takes them everywhere.
func acceptVerbosity(c *cobra.Command) {
	fl := c.Flags()
	if fl.Lookup("option") == nil || fl.Lookup("verbose") != nil || fl.ShorthandLookup("v") != nil {
		return
	}
	fl.CountP("verbose", "v", "")
	_ = fl.MarkHidden("verbose")
	for _, name := range []string{"quiet", "debug"} {
		if fl.Lookup(name) == nil {
			fl.Bool(name, false, "")
			_ = fl.MarkHidden(name)
		}
	}
}

// addBuildSettingsFlags adds the short names of the settings that builds are
// steered with.
func addBuildSettingsFlags(c *cobra.Command) *settingsFlags {
	f := addSettingsFlags(c)
	set := func(name string) func(string) error {
		return func(v string) error {
			f.assignments = append(f.assignments, name+twoWordSep+v)
			return nil
		}
	}
	c.Flags().FuncP("max-jobs", "j", "run `N` builds at the same time (auto: one for each CPU)", set("max-jobs"))
	short := "k"
	if c.Flags().ShorthandLookup(short) != nil { // --keep-env-var
		short = ""
	}
	c.Flags().BoolFuncP("keep-going", short, "build on when one build fails", set("keep-going"))
	c.Flags().BoolFuncP("keep-failed", "K", "keep the temporary directory of a failed build", set("keep-failed"))
	return f
}

// load reads the configuration files and variables, then the flags, and prints
// the warnings.
func (f *settingsFlags) load(env *Env) (*settings.Settings, error) {
	s, err := settings.Load(settingsWorld(env))
	if err != nil {
		return nil, err
	}
	for _, a := range f.assignments {
		name, value, ok := strings.Cut(a, twoWordSep)
		if !ok {
			return nil, usageErrorf("flag '--option' needs two words, NAME and VALUE")
		}
		if err := s.Set(name, value, settings.Origin{Kind: settings.Flag, Name: "--" + name}); err != nil {
			return nil, usageErrorf("%v", err)
		}
	}
	for _, w := range s.Warnings {
		warnf(env, "%s", w)
	}
	return s, nil
}

// settingsWorld is what settings may see of this machine.
func settingsWorld(env *Env) settings.World {
	w := settings.World{
		Getenv:   env.Getenv,
		ReadFile: os.ReadFile,
		Exists:   func(file string) bool { return unix.Access(file, unix.R_OK) == nil },
		Dir:      env.Dir,
		Root:     os.Geteuid() == 0,
		Levels:   x86Level(),
		KVM:      unix.Access("/dev/kvm", unix.R_OK|unix.W_OK) == nil,
	}
	if env.Getenv("HOME") == "" {
		if u, err := user.Current(); err == nil {
			w.Home = u.HomeDir
		}
	}
	return w
}

// x86Level is the micro-architecture level of an x86-64 processor, 1 to 4, and
// 0 for every other processor.
func x86Level() int {
	x := &cpu.X86
	switch {
	case !x.HasSSE2:
		return 0
	case !x.HasCX16 || !x.HasPOPCNT || !x.HasSSE3 || !x.HasSSSE3 || !x.HasSSE41 || !x.HasSSE42:
		return 1
	case !x.HasAVX || !x.HasAVX2 || !x.HasBMI1 || !x.HasBMI2 || !x.HasFMA || !x.HasOSXSAVE:
		return 2
	case !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512CD || !x.HasAVX512DQ || !x.HasAVX512VL:
		return 3
	}
	return 4
}

// expandSettings rewrites settings that are given as flags to --option, for
// commands that have it: registering 250 flags with every command would cost
// more than most commands do. A command's own flags go first.
func expandSettings(root *cobra.Command, args []string) []string {
	expanded := expandSettingsFor(nil, args)
	if len(expanded) == len(args) && equalWords(expanded, args) {
		return args
	}
	c, _, err := root.Find(expanded)
	if err != nil || c.Flags().Lookup("option") == nil {
		return args
	}
	return expandSettingsFor(c, args)
}

func equalWords(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func expandSettingsFor(c *cobra.Command, args []string) []string {
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return append(out, args[i:]...)
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(args[i], "--"), "=")
		if !strings.HasPrefix(args[i], "--") || name == "option" {
			out = append(out, args[i])
			continue
		}
		if c != nil {
			if own := c.Flags().Lookup(name); own != nil {
				out = append(out, args[i])
				if !hasValue && own.NoOptDefVal == "" && i+1 < len(args) {
					i++
					out = append(out, args[i])
				}
				continue
			}
		}
		def, _, ok := settings.Lookup(name)
		bare, no := strings.CutPrefix(name, "no-")
		switch {
		case ok && (def.IsBool() || def.Name == "sandbox"):
			if !hasValue {
				value = "true"
			}
		case ok:
			if !hasValue && i+1 < len(args) {
				i++
				value, hasValue = args[i], true
			}
			if !hasValue { // the flag parser will say that it does not know the flag
				out = append(out, args[i])
				continue
			}
		case name == "relaxed-sandbox":
			name, value = "sandbox", "relaxed"
		case no && !hasValue:
			def, _, ok = settings.Lookup(bare)
			if !ok || !def.IsBool() && def.Name != "sandbox" {
				out = append(out, args[i])
				continue
			}
			name, value = bare, "false"
		default:
			out = append(out, args[i])
			continue
		}
		out = append(out, "--option="+name+twoWordSep+value)
	}
	return out
}
