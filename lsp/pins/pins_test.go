package pins

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gonix.dev/gonix/store"
)

// A flake's inputs, and theirs, with what follows what.
func TestFlakes(t *testing.T) {
	dir := t.TempDir()
	storeDir := store.Dir(filepath.Join(dir, "store"))
	const there = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	const missing = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	source := sourcePath(there, storeDir)
	if err := os.MkdirAll(source, 0o777); err != nil {
		t.Fatal(err)
	}
	lock := `{"root": "top", "nodes": {
		"top": {"inputs": {"nixpkgs": "n_2", "hm": "hm", "sub": "sub", "same": ["hm", "nixpkgs"]}},
		"hm": {"inputs": {"nixpkgs": ["nixpkgs"]}, "locked": {"narHash": "` + missing + `"}},
		"sub": {"inputs": {}, "original": {"type": "path", "path": "./sub"}, "locked": {}},
		"n_2": {"locked": {"narHash": "` + there + `", "dir": "lib"}, "flake": false}}}`
	if err := os.WriteFile(filepath.Join(dir, "flake.lock"), []byte(lock), 0o666); err != nil {
		t.Fatal(err)
	}
	want := map[string]Flake{
		"root": {Dir: dir, Inputs: map[string]string{"nixpkgs": "n_2", "hm": "hm", "sub": "sub", "same": "n_2"}},
		"hm":   {Inputs: map[string]string{"nixpkgs": "n_2"}},
		"sub":  {Dir: filepath.Join(dir, "sub"), Inputs: map[string]string{}},
		"n_2":  {Dir: filepath.Join(source, "lib"), Plain: true, Inputs: map[string]string{}},
	}
	if diff := cmp.Diff(want, Flakes(dir, storeDir)); diff != "" {
		t.Errorf("flakes (-want +got):\n%s", diff)
	}
	lone := t.TempDir()
	if diff := cmp.Diff(map[string]Flake{"root": {Dir: lone, Inputs: map[string]string{}}}, Flakes(lone, storeDir)); diff != "" {
		t.Errorf("without a lock file (-want +got):\n%s", diff)
	}
}

// The three hash the same source, which is in the store or not.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	storeDir := store.Dir(filepath.Join(dir, "store"))
	const sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o777)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("flake/flake.lock", `{"root": "root", "nodes": {
		"root": {"inputs": {"nixpkgs": "n_2", "home-manager": "hm", "other": ["home-manager", "nixpkgs"]}},
		"hm": {"inputs": {"nixpkgs": "n_2"}, "locked": {"narHash": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
		"n_2": {"locked": {"narHash": "`+sri+`"}}}}`)
	write("npins/npins/sources.json", `{"pins": {"nixpkgs": {"hash": "`+sri+`"}}}`)
	write("niv/nix/sources.json", `{"nixpkgs": {"sha256": "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"}}`)
	write("broken/flake.lock", `{"root": 1`)

	want := sourcePath(sri, storeDir)
	for _, project := range []string{"flake", "npins", "niv"} {
		if got := Find(filepath.Join(dir, project), "nixpkgs", storeDir); got != "" {
			t.Errorf("%s: found %s, which is not in the store", project, got)
		}
	}
	write(filepath.Join("store", filepath.Base(want), "default.nix"), "{ }")
	for _, project := range []string{"flake", "npins", "niv"} {
		if got := Find(filepath.Join(dir, project), "nixpkgs", storeDir); got != want || want == "" {
			t.Errorf("%s: found %q, want %q", project, got, want)
		}
	}
	for project, name := range map[string]string{"flake": "home-manager", "npins": "none", "broken": "nixpkgs", "missing": "nixpkgs"} {
		if got := Find(filepath.Join(dir, project), name, storeDir); got != "" {
			t.Errorf("%s: found %s for %s", project, got, name)
		}
	}
	if got := Find(filepath.Join(dir, "flake"), "other", storeDir); got != want {
		t.Errorf("an input that follows another is %q, want %q", got, want)
	}
}
