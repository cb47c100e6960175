package cache

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// tempPrefix begins the names of files of a directory that are being written. They
// lie in its folder nar, whatever they become.
const tempPrefix = ".tmp-"

// temp makes a temporary file in the cache, which is locked until it is closed:
// one that is not was left by a process that was killed.
func (d directory) temp() (*os.File, error) {
	return d.tempBy(func(dir string) (*os.File, error) { return os.CreateTemp(dir, tempPrefix+"*") })
}

// tempDir makes a temporary directory likewise.
func (d directory) tempDir() (*os.File, error) {
	return d.tempBy(func(dir string) (*os.File, error) {
		name, err := os.MkdirTemp(dir, tempPrefix+"*")
		if err != nil {
			return nil, err
		}
		return os.Open(name)
	})
}

func (d directory) tempBy(create func(dir string) (*os.File, error)) (*os.File, error) {
	dir := d.path("nar")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	d.swept.Do(func() { sweepTemps(dir) })
	for {
		f, err := create(dir)
		if errors.Is(err, os.ErrNotExist) {
			continue // swept before it was open
		}
		if err != nil {
			return nil, err
		}
		// Somebody who sweeps may have been quicker.
		ours := tryLock(f)
		if _, err := os.Lstat(f.Name()); ours && err == nil {
			return f, nil
		}
		f.Close()
	}
}

// sweepTemps removes temporary files that nobody writes any more. What it cannot
// remove does no harm.
func sweepTemps(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) || !e.Type().IsRegular() && !e.IsDir() {
			continue
		}
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		if tryLock(f) {
			os.RemoveAll(f.Name())
		}
		f.Close()
	}
}
