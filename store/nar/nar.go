// Package nar reads and writes Nix archives, the canonical serialisation of a
// file system tree. It is shaped like archive/tar: a Reader yields a Header for
// each node and then the contents of regular files; a Writer takes the same.
// Dump and DumpPath serialise a tree, Restore writes one to disk.
//
// A NAR knows three kinds of nodes (regular files, perhaps executable,
// directories and symlinks) and of them only names, contents and targets.
// Everything is a string: a little-endian 64-bit length, the bytes, and zeros up
// to a multiple of 8. Directory entries are sorted by the bytes of their names,
// so that a tree has exactly one archive. The Reader refuses everything else.
package nar

import (
	"errors"
	"fmt"
	"strings"
)

const magic = "nix-archive-1"

// Bounds of the format, those of Nix, whatever the host's file system takes.
const (
	MaxDepth  = 64   // nested directories
	MaxName   = 255  // bytes of a file name
	MaxTarget = 4095 // bytes of a symlink's target
)

// Type is the kind of a node.
type Type uint8

// The kinds of nodes.
const (
	Regular Type = iota + 1
	Directory
	Symlink
)

// String is the type's name in the archive, and in builtins.readDir.
func (t Type) String() string {
	switch t {
	case Regular:
		return "regular"
	case Directory:
		return "directory"
	case Symlink:
		return "symlink"
	}
	return "unknown"
}

// Header describes one node of a tree.
type Header struct {
	Path       string // slash-separated, relative to the root, which is ""
	Type       Type
	Executable bool   // regular files
	Size       int64  // regular files: length of the contents in bytes
	Target     string // symlinks
}

// ErrFormat is wrapped by every error about an archive that is malformed.
var ErrFormat = errors.New("bad archive")

func badf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

func checkName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > MaxName || strings.ContainsAny(name, "/\x00") {
		return badf("NAR contains invalid file name '%s'", name)
	}
	return nil
}

func checkTarget(target string) error {
	if target == "" || len(target) > MaxTarget || strings.IndexByte(target, 0) >= 0 {
		return badf("NAR contains invalid symlink target")
	}
	return nil
}

// padding is the number of zeros after a string of n bytes.
func padding(n int64) int { return int(-n & 7) }

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
