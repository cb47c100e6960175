package cmd

import "golang.org/x/sys/unix"

// syncBatch is how many files are made durable at once.
const syncBatch = 2048

// syncFolder makes everything durable that was written to the file system of a
// folder.
func syncFolder(dir string) error {
	fd, err := retryOpen(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Syncfs(fd)
}
