package testscripts

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goldens are questions about examples/ whose answers lie in examples/golden.
var goldens = []struct {
	file string // below examples/golden
	args []string
}{
	{"drvs.txt", []string{
		"default.nix", "-A", "greet", "-A", "almanac", "-A", "almanac.doc", "-A", "licence", "-A", "site",
		"-A", "tools", "-A", "checks", "-A", "shell", "-A", "host.etc", "-A", "host.toplevel",
	}},
	{"overlay.txt", []string{"--expr", `
		let set = import ./. { system = "x86_64-linux"; overlays = [ (import ./overlays/night.nix) ]; };
		in [ set.greet set.whisper set.bell set.tools set.site set.host.toplevel ]`}},
	{"overrides.txt", []string{"--expr", `
		let set = import ./. { system = "x86_64-linux"; };
		in [
		  (set.greet.override { loud = true; })
		  (set.greet.override (old: { recipient = old.recipient or "gull"; }))
		  (set.greet.overrideAttrs (old: { name = "old-${old.version}"; }))
		  ((set.greet.override { loud = true; }).overrideAttrs (_: { ending = "?"; }))
		]`}},
	{"host.json", []string{"--eval", "--strict", "--json", "--expr", `
		let host = (import ./. { system = "x86_64-linux"; }).host.config;
		in removeAttrs host [ "environment" "system" ]
		  // { start = host.system.start; etc = builtins.mapAttrs (_: f: f.text) host.environment.etc; }`}},
	{"manual.json", []string{"--eval", "--strict", "--json", "-A", "host.manual", "default.nix"}},
	{"almanac.json", []string{"--eval", "--strict", "--json", "-A", "almanac.drvAttrs", "default.nix"}},
	{"data.txt", []string{"--eval", "--strict", "--expr", `
		let set = import ./. { system = "x86_64-linux"; }; in { inherit (set) versions lights; inherit (set.greet) meta; }`}},
}

func TestExamples(t *testing.T) {
	for _, tool := range []string{"nix-instantiate", "gonix-instantiate"} {
		t.Run(tool, func(t *testing.T) {
			if ok, err := have(tool); err != nil {
				t.Fatal(err)
			} else if !ok {
				t.Skipf("no %s", tool)
			}
			for _, g := range goldens {
				t.Run(g.file, func(t *testing.T) {
					t.Parallel()
					args := g.args
					if !slices.Contains(args, "--expr") {
						args = append(slices.Clone(args), "--argstr", "system", "x86_64-linux")
					}
					got, stderr := instantiate(t, tool, args...)
					got = strings.TrimSuffix(got, "\n") + "\n" // see shell
					path := filepath.Join("../examples/golden", g.file)
					if *update && tool == "nix-instantiate" {
						if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
							t.Fatal(err)
						}
					}
					want, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(string(want), got); diff != "" {
						t.Errorf("golden and %s differ (-golden +%s):\n%s\n%s", tool, tool, diff, stderr)
					}
				})
			}
		})
	}
}

// instantiate runs a tool in examples/ with a store of its own.
func instantiate(t *testing.T, tool string, args ...string) (stdout, stderr string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), tool, args...)
	c.Dir = "../examples"
	c.Env = os.Environ()
	if err := setup(workDir(t), func(name, value string) { c.Env = append(c.Env, name+"="+value) }); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && out.Len() > 0 {
		t.Errorf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, errs.String())
	}
	return out.String(), errs.String()
}
