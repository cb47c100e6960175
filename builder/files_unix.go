//go:build unix

package builder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// removeTree removes a tree, also below directories that were made unwritable,
// and never follows symbolic links.
func removeTree(name string) error {
	err := os.RemoveAll(name)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	filepath.WalkDir(name, func(p string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			unix.Fchmodat(unix.AT_FDCWD, p, 0o700, 0)
		}
		return nil
	})
	// Directories that could not be read before their parents were mended.
	filepath.WalkDir(name, func(p string, d fs.DirEntry, err error) error {
		if err != nil && d != nil && d.IsDir() {
			unix.Fchmodat(unix.AT_FDCWD, p, 0o700, 0)
		}
		return nil
	})
	return os.RemoveAll(name)
}

// moveTree renames a tree. A directory must be writable for its owner to be
// moved to another parent, so it is made so for a moment.
func moveTree(from, to string) error {
	st, err := os.Lstat(from)
	if err != nil {
		return err
	}
	thaw := st.IsDir() && st.Mode().Perm()&0o200 == 0 && os.Geteuid() != 0
	if thaw {
		if err := os.Chmod(from, st.Mode().Perm()|0o200); err != nil {
			return err
		}
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if thaw {
		return os.Chmod(to, st.Mode().Perm())
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
