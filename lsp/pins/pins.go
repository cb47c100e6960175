// Package pins finds the sources that a project pins: in flake.lock, in npins and
// in niv. Those that are in the store already can be read without a network.
package pins

import (
	"encoding/json"
	"os"
	"path/filepath"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// Find returns the path of the source that a folder pins by a name, such as
// nixpkgs, if it is in the store; "" otherwise.
func Find(dir, name string, storeDir store.Dir) string {
	for _, pin := range []func(dir, name string) string{flakeLock, npins, niv} {
		text := pin(dir, name)
		if text == "" {
			continue
		}
		if path := sourcePath(text, storeDir); path != "" {
			if _, err := os.Lstat(path); err == nil {
				return path
			}
		}
	}
	return ""
}

// sourcePath returns the store path of an unpacked source by its hash.
func sourcePath(text string, dir store.Dir) string {
	h, err := hash.Parse(text, hash.SHA256)
	if err != nil {
		return ""
	}
	p, err := dir.FixedOutputPath("source", store.Recursive, h, nil, false)
	if err != nil {
		return ""
	}
	return dir.Format(p)
}

func read(path string, into any) bool {
	data, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(data, into) == nil
}

// lockFile is what gonix needs of a flake.lock.
type lockFile struct {
	Root  string
	Nodes map[string]struct {
		Inputs   map[string]json.RawMessage
		Locked   struct{ NarHash, Dir string }
		Original struct{ Type, Path string }
		Flake    *bool
	}
}

// follow returns the node that an input of a node is: an input is the name of its
// node, or a path of inputs from the root.
func (l *lockFile) follow(node, input string) (string, bool) { return l.followed(node, input, 20) }

func (l *lockFile) followed(node, input string, depth int) (string, bool) {
	raw, ok := l.Nodes[node].Inputs[input]
	if !ok || depth == 0 {
		return "", false
	}
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return name, true
	}
	var path []string
	if json.Unmarshal(raw, &path) != nil {
		return "", false
	}
	node = l.Root
	for _, input := range path {
		if node, ok = l.followed(node, input, depth-1); !ok {
			return "", false
		}
	}
	return node, true
}

// flakeLock returns the hash of an input of a flake.
func flakeLock(dir, name string) string {
	var lock lockFile
	if !read(filepath.Join(dir, "flake.lock"), &lock) {
		return ""
	}
	node, ok := lock.follow(lock.Root, name)
	if !ok {
		return ""
	}
	return lock.Nodes[node].Locked.NarHash
}

// Flake is a flake among those that a lock file names.
type Flake struct {
	// Dir is where its flake.nix is; "" when it is not on this machine.
	Dir string `json:"dir,omitempty"`
	// Plain says that it is to be taken for a folder rather than for a flake.
	Plain bool `json:"plain,omitempty"`
	// Inputs are the keys of its inputs, by their names.
	Inputs map[string]string `json:"inputs,omitempty"`
}

// Root is the key of the flake that a lock file belongs to.
const Root = "root"

// Flakes returns the flake in a folder, and all that it needs, as its lock file has
// them. Inputs are in the store, or in folders beside the flake.
func Flakes(dir string, storeDir store.Dir) map[string]Flake {
	out := map[string]Flake{Root: {Dir: dir, Inputs: map[string]string{}}}
	var lock lockFile
	if !read(filepath.Join(dir, "flake.lock"), &lock) {
		return out
	}
	for key, node := range lock.Nodes {
		f := Flake{Plain: node.Flake != nil && !*node.Flake, Inputs: map[string]string{}}
		for input := range node.Inputs {
			if target, ok := lock.follow(key, input); ok {
				f.Inputs[input] = target
			}
		}
		switch {
		case key == lock.Root:
			f.Dir, key = dir, Root
		case node.Original.Type == "path" && !filepath.IsAbs(node.Original.Path):
			f.Dir = filepath.Join(dir, node.Original.Path)
		default:
			if path := sourcePath(node.Locked.NarHash, storeDir); path != "" {
				if _, err := os.Lstat(path); err == nil {
					f.Dir = filepath.Join(path, node.Locked.Dir)
				}
			}
		}
		out[key] = f
	}
	return out
}

func npins(dir, name string) string {
	var sources struct {
		Pins map[string]struct{ Hash string }
	}
	if !read(filepath.Join(dir, "npins", "sources.json"), &sources) {
		return ""
	}
	return sources.Pins[name].Hash
}

func niv(dir, name string) string {
	var sources map[string]struct{ SHA256 string }
	if !read(filepath.Join(dir, "nix", "sources.json"), &sources) {
		return ""
	}
	return sources[name].SHA256
}
