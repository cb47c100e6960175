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

// flakeLock returns the hash of an input of a flake.
func flakeLock(dir, name string) string {
	var lock struct {
		Root  string
		Nodes map[string]struct {
			Inputs map[string]json.RawMessage
			Locked struct{ NarHash string }
		}
	}
	if !read(filepath.Join(dir, "flake.lock"), &lock) {
		return ""
	}
	// An input is the name of its node, or a path of inputs to follow.
	at := lock.Root
	next := func(input string) bool {
		raw, ok := lock.Nodes[at].Inputs[input]
		var node string
		if !ok || json.Unmarshal(raw, &node) != nil {
			return false
		}
		at = node
		return true
	}
	var path []string
	if json.Unmarshal(lock.Nodes[lock.Root].Inputs[name], &path) != nil {
		path = []string{name}
	}
	for _, input := range path {
		if !next(input) {
			return ""
		}
	}
	return lock.Nodes[at].Locked.NarHash
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
