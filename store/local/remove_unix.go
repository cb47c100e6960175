//go:build unix

package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// RemoveTree removes a file or tree, read-only directories included. A tree that is
// not there is none. However deep it is, few files are open at a time.
func RemoveTree(name string) error { return (&remover{}).tree(name) }

// freeTree is RemoveTree that returns the disk space that this frees, in bytes: files
// with other links free none, so do not count.
func freeTree(name string) (freed int64, err error) {
	r := remover{count: true}
	err = r.tree(name)
	return r.freed, err
}

// maxOpen is how many levels of a tree are open at the same time. Directories
// below are moved up, into the root of the tree, before they are removed.
const maxOpen = 64

type remover struct {
	count bool
	freed int64
	root  int // descriptor of the tree's root
	depth int
	moved int
}

func (r *remover) tree(name string) error {
	parent, err := os.Open(filepath.Dir(name))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	defer parent.Close()
	return r.remove(int(parent.Fd()), filepath.Base(name), name)
}

func (r *remover) remove(dirfd int, base, name string) error {
	if !r.count {
		// Most are files. For a directory that fails; in POSIX it is EPERM.
		err := unix.Unlinkat(dirfd, base, 0)
		if err == nil || err == unix.ENOENT {
			return nil
		}
		if err != unix.EISDIR && err != unix.EPERM {
			return &os.PathError{Op: "unlink", Path: name, Err: err}
		}
	}
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
	const need = unix.S_IRUSR | unix.S_IWUSR | unix.S_IXUSR
	if st.Mode&need != need {
		if err := unix.Fchmodat(dirfd, base, uint32(st.Mode&0o7777|need), 0); err != nil {
			return &os.PathError{Op: "chmod", Path: name, Err: err}
		}
	}
	if r.depth == maxOpen {
		r.moved++
		if err := unix.Renameat(dirfd, base, r.root, fmt.Sprintf(".deep-%d-%d", os.Getpid(), r.moved)); err != nil {
			return &os.PathError{Op: "rename", Path: name, Err: err}
		}
		return nil
	}
	r.freed += int64(st.Blocks) * 512
	fd, err := unix.Openat(dirfd, base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: name, Err: err}
	}
	d := os.NewFile(uintptr(fd), name)
	defer d.Close()
	if r.depth == 0 {
		r.root = fd
	}
	for {
		r.depth++
		n, err := r.empty(d, fd, name)
		r.depth--
		if err != nil {
			return err
		}
		err = unix.Unlinkat(dirfd, base, unix.AT_REMOVEDIR)
		if err == nil || err == unix.ENOENT {
			return nil
		}
		// Something was moved here, or is still being made.
		if err != unix.ENOTEMPTY && err != unix.EEXIST || n == 0 {
			return &os.PathError{Op: "rmdir", Path: name, Err: err}
		}
		if _, err := d.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
}

// empty removes what is in a directory and says how much that was.
func (r *remover) empty(d *os.File, fd int, name string) (n int, err error) {
	for {
		names, err := d.Readdirnames(4096)
		if len(names) == 0 {
			if err == io.EOF {
				err = nil
			}
			return n, err
		}
		n += len(names)
		for _, base := range names {
			if err := r.remove(fd, base, name+"/"+base); err != nil {
				return n, err
			}
		}
	}
}
