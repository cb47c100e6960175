package lsp

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestFlakesAround: the flakes around a file are found, the nearest first, but for
// nixpkgs.
func TestFlakesAround(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"flake.nix", "a/flake.nix", "nixpkgs/flake.nix", "nixpkgs/pkgs/top-level/all-packages.nix"} {
		file := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("{ }"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	v := &view{folders: []folder{{path: top}}}
	for file, want := range map[string][]string{
		"x.nix":             {top},
		"a/b/x.nix":         {filepath.Join(top, "a"), top},
		"nixpkgs/lib/x.nix": {top},
	} {
		if got := v.flakesAround(filepath.Join(top, file)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", file, got, want)
		}
	}
}
