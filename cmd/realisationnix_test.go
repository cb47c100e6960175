package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// floating is a content-addressed derivation that needs another, one whose path
// depends on theirs, and two whose paths are known.
const floating = `let
  make = name: script: more: derivation ({ inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" script ]; } // more);
  ca = { __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"; };
  one = make "one" "echo one > $out; echo two > $dev" (ca // { outputs = [ "out" "dev" ]; });
  two = make "two" "echo ${one} ${one.dev} $out > $out" ca;
in {
  inherit one two;
  three = make "three" "echo ${two} > $out" { };
  plain = make "plain" "echo plain > $out" { };
  fixed = make "fixed" "read x < ${one}; echo $x > $out" { outputHash = builtins.hashString "sha256" "one\n"; outputHashAlgo = "sha256"; };
}
`

// TestRealisationsWithNix has gonix and Nix build content-addressed derivations, write
// them to a binary cache, and take them from the other's, where nothing may be built.
func TestRealisationsWithNix(t *testing.T) {
	t.Parallel()
	p := newPeers(t)
	public := strings.TrimSpace(p.keys())
	if err := os.WriteFile(filepath.Join(p.dir, "floating.nix"), []byte(floating), 0o644); err != nil {
		t.Fatal(err)
	}
	config := p.vars["NIX_CONFIG"] + "\nextra-experimental-features = ca-derivations"
	builds := p.with("NIX_CONFIG", config+"\nsecret-key-files = "+p.dir+"/k.secret")
	takes := func(name, cache string) *peers {
		return p.other(name).with("NIX_CONFIG", config+"\nmax-jobs = 0\nsubstituters = "+cache+"\ntrusted-public-keys = "+public)
	}
	ours, theirs := "file://"+p.dir+"/ours", "file://"+p.dir+"/theirs"

	builds.mustNix("nix", "copy", "--to", theirs, "-f", "floating.nix", "one", "two", "three", "plain", "fixed")
	for _, dir := range []string{"store", "state"} { // gonix is to build it again, in the same place
		if out, err := exec.Command("sh", "-c", "chmod -R u+w $0 && rm -r $0", filepath.Join(p.dir, dir)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	builds.mustGonix("copy", "--to", ours, "-f", "floating.nix", "one^*", "two", "three", "plain", "fixed")
	names := func(cache string) (names []string) {
		for _, f := range mustGlob(t, strings.TrimPrefix(cache, "file://")+"/realisations/*.doi") {
			names = append(names, filepath.Base(f))
		}
		return names
	}
	if a, b := names(ours), names(theirs); strings.Join(a, " ") != strings.Join(b, " ") || len(a) != 6 {
		t.Errorf("realisations that gonix wrote: %q\nand Nix: %q", a, b)
	}
	for _, name := range names(theirs) {
		a, err := os.ReadFile(p.dir + "/ours/realisations/" + name)
		if err != nil {
			t.Error(err)
			continue
		}
		b, err := os.ReadFile(p.dir + "/theirs/realisations/" + name)
		if err != nil || string(a) != string(b) {
			t.Errorf("gonix wrote %s\nand Nix   %s", a, b)
		}
	}

	three := takes("c", theirs).mustGonix("build", "--no-link", "--print-out-paths", "-f", "floating.nix", "three")
	got := takes("d", ours).mustNix("nix", "build", "--no-link", "--json", "-f", "floating.nix", "three")
	if !strings.Contains(got, three) {
		t.Errorf("gonix has %s, and Nix %s", three, got)
	}
	takes("c", theirs).holds(three)
	takes("d", ours).holds(three)

	served := builds.serve("--key-file", "k.secret")
	takes("e", served).mustNix("nix", "build", "--no-link", "-f", "floating.nix", "two")

	// Somebody else's key does not do.
	_, errs, status := takes("f", theirs).with("NIX_CONFIG", config+"\nmax-jobs = 0\nsubstituters = "+theirs).gonix("build", "--no-link", "-f", "floating.nix", "two")
	if status == 0 || !strings.Contains(errs, "not signed by any of the keys") {
		t.Errorf("status %d, %s", status, errs)
	}
	if got := takes("c", theirs).mustGonix("realisation", "info", "-f", "floating.nix", "two"); !strings.Contains(got, "-two") || !strings.HasPrefix(got, "sha256:") {
		t.Errorf("realisation info: %s", got)
	}
}

func mustGlob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}
