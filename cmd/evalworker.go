package cmd

import (
	"errors"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/lsp/worker"
)

// evalWorkerVerb starts the process that evaluates for the language server.
const evalWorkerVerb = "__eval-worker"

func newEvalWorkerCmd(env *Env) *cobra.Command {
	var memory int
	c := &cobra.Command{
		Use:     evalWorkerVerb,
		Short:   "Evaluate for the language server",
		Long:    "The language server starts this for itself: requests come in on standard input, answers go out on standard output.",
		Example: "  gonix " + evalWorkerVerb + " --memory 2048",
		Hidden:  true,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			err := worker.Run(c.Context(), env.Stdin, env.Stdout, memory)
			if errors.Is(err, worker.ErrMemory) {
				return &exitError{Code: 1} // the server knows what that means
			}
			return err
		},
	}
	c.Flags().IntVar(&memory, "memory", 2048, "end when more than this many MiB of memory are used")
	return c
}
