package cmd

import "fmt"

// printError shows an error that ended a command.
func printError(env *Env, err error) {
	fmt.Fprintf(env.Stderr, "%s %v\n", env.paint(env.Stderr, styleError, "error:"), err)
}

// warnf shows something the user should know but that stops nothing.
func warnf(env *Env, format string, args ...any) {
	fmt.Fprintf(env.Stderr, "%s %s\n", env.paint(env.Stderr, styleWarning, "warning:"), fmt.Sprintf(format, args...))
}
