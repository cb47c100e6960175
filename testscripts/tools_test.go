package testscripts

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTools runs the shell commands of differential/tools/*.sh twice, with "@-" and "@"
// once for "nix-" and "nix", once for "gonix-" and "gonix", and compares what they print to stdout and whether
// they fail. A command may go on in indented lines.
func TestTools(t *testing.T) {
	lists, err := filepath.Glob("differential/tools/*.sh")
	if err != nil || len(lists) == 0 {
		t.Fatalf("no commands: %v", err)
	}
	for _, list := range lists {
		tool := strings.TrimSuffix(filepath.Base(list), ".sh")
		t.Run(tool, func(t *testing.T) {
			if tool == "nix" {
				need(t, "nix")
			} else {
				need(t, "nix-"+tool)
			}
			need(t, "busybox")
			text, err := os.ReadFile(list)
			if err != nil {
				t.Fatal(err)
			}
			for i, command := range commands(string(text)) {
				// A name that will do for a directory, too.
				t.Run(fmt.Sprint(i+1), func(t *testing.T) {
					if !collects.MatchString(command) {
						t.Parallel()
					}
					want, wantErr := shell(t, "nix", command)
					got, gotErr := shell(t, "gonix", command)
					if got != want && knownTools[command] == "" {
						t.Errorf("%s\n-nix +gonix:\n%s\nnix said:\n%s\ngonix said:\n%s", command, cmp.Diff(want, got), wantErr, gotErr)
					} else if got == want && knownTools[command] != "" {
						t.Errorf("%s: the known difference is gone", command)
					}
				})
			}
		})
	}
}

// collects are the commands that delete something. They run alone: what other processes
// have in their environment is in use, and stores of this test have the same paths.
var collects = regexp.MustCompile(`--gc|delete|collect-garbage`)

// commands splits a list into commands: lines, with the indented ones that follow.
func commands(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "):
			all[len(all)-1] += "\n" + strings.TrimSuffix(line, "\n")
		default:
			all = append(all, strings.TrimSuffix(line, "\n"))
		}
	}
	return all
}

// shell runs a command in a folder of its own. Its status counts as 0 or not: wrong usage is 2 in gonix
// and 1 in Nix.
func shell(t *testing.T, side, command string) (result, stderr string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("differential/files")); err != nil {
		t.Fatal(err)
	}
	command = strings.NewReplacer("@-", side+"-", "@ ", side+" ").Replace(command)
	c := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
	c.Dir, c.Env = dir, os.Environ()
	if err := setup(workDir(t), func(name, value string) { c.Env = append(c.Env, name+"="+value) }); err != nil {
		t.Fatal(err)
	}
	c.Env = append(c.Env, realConfig)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	// Nix 2.8 ends JSON without a new line, 2.36 with one.
	text := strings.TrimSuffix(strings.ReplaceAll(out.String(), dir, "DIR"), "\n")
	return fmt.Sprintf("%s\nfailed: %v\n", text, err != nil), errs.String()
}

// knownTools are deliberate differences from the tools of Nix 2.8, with reasons.
var knownTools = map[string]string{
	`@-build -Q -E 'derivation { name = "bad"; system = "other"; builder = "/bin/sh"; }'; echo $?`:                       "since 2.20 what cannot be built here counts as a failed build",
	"@-instantiate --eval --xml --strict -E '{ a = 1; f = { x, y ? 1, ... }: x; g = a@{ x }: x; h = x: x; }'":            "2.36 gives the path of files only",
	"@-instantiate --eval --xml -E '{ a = 1; b = [ true null 1.5 \"<\" ]; }'":                                            "lists of constants are never unevaluated",
	"@-instantiate --eval --json -E '{ a = [ 1 2.5 null \"x\" ]; }'":                                                     "lists of constants are never unevaluated",
	"@-instantiate --parse -E '{ a, b ? 1, ... }: with a; let x = 1; in rec { inherit x; y.z = [ x (-1) \"s${b}\" ]; }'": "2.36 writes inherit without the space",
}
