package lsp

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/document"
)

// How many texts from disk are kept with what was computed for them, and how many
// bytes they may have together: a tree is some ten times as large as its text. Those
// read longest ago go first.
const (
	maxDiskFiles = 256
	maxDiskBytes = 4 << 20
)

// maxFileSize is the largest file that is read from disk without being opened.
const maxFileSize = 16 << 20

// diskFiles are the texts of files that no editor has open.
type diskFiles struct {
	mu      sync.Mutex
	clock   uint64
	bytes   int64
	entries map[string]*diskFile
}

type diskFile struct {
	size  int64
	mtime time.Time
	used  uint64
	snap  *document.Snapshot
}

// load returns the text of a path. It looks at the file's status each time, and
// reads only when that changed.
func (d *diskFiles) load(path string, enc document.Encoding) (*document.Snapshot, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("not a regular file")}
	}
	if info.Size() > maxFileSize {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%d bytes are too many", info.Size())}
	}
	d.mu.Lock()
	if e := d.entries[path]; e != nil && e.size == info.Size() && e.mtime.Equal(info.ModTime()) {
		d.clock++
		e.used = d.clock
		d.mu.Unlock()
		return e.snap, nil
	}
	d.mu.Unlock()

	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	snap, err := document.New(uri.File(path), 0, string(data), enc)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.entries == nil {
		d.entries = map[string]*diskFile{}
	}
	d.remove(path)
	d.clock++
	d.entries[path] = &diskFile{info.Size(), info.ModTime(), d.clock, snap}
	d.bytes += info.Size()
	for len(d.entries) > maxDiskFiles || d.bytes > maxDiskBytes && len(d.entries) > 1 {
		d.evict()
	}
	return snap, nil
}

// evict drops the older half.
func (d *diskFiles) evict() {
	used := make([]uint64, 0, len(d.entries))
	for _, e := range d.entries {
		used = append(used, e.used)
	}
	slices.Sort(used)
	limit := used[(len(used)-1)/2]
	for path, e := range d.entries {
		if e.used <= limit {
			d.remove(path)
		}
	}
}

func (d *diskFiles) remove(path string) {
	if e := d.entries[path]; e != nil {
		d.bytes -= e.size
		delete(d.entries, path)
	}
}

// forget drops a path, because the editor said that it changed.
func (d *diskFiles) forget(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remove(path)
}
