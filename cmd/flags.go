package cmd

import "slices"

// twoWordFlags are Nix's flags that take two words, such as `--arg NAME EXPR`.
var twoWordFlags = map[string]bool{
	"--arg": true, "--argstr": true, "--option": true,
	"--override-input": true, "--arg-from-file": true, "--redirect": true, "--set-env-var": true,
}

// enteringVerbs start a program in an environment; to them -s is --set-env-var.
var enteringVerbs = []string{"develop", "shell", "run", "print-dev-env"}

// twoWordSep joins the two words of a flag into the one that pflag can take.
const twoWordSep = "\x00"

// normalizeArgs rewrites `--arg NAME EXPR` to `--arg=NAME\x00EXPR`, and the flag
// `--command PROGRAM ARGS...`, which takes all that follows, to `--command -- PROGRAM
// ARGS...`. Words after `--` are left alone, and so is a flag with too few words,
// which then fails as wrong usage.
func normalizeArgs(args []string) []string {
	out := make([]string, 0, len(args))
	entering := false
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--":
			return append(out, args[i:]...)
		case entering && (a == "-c" || a == "--command"):
			return append(append(out, "--command", "--"), args[i+1:]...)
		case (twoWordFlags[a] || entering && a == "-s") && i+2 < len(args):
			out = append(out, a+"="+args[i+1]+twoWordSep+args[i+2])
			i += 2
		default:
			entering = entering || slices.Contains(enteringVerbs, a)
			out = append(out, a)
		}
	}
	return out
}
