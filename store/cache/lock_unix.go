//go:build unix

package cache

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks a file, and says that it could where there are no locks.
func tryLock(f *os.File) bool {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
		case unix.EINTR:
		case unix.EWOULDBLOCK:
			return false
		default:
			return true
		}
	}
}
