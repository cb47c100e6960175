package local

import (
	"fmt"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// allocate makes f n bytes long, with the bytes on disk.
func allocate(f *os.File, n int64) {
	if unix.Fallocate(int(f.Fd()), 0, 0, n) != nil {
		f.Write(make([]byte, n))
	}
	f.Truncate(n)
}

// syncStore makes everything in the store's file system durable. One call costs
// as much as one fsync, however many files were written.
func (s *Store) syncStore() error {
	d, err := os.Open(s.set.RealDir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return fmt.Errorf("sync the file system of '%s': %w", s.set.RealDir, err)
	}
	return nil
}

// prepareRealDir has a read-only mount of the store directory made writable for us,
// and gives the directory to the build users' group. Only root can.
func (s *Store) prepareRealDir() error {
	if os.Geteuid() != 0 {
		return nil
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(s.set.RealDir, &fs); err != nil {
		return &os.PathError{Op: "statfs", Path: s.set.RealDir, Err: err}
	}
	if fs.Flags&unix.ST_RDONLY != 0 {
		err := error(unix.EROFS)
		if s.set.MakeWritable != nil {
			err = s.set.MakeWritable(s.set.RealDir)
		}
		if err != nil {
			return fmt.Errorf("'%s' is on a read-only file system: %w", s.set.RealDir, err)
		}
	}
	if s.set.BuildGroup == "" {
		return nil
	}
	group, err := user.LookupGroup(s.set.BuildGroup)
	if err != nil {
		s.log(Warn, "the group '%s' specified in 'build-users-group' does not exist", s.set.BuildGroup)
		return nil
	}
	gid, err := strconv.Atoi(group.Gid)
	if err != nil {
		return err
	}
	const mode = 0o1775 // anyone in the group adds, nobody removes another's
	var st unix.Stat_t
	if err := unix.Stat(s.set.RealDir, &st); err != nil {
		return &os.PathError{Op: "stat", Path: s.set.RealDir, Err: err}
	}
	if st.Uid != 0 || st.Gid != uint32(gid) || st.Mode&0o7777 != mode {
		if err := os.Chown(s.set.RealDir, 0, gid); err != nil {
			return err
		}
		if err := unix.Chmod(s.set.RealDir, mode); err != nil {
			return &os.PathError{Op: "chmod", Path: s.set.RealDir, Err: err}
		}
	}
	return nil
}

// freeSpace is how many bytes of the store's file system anyone may use.
func (s *Store) freeSpace() (int64, error) { return freeBytes(s.set.RealDir) }

func freeBytes(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(fs.Bavail) * fs.Bsize, nil
}

// swapFiles exchanges two names.
func swapFiles(a, b string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE); err != nil {
		return &os.LinkError{Op: "exchange", Old: a, New: b, Err: err}
	}
	return nil
}
