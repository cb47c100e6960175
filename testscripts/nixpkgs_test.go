package testscripts

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// acceptanceList holds a line for each derivation: root, attribute path and drvPath,
// the last as the real Nix (2.8) gives it for the nixpkgs 20.09 of facts that
// GONIX_NIXPKGS names (a checkout without its hackage-packages.nix).
const acceptanceList = "nixpkgs/20.09.tsv"

// roots are the expressions that the attribute paths start at. NIXPKGS and HERE
// stand for the checkout and the folder of the list.
var roots = map[string]string{
	"pkgs":    `import NIXPKGS { system = "x86_64-linux"; config = { }; overlays = [ ]; }`,
	"unfree":  `import NIXPKGS { system = "x86_64-linux"; config.allowUnfree = true; overlays = [ ]; }`,
	"aarch64": `import NIXPKGS { system = "aarch64-linux"; config = { }; overlays = [ ]; }`,
	"darwin":  `import NIXPKGS { system = "x86_64-darwin"; config = { }; overlays = [ ]; }`,
	"tests": `import NIXPKGS/nixos/tests/all-tests.nix {
		system = "x86_64-linux"; callTest = t: t.test;
		pkgs = import NIXPKGS { system = "x86_64-linux"; config = { }; overlays = [ ]; }; }`,
	"release": `import NIXPKGS/nixos/release.nix {
		supportedSystems = [ "x86_64-linux" ];
		nixpkgs = { outPath = builtins.path { path = NIXPKGS; name = "nixpkgs"; }; revCount = 1; shortRev = "0000000"; }; }`,
	"nixos": `builtins.listToAttrs (map
		(name: {
		  inherit name;
		  value = (import NIXPKGS/nixos { system = "x86_64-linux"; configuration = HERE + "/${name}.nix"; }).system;
		})
		[ "sshd" "desktop" "server" ])`,
}

// batch is how many attributes one process evaluates; systems are large.
var batch = map[string]int{"tests": 4, "release": 4, "nixos": 1}

type acceptance struct{ root, attr, drv string }

func readAcceptance(t *testing.T) []acceptance {
	t.Helper()
	text, err := os.ReadFile(acceptanceList)
	if err != nil {
		t.Fatal(err)
	}
	var list []acceptance
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			t.Fatalf("%s: not three fields: %q", acceptanceList, line)
		}
		list = append(list, acceptance{f[0], f[1], f[2]})
	}
	return list
}

// TestNixpkgsList checks the list itself, also where there is no nixpkgs.
func TestNixpkgsList(t *testing.T) {
	drv := regexp.MustCompile(`^/nix/store/[0-9a-df-np-sv-z]{32}-[-+._?=0-9a-zA-Z]+\.drv$`)
	seen := map[string]bool{}
	drvs := map[string]bool{}
	for _, a := range readAcceptance(t) {
		key := a.root + " " + a.attr
		if roots[a.root] == "" || seen[key] || !drv.MatchString(a.drv) {
			t.Errorf("bad line: %s %s", key, a.drv)
		}
		seen[key], drvs[a.drv] = true, true
	}
	if len(drvs) < 500 {
		t.Errorf("only %d different derivations", len(drvs))
	}
}

func nixpkgs(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("GONIX_NIXPKGS")
	if dir == "" {
		return ""
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// expand puts the checkout's and the list's folder into an expression.
func expand(t *testing.T, expr, checkout string) string {
	t.Helper()
	here, err := filepath.Abs("nixpkgs")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("NIXPKGS", checkout, "HERE", here).Replace(expr)
}

var (
	nixpkgsTool = flag.String("nixpkgs-tool", "gonix-instantiate", "what evaluates the acceptance list; with -update, what makes it")
	nixpkgsOnly = flag.String("nixpkgs-only", "", "evaluate attributes that match this regular expression")
)

// TestNixpkgs evaluates the list on the checkout that GONIX_NIXPKGS names: it takes
// minutes. A checkout is no part of CI, where this only says so.
//
//	GONIX_NIXPKGS=dir go test ./testscripts -run TestNixpkgs$ -v
func TestNixpkgs(t *testing.T) {
	checkout := nixpkgs(t)
	if checkout == "" {
		t.Log("GONIX_NIXPKGS is not set")
		return
	}
	only := regexp.MustCompile(*nixpkgsOnly)
	byRoot := map[string][]acceptance{}
	for _, a := range readAcceptance(t) {
		if only.MatchString(a.root + " " + a.attr) {
			byRoot[a.root] = append(byRoot[a.root], a)
		}
	}
	fresh := map[string]string{}
	good, all := 0, 0
	for root, list := range byRoot {
		size := batch[root]
		if size == 0 {
			size = 40
		}
		for len(list) > 0 {
			n := min(size, len(list))
			for i, drv := range drvPaths(t, expand(t, roots[root], checkout), list[:n]) {
				a := list[i]
				fresh[a.root+"\t"+a.attr] = drv
				all++
				if drv == a.drv {
					good++
				} else if !*update {
					t.Errorf("%s %s:\n  want %s\n  got  %s", a.root, a.attr, a.drv, drv)
				}
			}
			list = list[n:]
		}
	}
	t.Logf("%d of %d attributes agree", good, all)
	if *update {
		var b strings.Builder
		for _, a := range readAcceptance(t) {
			if drv, ok := fresh[a.root+"\t"+a.attr]; ok {
				a.drv = drv
			}
			fmt.Fprintf(&b, "%s\t%s\t%s\n", a.root, a.attr, a.drv)
		}
		if err := os.WriteFile(acceptanceList, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// drvPaths evaluates attributes in one process; when that fails, each half alone,
// so that one failure costs only itself. A failed one is its error.
func drvPaths(t *testing.T, root string, list []acceptance) []string {
	t.Helper()
	var names strings.Builder
	for _, a := range list {
		name, _ := json.Marshal(strings.Split(a.attr, "."))
		names.Write(name)
	}
	expr := fmt.Sprintf(`let root = %s; in map
		(path: (builtins.foldl' (set: name: set.${name}) root path).drvPath)
		(builtins.fromJSON ''[%s]'')`, root, strings.ReplaceAll(names.String(), "][", "],["))
	c := exec.CommandContext(t.Context(), *nixpkgsTool, "--eval", "--strict", "--json", "--expr", expr)
	c.Env = os.Environ()
	if err := setup(workDir(t), func(name, value string) { c.Env = append(c.Env, name+"="+value) }); err != nil {
		t.Fatal(err)
	}
	// texlive recurses through a list of 14,000 elements, which Nix 2.8 did not count.
	c.Env = append(c.Env, "NIX_CONFIG=substitute = false\nmax-call-depth = 100000")
	out, err := c.Output()
	if err == nil {
		var drvs []string
		if err := json.Unmarshal(out, &drvs); err != nil || len(drvs) != len(list) {
			t.Fatalf("%s printed %.200q: %v", *nixpkgsTool, out, err)
		}
		return drvs
	}
	if n := len(list) / 2; n > 0 {
		return append(drvPaths(t, root, list[:n]), drvPaths(t, root, list[n:])...)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return []string{string(exit.Stderr)}
	}
	return []string{err.Error()}
}

// TestNixpkgsClosure has the real Nix and gonix write all .drv files and sources of
// a NixOS system, each into a store of its own, and compares the stores to the byte.
func TestNixpkgsClosure(t *testing.T) {
	checkout := nixpkgs(t)
	if checkout == "" {
		t.Log("GONIX_NIXPKGS is not set")
		return
	}
	stores := map[string]map[string]string{}
	for _, tool := range []string{"nix-instantiate", "gonix-instantiate"} {
		work := workDir(t)
		c := exec.CommandContext(t.Context(), tool, "--expr", expand(t, "("+roots["nixos"]+").sshd", checkout))
		c.Env = os.Environ()
		if err := setup(work, func(name, value string) { c.Env = append(c.Env, name+"="+value) }); err != nil {
			t.Fatal(err)
		}
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", tool, err, out)
		}
		stores[tool] = files(t, filepath.Join(work, ".root/nix/store"))
	}
	want, got := stores["nix-instantiate"], stores["gonix-instantiate"]
	drvs := 0
	for path, text := range want {
		if strings.HasSuffix(path, ".drv") {
			drvs++
		}
		if other, ok := got[path]; !ok {
			t.Errorf("gonix did not write %s", path)
		} else if other != text {
			t.Errorf("%s differs", path)
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			t.Errorf("only gonix wrote %s", path)
		}
	}
	t.Logf("%d files, %d of them derivations", len(want), drvs)
	if drvs < 1000 {
		t.Errorf("only %d derivations", drvs)
	}
}

// files reads a store: the content of regular files with their mode, the target of
// links. Locks and the folder of links for deduplication are no content.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case rel == ".links":
			return filepath.SkipDir
		case strings.HasSuffix(rel, ".lock") || d.IsDir():
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			all[rel], err = os.Readlink(path)
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		all[rel] = fmt.Sprintf("%v %s", info.Mode(), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
