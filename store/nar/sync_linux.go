package nar

import "golang.org/x/sys/unix"

// beginSync has the disk write what was written to a file, without waiting for it.
func beginSync(fd int) { unix.SyncFileRange(fd, 0, 0, unix.SYNC_FILE_RANGE_WRITE) }
