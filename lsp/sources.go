package lsp

import (
	"os"
	"path/filepath"

	"gonix.dev/gonix/lsp/pins"
	"gonix.dev/gonix/store"
)

// source returns the folder of a project that a file uses, such as home-manager:
// the one that the file's project pins, if it is in the store; that of the search
// path; a checkout beside the file's project or beside nixpkgs; a channel. It
// returns "" when there is none.
func (s *Server) source(v *view, path, name string) string {
	if pin := v.pinned(path, name); pin != "" {
		return pin
	}
	if dir, ok := s.searchPath(v, path, name); ok {
		return dir
	}
	exists := func(dir string) bool {
		info, err := os.Stat(dir)
		return err == nil && info.IsDir()
	}
	for _, dir := range v.dirsAround(path) {
		if sibling := filepath.Join(filepath.Dir(dir), name); exists(filepath.Join(sibling, "modules")) {
			return sibling
		}
	}
	if nixpkgs, ok := s.searchPath(v, path, "nixpkgs"); ok {
		if sibling := filepath.Join(filepath.Dir(nixpkgs), name); exists(sibling) {
			return sibling
		}
	}
	if s.opts.Home == "" {
		return ""
	}
	for _, channels := range []string{".nix-defexpr/channels", ".local/state/nix/defexpr/channels"} {
		if dir := filepath.Join(s.opts.Home, channels, name); exists(dir) {
			return dir
		}
	}
	return ""
}

// pinned returns the source that the project around a file pins by a name.
func (v *view) pinned(path, name string) string {
	for _, dir := range v.dirsAround(path) {
		if pin := pins.Find(dir, name, store.DefaultDir); pin != "" {
			return pin
		}
	}
	return ""
}

// dirsAround returns the folders that a file is in, up to that of the workspace.
func (v *view) dirsAround(path string) []string {
	if path == "" {
		return nil
	}
	top, inFolder := v.folderOf(path)
	var out []string
	for dir := filepath.Dir(path); dir != filepath.Dir(dir) && len(out) < 12; dir = filepath.Dir(dir) {
		out = append(out, dir)
		if inFolder && dir == top.path {
			break
		}
	}
	return out
}
