package modules

import (
	"path/filepath"
	"slices"
)

// Loader finds modules in other files.
type Loader struct {
	// Load returns the module in a file, or nil.
	Load func(path string) *Module
	// Search returns the path that <name> means, or "".
	Search func(name string) string
	// Skip reports whether a file is not worth following, though it may be the one
	// that is looked for.
	Skip func(path string) bool
}

// maxReach bounds how many files a search reads.
const maxReach = 4000

// Reach finds a file among the modules that others import, and returns the
// options below which it is a module: none for a plain import. A file that is an
// option's value need not be a module; an import of it is taken first.
func Reach(from []*Module, target string, l Loader) (at []Step, ok bool) {
	type item struct {
		m  *Module
		at []Step
	}
	var queue []item
	seen := map[string]bool{}
	for _, m := range from {
		queue = append(queue, item{m: m})
	}
	for n := 0; len(queue) > 0 && n < maxReach; n++ {
		next := queue[0]
		queue = queue[1:]
		for _, f := range next.m.Files() {
			if f.Search != "" && l.Search != nil {
				f.Path = l.Search(f.Search)
			}
			if f.Path == "" {
				continue
			}
			path := append(slices.Clip(next.at), f.At...)
			if Same(f.Path, target) {
				if len(f.At) == 0 {
					return path, true
				}
				if !ok {
					at, ok = path, true
				}
				continue
			}
			key := f.Path + "\x00" + Show(path)
			if seen[key] || len(path) > maxDepth || l.Skip != nil && l.Skip(f.Path) {
				continue
			}
			seen[key] = true
			if m := l.Load(f.Path); m != nil {
				queue = append(queue, item{m, path})
			}
		}
	}
	return at, ok
}

// Same reports whether a path that modules name means a file: itself, or the
// folder it is the default.nix of.
func Same(named, file string) bool {
	return named == file || filepath.Join(named, "default.nix") == file
}
