package cmd

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/builder"
)

// printError shows an error that ended a command.
func printError(env *Env, err error) {
	if env.jsonTalk {
		writeJSONLine(env.Stderr, jsonError(err))
		return
	}
	text := spaced(env.readable(env.Stderr, err.Error()))
	fmt.Fprintf(env.Stderr, "%s%s\n", env.paint(env.Stderr, styleError, "error:"), text)
}

// spaced is text to follow a word; what begins on a line of its own needs no space.
func spaced(text string) string {
	if strings.HasPrefix(text, "\n") {
		return text
	}
	return " " + text
}

// warnf shows something the user should know but that stops nothing.
func warnf(env *Env, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if env.jsonTalk {
		writeJSONLine(env.Stderr, jsonMessage(builder.LevelWarn, jsonWarning+text))
		return
	}
	fmt.Fprintf(env.Stderr, "%s %s\n", env.paint(env.Stderr, styleWarning, "warning:"), env.readable(env.Stderr, text))
}

// showTrace shows what Nix code traces.
func showTrace(env *Env, msg string) {
	if env.jsonTalk {
		writeJSONLine(env.Stderr, jsonMessage(builder.LevelError, "trace: "+msg))
		return
	}
	fmt.Fprintf(env.Stderr, "trace: %s\n", env.readable(env.Stderr, msg))
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
	if env.jsonTalk {
		writeJSONLine(env.Stderr, jsonMessage(builder.LevelWarn, styleWarning+prefix+styleReset+text))
		return
	}
	fmt.Fprintf(env.Stderr, "%s%s\n", env.paint(env.Stderr, styleWarning, prefix), env.readable(env.Stderr, text))
}
