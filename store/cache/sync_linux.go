package cache

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncFileSystem makes everything durable on the file system that has name.
func syncFileSystem(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

// beginSync has the disk write n bytes of a file from off on, without waiting for it.
func beginSync(f *os.File, off, n int64) {
	unix.SyncFileRange(int(f.Fd()), off, n, unix.SYNC_FILE_RANGE_WRITE)
}
