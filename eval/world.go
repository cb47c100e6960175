package eval

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// World is the one door through which evaluation reads the outside. Wrappers
// make it record what was read, show unsaved buffers, or forbid things.
//
// Paths are absolute and clean. Errors should satisfy errors.Is with the errors
// of package io/fs.
type World interface {
	// ReadFile returns the contents of a file, following a last symlink.
	ReadFile(path string) ([]byte, error)
	// ReadDir lists a directory, sorted by name, following a last symlink.
	ReadDir(path string) ([]DirEntry, error)
	// Lstat describes a path without following a last symlink.
	Lstat(path string) (FileInfo, error)
	// Readlink returns the target of a symlink.
	Readlink(path string) (string, error)
	// Getenv looks up an environment variable.
	Getenv(name string) (string, bool)
	// Now is the time, in seconds since 1970.
	Now() int64
}

// FileType is the type of a file as builtins.readFileType names it.
type FileType string

// The types of file.
const (
	RegularFile FileType = "regular"
	Directory   FileType = "directory"
	Symlink     FileType = "symlink"
	OtherFile   FileType = "unknown"
)

// FileInfo describes a file.
type FileInfo struct {
	Type       FileType
	Executable bool
	Size       int64
}

// DirEntry is one name in a directory.
type DirEntry struct {
	Name string
	Type FileType
}

// Realiser makes store paths exist that evaluation wants to read: sources are
// substituted, outputs of derivations built.
type Realiser interface {
	// Realise makes the elements exist. It returns the store paths of outputs
	// whose path was not known before, by element.
	Realise(ctx context.Context, elems []*ContextElem) (map[*ContextElem]string, error)
}

// OS is the World of the operating system. Its zero value works.
type OS struct {
	// StoreDir and StoreRoot say that paths below StoreDir, such as /nix/store,
	// are to be found below StoreRoot; empty when they are where they say.
	StoreDir, StoreRoot string
	// Physical says that what StoreRoot lacks may be in StoreDir itself: the store of
	// the machine, where expressions can lie that are evaluated for another one.
	Physical bool
	// LookupEnv looks up environment variables; nil is an empty environment.
	LookupEnv func(string) (string, bool)
}

func (w *OS) real(path string) string {
	if w.StoreRoot == "" {
		return path
	}
	rest, ok := cutDir(path, w.StoreDir)
	if !ok {
		return path
	}
	if w.Physical && rest != "" {
		// One object is all here or all there.
		object, _, _ := strings.Cut(rest[1:], "/")
		if _, err := os.Lstat(w.StoreRoot + "/" + object); errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return w.StoreRoot + rest
}

// cutDir cuts dir off the front of a path; the rest is empty or begins with a
// slash.
func cutDir(path, dir string) (string, bool) {
	if len(path) >= len(dir) && path[:len(dir)] == dir && (len(path) == len(dir) || path[len(dir)] == '/') {
		return path[len(dir):], true
	}
	return "", false
}

// ReadFile reads a file.
func (w *OS) ReadFile(path string) ([]byte, error) { return os.ReadFile(w.real(path)) }

// ReadDir lists a directory.
func (w *OS) ReadDir(path string) ([]DirEntry, error) {
	entries, err := os.ReadDir(w.real(path))
	if err != nil {
		return nil, err
	}
	out := make([]DirEntry, len(entries))
	for i, e := range entries {
		out[i] = DirEntry{e.Name(), fileType(e.Type())}
	}
	return out, nil
}

// Lstat describes a path.
func (w *OS) Lstat(path string) (FileInfo, error) {
	fi, err := os.Lstat(w.real(path))
	if err != nil {
		return FileInfo{}, err
	}
	return FileInfo{Type: fileType(fi.Mode()), Executable: fi.Mode()&0o100 != 0, Size: fi.Size()}, nil
}

// Readlink reads a symlink.
func (w *OS) Readlink(path string) (string, error) { return os.Readlink(w.real(path)) }

// Getenv looks up an environment variable.
func (w *OS) Getenv(name string) (string, bool) {
	if w.LookupEnv == nil {
		return "", false
	}
	return w.LookupEnv(name)
}

// Now is the time.
func (w *OS) Now() int64 { return time.Now().Unix() }

func fileType(m fs.FileMode) FileType {
	switch m.Type() {
	case 0:
		return RegularFile
	case fs.ModeDir:
		return Directory
	case fs.ModeSymlink:
		return Symlink
	}
	return OtherFile
}

func cleanPath(p string) string { return filepath.Clean(p) }

// Open opens a file for streaming, so that large sources need no memory.
func (w *OS) Open(path string) (io.ReadCloser, error) { return os.Open(w.real(path)) }
