package cmd

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/settings"
)

func newConfigCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Show the settings of nix.conf",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, args []string) error { return c.Help() },
	}
	c.AddCommand(newConfigShowCmd(env, "show"))
	return c
}

// newShowConfigCmd is `config show` under its old name.
func newShowConfigCmd(env *Env) *cobra.Command {
	c := newConfigShowCmd(env, "show-config")
	c.Hidden = true
	return c
}

func newConfigShowCmd(env *Env, name string) *cobra.Command {
	var asJSON, origin, describe bool
	var flags *settingsFlags
	c := &cobra.Command{
		Use:   name + " [NAME]",
		Short: "Show settings and where they come from",
		Long: `Show the value of every setting, or of one.

Values come from the defaults, the system's nix.conf, the user's, the variables
NIX_CONFIG and NIX_PATH, and flags; later ones are stronger.`,
		Example: `  gonix config show
  gonix config show --origin
  gonix config show cores
  gonix config show --json substituters
  gonix config show --max-jobs auto max-jobs`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return settings.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			s, err := flags.load(env)
			if err != nil {
				return err
			}
			names := settings.Names()
			if len(args) == 1 {
				def, _, ok := settings.Lookup(args[0])
				if !ok {
					err := fmt.Errorf("could not find setting '%s'", args[0])
					if meant := settings.Suggest(args[0]); meant != "" {
						err = fmt.Errorf("%w; did you mean '%s'?", err, meant)
					}
					return err
				}
				names = []string{def.Name}
			}
			if asJSON {
				return printSettingsJSON(env, s, names, len(args) == 1)
			}
			var b strings.Builder
			for _, name := range names {
				def, _, _ := settings.Lookup(name)
				if describe {
					fmt.Fprintf(&b, "# %s\n", def.Doc)
				}
				value := s.String(name)
				if len(args) == 0 {
					value = name + " = " + value
				}
				b.WriteString(value)
				if origin {
					var from []string
					for _, o := range s.Origins(name) {
						from = append(from, o.String())
					}
					fmt.Fprintf(&b, "  # %s", strings.Join(from, ", "))
				}
				b.WriteByte('\n')
			}
			_, err = fmt.Fprint(env.Stdout, b.String())
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "show values, defaults, descriptions and origins as JSON")
	c.Flags().BoolVar(&origin, "origin", false, "show where each value came from")
	c.Flags().BoolVar(&describe, "describe", false, "say what each setting means")
	flags = addSettingsFlags(c)
	return c
}

func printSettingsJSON(env *Env, s *settings.Settings, names []string, one bool) error {
	var out any
	if one {
		out = s.JSON(names[0])
	} else {
		all := map[string]any{}
		for _, name := range names {
			all[name] = s.JSON(name)
		}
		out = all
	}
	enc := json.NewEncoder(env.Stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
