//go:build unix

package shell

import "syscall"

var errIsDir error = syscall.EISDIR

func mkfifo(name string) error { return syscall.Mkfifo(name, 0o666) }

// umask sets the mask of the whole process: it is the shell's.
func umask(mask int) int { return syscall.Umask(mask) }
