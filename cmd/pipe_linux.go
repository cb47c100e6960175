package cmd

import (
	"os"

	"golang.org/x/sys/unix"
)

// widen gives a pipe room for large messages, so that neither side waits for the
// other every 64 KiB. What is no pipe stays as it is.
func widen(end any) {
	if f, ok := end.(*os.File); ok {
		unix.FcntlInt(f.Fd(), unix.F_SETPIPE_SZ, 1<<20)
	}
}
