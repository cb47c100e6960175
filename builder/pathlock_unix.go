//go:build unix

package builder

import (
	"fmt"
	"os"
	"sort"

	"golang.org/x/sys/unix"
)

// pathLocks holds Nix's locks on store paths: flock on `<path>.lock`.
type pathLocks struct {
	files  []*os.File
	delete bool // remove the lock files when unlocking: nobody needs them again
}

// tryLockPaths takes the locks of all paths, or none of them. Paths are locked in
// sorted order.
func tryLockPaths(paths []string) (*pathLocks, bool, error) {
	sort.Strings(paths)
	l := &pathLocks{}
	for _, p := range paths {
		f, err := lockFile(p + ".lock")
		if err != nil {
			l.unlock()
			return nil, false, err
		}
		if f == nil {
			l.unlock()
			return nil, false, nil
		}
		l.files = append(l.files, f)
	}
	return l, true, nil
}

// lockFile locks the file called name, making it if it is missing. It returns
// nil if somebody else has the lock.
func lockFile(name string) (*os.File, error) {
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("opening lock file '%s': %w", name, err)
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == unix.EWOULDBLOCK {
			f.Close()
			return nil, nil
		}
		if err == unix.EINTR {
			f.Close()
			continue
		}
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("acquiring lock '%s': %w", name, err)
		}
		// A lock file that was deleted by its last holder has something in it:
		// a lock on it excludes nobody.
		st, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		if st.Size() == 0 {
			return f, nil
		}
		f.Close()
	}
}

func (l *pathLocks) unlock() {
	if l == nil {
		return
	}
	for _, f := range l.files {
		if l.delete {
			os.Remove(f.Name())
			f.WriteString("d")
		}
		f.Close()
	}
	l.files = nil
}
