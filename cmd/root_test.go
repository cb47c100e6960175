package cmd

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func testEnv(vars map[string]string) (env *Env, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return &Env{
		Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, Dir: "/",
		Getenv: func(name string) string { return vars[name] },
	}, stdout, stderr
}

func TestNormalizeArgs(t *testing.T) {
	tests := []struct{ in, want []string }{
		{[]string{"--arg", "n", "1", "x"}, []string{"--arg=n\x001", "x"}},
		{[]string{"--argstr", "n", "--strict", "--strict"}, []string{"--argstr=n\x00--strict", "--strict"}},
		{[]string{"--option", "cores", "4"}, []string{"--option=cores\x004"}},
		{[]string{"--", "--arg", "n", "1"}, []string{"--", "--arg", "n", "1"}},
		{[]string{"--arg", "n"}, []string{"--arg", "n"}},
		{nil, []string{}},
	}
	for _, tt := range tests {
		if got := normalizeArgs(tt.in); !slices.Equal(got, tt.want) {
			t.Errorf("normalizeArgs(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestColor(t *testing.T) {
	tests := []struct {
		vars map[string]string
		want bool
	}{
		{nil, false}, // a buffer is no terminal
		{map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
	}
	for _, tt := range tests {
		env, _, stderr := testEnv(tt.vars)
		if got := env.color(stderr); got != tt.want {
			t.Errorf("%v: color = %v", tt.vars, got)
		}
	}
}

func TestExitStatus(t *testing.T) {
	tests := []struct {
		args   []string
		status int
		stderr string
	}{
		{[]string{"gonix", "--version"}, 0, ""},
		{[]string{"gonix"}, 0, ""},
		{[]string{"gonix", "no-such-verb"}, 2, `unknown command "no-such-verb"`},
		{[]string{"gonix", "--no-such-flag"}, 2, "Try 'gonix --help'"},
		{[]string{"gonix", "config", "no-such-verb"}, 2, "Try 'gonix config --help'"},
		{[]string{"/somewhere/nix-daemon"}, 2, "gonix does not have nix-daemon"},
		{[]string{"/somewhere/gonix-static", "--version"}, 0, ""},
	}
	for _, tt := range tests {
		env, _, stderr := testEnv(nil)
		if got := Run(t.Context(), env, tt.args); got != tt.status || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%q: status %d, want %d; stderr %q", tt.args, got, tt.status, stderr)
		}
	}
}

// TestHelp holds every command to the house rules: it says what it does, in one
// line without a full stop, and shows examples.
func TestHelp(t *testing.T) {
	env, _, _ := testEnv(nil)
	check := func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Short) > 80 {
			t.Errorf("%s: the short help %q", c.CommandPath(), c.Short)
		}
		if c.Runnable() && !c.HasSubCommands() && c.HasParent() && c.Example == "" && !c.Hidden {
			t.Errorf("%s: no example in its help", c.CommandPath())
		}
	}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		check(c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(env))
	for name, tool := range legacyTools {
		if c := tool(env, "gonix-"+name); c.Short == "" {
			t.Errorf("gonix-%s: no short help", name)
		}
	}
}
