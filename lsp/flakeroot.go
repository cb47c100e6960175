package lsp

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/modules"
	"gonix.dev/gonix/lsp/pins"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/store"
)

// flakesAround returns the folders around a file that are flakes, the nearest
// first. That nixpkgs is one does not count: what its modules are part of is known,
// and its outputs take seconds.
func (v *view) flakesAround(path string) []string {
	var out []string
	for _, dir := range v.dirsAround(path) {
		file := filepath.Join(dir, "flake.nix")
		if _, err := os.Stat(file); (err == nil || v.docs[file] != nil) && !isNixpkgs(dir) {
			out = append(out, dir)
		}
	}
	return out
}

// flakeRoot is a flake as a root of module systems. It is evaluated where it is, so
// that unsaved texts count. Its inputs are those that its lock file names, if they
// are on this machine; else folders, and what the search path has by their names.
func (s *Server) flakeRoot(ctx context.Context, dir string) worker.Root {
	v := s.viewOf(ctx)
	file := filepath.Join(dir, "flake.nix")
	flakes := pins.Flakes(dir, store.DefaultDir)
	s.addInputs(ctx, v, flakes, pins.Root)
	return worker.Root{Kind: modules.Own, File: file, Flakes: flakes}
}

// addInputs gives a flake the inputs that no lock file has, or that are not on this
// machine as it has them.
func (s *Server) addInputs(ctx context.Context, v *view, flakes map[string]pins.Flake, key string) {
	self := flakes[key]
	d, err := s.file(ctx, filepath.Join(self.Dir, "flake.nix"))
	if err != nil {
		return
	}
	root, ok := d.File().Root.(*ast.AttrSet)
	if !ok {
		return
	}
	for name, in := range analysis.FlakeInputs(root) {
		if at, ok := self.Inputs[name]; ok && flakes[at].Dir != "" {
			continue
		}
		if at, ok := flakes[pins.Root].Inputs[name]; ok && len(in.Follows) > 0 && flakes[at].Dir != "" {
			self.Inputs[name] = at
			continue
		}
		input := localInput(self.Dir, in.URL)
		if input == "" {
			input = s.source(v, d.Path, name)
		}
		if input == "" {
			continue
		}
		at := input // a key of its own: lock files have no paths for keys
		self.Inputs[name] = at
		if _, ok := flakes[at]; !ok {
			flakes[at] = pins.Flake{Dir: input, Inputs: map[string]string{}}
			s.addInputs(ctx, v, flakes, at)
		}
	}
}

// localInput returns the folder that a flake reference names; "" for others.
func localInput(dir, url string) string {
	path, ok := strings.CutPrefix(url, "path:")
	if !ok && !strings.HasPrefix(url, ".") && !strings.HasPrefix(url, "/") {
		return ""
	}
	path, _, _ = strings.Cut(path, "?")
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return filepath.Clean(path)
}
