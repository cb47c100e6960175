package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// version is gonix's own; nixVersion the release of Nix whose language and
// formats it speaks.
const (
	version    = "0.1.0"
	nixVersion = "2.36.0"
)

// verbs makes the commands of `gonix <verb>`, in the order of the help text.
var verbs = []func(*Env) *cobra.Command{
	newBuildCmd,
	newCheckCmd,
	newEnvCmd,
	newEvalWorkerCmd,
	newConfigCmd,
	newCopyCmd,
	newDerivationCmd,
	newDevelopCmd,
	newDoctorCmd,
	newEvalCmd,
	newFmtCmd,
	newHashCmd,
	newKeyCmd,
	newLogCmd,
	newLspCmd,
	newNarCmd,
	newParseCmd,
	newReplCmd,
	newPathInfoCmd,
	newRealisationCmd,
	newProfileCmd,
	newPrintDevEnvCmd,
	newRunCmd,
	newServeCmd,
	newShellCmd,
	newShowConfigCmd,
	newShowDerivationCmd,
	newStoreCmd,
	newWhyDependsCmd,
	newWhyRebuildCmd,
}

// legacyTools makes the commands that are chosen by the name gonix is called by:
// the key "build" serves gonix-build and nix-build.
var legacyTools = map[string]func(env *Env, name string) *cobra.Command{
	"build":           newNixBuild,
	"collect-garbage": newCollectGarbage,
	"env":             newNixEnv,
	"hash":            newNixHash,
	"instantiate":     newInstantiateTool,
	"prefetch-url":    newPrefetchURL,
	"shell":           newNixShell,
	"store":           newNixStore,
}

// nixTools are the names of all of Nix's own tools, without "nix-".
var nixTools = map[string]bool{
	"build": true, "channel": true, "collect-garbage": true, "copy-closure": true, "daemon": true, "env": true,
	"hash": true, "instantiate": true, "prefetch-url": true, "shell": true, "store": true,
}

func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "gonix",
		Short: "The Nix toolchain around its language",
		Long: `gonix reads, evaluates, formats, builds and explains Nix.

It speaks the language and the formats of Nix ` + nixVersion + ` and works on Nix's own store.`,
		Version:                    version + " (Nix " + nixVersion + ")",
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		Args:                       cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(c, args[0])
			}
			return c.Help()
		},
	}
	if env.Program == "nix" {
		// What scripts that look for a release of Nix understand.
		root.SetVersionTemplate("nix (Nix) " + nixVersion + "\n")
	}
	for _, verb := range verbs {
		root.AddCommand(verb(env))
	}
	return root
}

// prepare makes every kind of wrong usage, in c and all commands below it, exit
// with status 2 and point to the help text.
func prepare(c *cobra.Command) {
	c.SetFlagErrorFunc(flagError)
	acceptVerbosity(c)
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return flagError(c, err)
			}
			return nil
		}
	}
	if c.HasSubCommands() && c.HasParent() && c.RunE == nil && c.Run == nil {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(c, args[0])
			}
			return c.Help()
		}
	}
	for _, sub := range c.Commands() {
		prepare(sub)
	}
}

func unknownVerb(c *cobra.Command, name string) error {
	err := fmt.Sprintf("unknown command %q", name)
	if near := c.SuggestionsFor(name); len(near) > 0 {
		err += ", did you mean " + strings.Join(near, " or ") + "?"
	}
	return flagError(c, errors.New(err))
}

// flagError makes wrong usage exit with status 2.
func flagError(c *cobra.Command, err error) error {
	return usageErrorf("%w\nTry '%s --help'", err, c.CommandPath())
}
