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
