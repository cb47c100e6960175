package cmd

import (
	"fmt"
	"strings"
)

// printError shows an error that ended a command.
func printError(env *Env, err error) {
	text := env.readable(env.Stderr, err.Error())
	if !strings.HasPrefix(text, "\n") {
		text = " " + text
	}
	fmt.Fprintf(env.Stderr, "%s%s\n", env.paint(env.Stderr, styleError, "error:"), text)
}

// warnf shows something the user should know but that stops nothing.
func warnf(env *Env, format string, args ...any) {
	fmt.Fprintf(env.Stderr, "%s %s\n", env.paint(env.Stderr, styleWarning, "warning:"), env.readable(env.Stderr, fmt.Sprintf(format, args...)))
}

// evalWarning shows a warning of the evaluator. Those of builtins.warn have a
// prefix of their own, under which further lines are indented.
func evalWarning(env *Env, msg string) {
	const prefix = "evaluation warning:"
	text, ok := strings.CutPrefix(msg, prefix+" ")
	if !ok {
		warnf(env, "%s", msg)
		return
	}
	if strings.HasPrefix(text, "\n") {
		text = strings.TrimSuffix(text, "\n")
	} else {
		text = " " + strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", len(prefix)+1))
	}
	fmt.Fprintf(env.Stderr, "%s%s\n", env.paint(env.Stderr, styleWarning, prefix), env.readable(env.Stderr, text))
}
