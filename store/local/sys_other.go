//go:build unix && !linux

package local

import (
	"os"

	"golang.org/x/sys/unix"
)

func allocate(f *os.File, n int64) { f.Write(make([]byte, n)) }

func (s *Store) syncStore() error { return syncDir(s.set.RealDir) }

func (s *Store) prepareRealDir() error { return nil }

func (s *Store) freeSpace() (int64, error) { return freeBytes(s.set.RealDir) }

func freeBytes(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}

// swapFiles puts a in b's place, which is not atomic here.
func swapFiles(a, b string) error {
	if err := RemoveTree(b); err != nil {
		return err
	}
	return os.Rename(a, b)
}
