package worker

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"gonix.dev/gonix/eval"
)

// world is the file system with unsaved texts laid over it. It remembers what was
// read, to know when that is out of date.
type world struct {
	eval.OS
	texts map[string]string
	read  map[string]stamp
	// masked are files that count as modules that say nothing, since what they say
	// cannot be evaluated.
	masked map[string]mask
}

// mask tells why a file counts as a module that says nothing.
type mask uint8

const (
	notMasked     mask = iota
	maskedOwn          // the user writes it, and may mend it
	maskedForeign      // it does not go with the others
)

// stamp is what a file was like when it was read.
type stamp struct {
	overlaid bool
	exists   bool
	size     int64
	mtime    time.Time
}

func newWorld() *world {
	return &world{texts: map[string]string{}, read: map[string]stamp{}, masked: map[string]mask{}}
}

// overlay takes changes of unsaved texts, and reports whether one of them was
// read.
func (w *world) overlay(changes map[string]*string) (stale bool) {
	for path, text := range changes {
		old, had := w.texts[path]
		if text == nil {
			delete(w.texts, path)
		} else {
			w.texts[path] = *text
		}
		if _, read := w.read[path]; !read {
			continue
		}
		if text == nil || !had || old != *text {
			// Saved as it was: the disk says the same.
			if data, err := os.ReadFile(path); err == nil && (text == nil && had && string(data) == old || text != nil && !had && string(data) == *text) {
				continue
			}
			stale = true
		}
	}
	return stale
}

// changed reports whether a file on disk that was read is not what it was.
func (w *world) changed() bool {
	for path, s := range w.read {
		if !s.overlaid && w.stampOf(path) != s {
			return true
		}
	}
	return false
}

func (w *world) forget() { clear(w.read) }

func (w *world) stampOf(path string) stamp {
	if _, ok := w.texts[path]; ok {
		return stamp{overlaid: true}
	}
	info, err := os.Lstat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{exists: true, size: info.Size(), mtime: info.ModTime()}
}

func (w *world) note(path string) {
	if _, ok := w.read[path]; !ok {
		w.read[path] = w.stampOf(path)
	}
}

// ReadFile returns the unsaved text of a file, or what is on disk.
func (w *world) ReadFile(path string) ([]byte, error) {
	w.note(path)
	if w.masked[path] != notMasked {
		return []byte("_: { }"), nil
	}
	if text, ok := w.texts[path]; ok {
		return []byte(text), nil
	}
	return w.OS.ReadFile(path)
}

// Lstat describes a file. Unsaved texts are files, also before they are saved for
// the first time.
func (w *world) Lstat(path string) (eval.FileInfo, error) {
	w.note(path)
	if text, ok := w.texts[path]; ok {
		if info, err := w.OS.Lstat(path); err != nil || info.Type == eval.RegularFile {
			return eval.FileInfo{Type: eval.RegularFile, Executable: info.Executable, Size: int64(len(text))}, nil
		}
	}
	return w.OS.Lstat(path)
}

// ReadDir lists a folder.
func (w *world) ReadDir(path string) ([]eval.DirEntry, error) {
	w.note(path)
	return w.OS.ReadDir(path)
}

func searchEntry(entry string) eval.SearchPathEntry {
	prefix, path, ok := strings.Cut(entry, "=")
	if !ok {
		prefix, path = "", entry
	}
	if filepath.IsAbs(path) {
		path = filepath.Clean(path)
	}
	return eval.SearchPathEntry{Prefix: prefix, Path: path}
}
