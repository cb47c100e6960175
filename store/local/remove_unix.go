//go:build unix

package local

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// removeTree removes a file or tree, read-only directories included, and returns
// the disk space that this frees, in bytes: files with other links free none, so
// do not count. A tree that is not there is none.
func removeTree(name string) (freed int64, err error) {
	parent, err := os.Open(filepath.Dir(name))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return 0, nil
		}
		return 0, err
	}
	defer parent.Close()
	r := remover{}
	err = r.remove(int(parent.Fd()), filepath.Base(name), name)
	return r.freed, err
}

type remover struct {
	freed int64
}

func (r *remover) remove(dirfd int, base, name string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dirfd, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		if err == unix.ENOENT {
			return nil
		}
		return &os.PathError{Op: "lstat", Path: name, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		// Two links: the file's own and that in .links, which goes after it.
		if st.Nlink <= 2 {
			r.freed += int64(st.Blocks) * 512
		}
		if err := unix.Unlinkat(dirfd, base, 0); err != nil && err != unix.ENOENT {
			return &os.PathError{Op: "unlink", Path: name, Err: err}
		}
		return nil
	}
	r.freed += int64(st.Blocks) * 512
	const need = unix.S_IRUSR | unix.S_IWUSR | unix.S_IXUSR
	if st.Mode&need != need {
		if err := unix.Fchmodat(dirfd, base, uint32(st.Mode&0o7777|need), 0); err != nil {
			return &os.PathError{Op: "chmod", Path: name, Err: err}
		}
	}
	fd, err := unix.Openat(dirfd, base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: name, Err: err}
	}
	d := os.NewFile(uintptr(fd), name)
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := r.remove(fd, n, name+"/"+n); err != nil {
			return err
		}
	}
	if err := unix.Unlinkat(dirfd, base, unix.AT_REMOVEDIR); err != nil && err != unix.ENOENT {
		return &os.PathError{Op: "rmdir", Path: name, Err: err}
	}
	return nil
}
