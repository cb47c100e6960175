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
	for _, name := range []string{"nix-instantiate", "gonix-instantiate"} {
		t.Run(name, func(t *testing.T) {
			need(t, name)
			for _, g := range goldens {
				t.Run(g.file, func(t *testing.T) {
					t.Parallel()
					args := g.args
					if !slices.Contains(args, "--expr") {
						args = append(slices.Clone(args), "--argstr", "system", "x86_64-linux")
					}
					got := tool(t, workDir(t), name, args...)
					got = strings.TrimSuffix(got, "\n") + "\n" // see shell
					path := filepath.Join("../examples/golden", g.file)
					if *update && name == "nix-instantiate" {
						if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
							t.Fatal(err)
						}
					}
					want, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(string(want), got); diff != "" {
						t.Errorf("golden and %s differ (-golden +%s):\n%s", name, name, diff)
					}
				})
			}
		})
	}
}

// built are the packages that TestExamplesBuild builds.
var built = []string{"checks", "site", "host.toplevel", "licence", "almanac", "almanac.doc", "almanac.data", "shell"}

// TestExamplesBuild builds the examples with nothing but gonix, in a sandbox, and
// compares the results' hashes with those of what the real Nix built.
func TestExamplesBuild(t *testing.T) {
	const golden = "../examples/golden/hashes.txt"
	args := []string{"--no-out-link", "--argstr", "system", "x86_64-linux", "default.nix"}
	for _, attr := range built {
		args = append(args, "-A", attr)
	}
	work := workDir(t)
	hashes := func(prefix string) string {
		paths := strings.Fields(tool(t, work, prefix+"-build", args...))
		if len(paths) != len(built) {
			t.Fatalf("%d results for %d attributes", len(paths), len(built))
		}
		out := ""
		for i, path := range paths {
			hash := tool(t, work, prefix+"-store", "--query", "--hash", path)
			out += built[i] + " " + path + " " + hash
		}
		return out
	}
	if *update {
		// Where the real Nix works is not where gonix does: it builds in its own store.
		args = append(args, "--option", "sandbox", "false")
		work = ""
		if err := os.WriteFile(golden, []byte(hashes("nix")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), hashes("gonix")); diff != "" {
		t.Errorf("gonix builds something else than Nix (-nix +gonix):\n%s", diff)
	}
	if out := tool(t, work, "gonix-store", "--verify", "--check-contents"); out != "" {
		t.Errorf("verify: %s", out)
	}
}

// tool runs a tool in examples/ with the store below work, or the machine's own.
func tool(t *testing.T, work, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = "../examples"
	c.Env = os.Environ()
	if work == "" {
		c.Env = nil
	} else if err := setup(work, func(name, value string) { c.Env = append(c.Env, name+"="+value) }); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
