package cmd

import (
	"github.com/spf13/cobra"
)

// version is gonix's own; nixVersion the release of Nix whose language and
// formats it speaks.
const (
	version    = "0.1.0"
	nixVersion = "2.36.0"
)

// verbs makes the commands of `gonix <verb>`, in the order of the help text.
var verbs = []func(*Env) *cobra.Command{}

// legacyTools makes the commands that are chosen by the name gonix is called by:
// the key "build" serves gonix-build and nix-build.
var legacyTools = map[string]func(env *Env, name string) *cobra.Command{}

func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:           "gonix",
		Short:         "The Nix toolchain around its language",
		Version:       version + " (Nix " + nixVersion + ")",
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, args []string) error {
			return c.Help()
		},
	}
	root.SetFlagErrorFunc(flagError)
	for _, verb := range verbs {
		root.AddCommand(verb(env))
	}
	return root
}

// flagError makes wrong flags exit with status 2.
func flagError(c *cobra.Command, err error) error {
	return usageErrorf("%v\nTry '%s --help'", err, c.CommandPath())
}
