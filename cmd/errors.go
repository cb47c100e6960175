package cmd

import "fmt"

// printError shows an error that ended a command.
func printError(env *Env, err error) {
	fmt.Fprintf(env.Stderr, "error: %v\n", err)
}
