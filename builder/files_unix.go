//go:build unix

package builder

import (
	"os"

	"gonix.dev/gonix/store/local"
)

func removeTree(name string) error { return local.RemoveTree(name) }

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
