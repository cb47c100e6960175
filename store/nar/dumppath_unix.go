//go:build unix

package nar

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// DumpPath writes the archive of the file, directory or symlink called name to w.
// Like Dump it takes what filter takes. A file that changes its size while it is
// read is an error.
func DumpPath(w io.Writer, name string, filter Filter) error {
	d := pathDumper{w: NewWriter(w), root: name, filter: filter}
	if err := d.node(unix.AT_FDCWD, name, ""); err != nil {
		return err
	}
	return d.w.Close()
}

type pathDumper struct {
	w      *Writer
	root   string
	filter Filter
}

func (d *pathDumper) errorf(op, path string, err error) error {
	return &os.PathError{Op: op, Path: filepath.Join(d.root, path), Err: err}
}

// node dumps the entry base of the directory dirfd.
func (d *pathDumper) node(dirfd int, base, path string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dirfd, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return d.errorf("lstat", path, err)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return d.file(dirfd, base, path)
	case unix.S_IFDIR:
		return d.dir(dirfd, base, path)
	case unix.S_IFLNK:
		target, err := readlinkat(dirfd, base, int(st.Size))
		if err != nil {
			return d.errorf("readlink", path, err)
		}
		return d.w.WriteHeader(Header{Path: path, Type: Symlink, Target: target})
	}
	return fmt.Errorf("file '%s' has an unsupported type", filepath.Join(d.root, path))
}

func (d *pathDumper) file(dirfd int, base, path string) error {
	// O_NONBLOCK: what was a file a moment ago may be a FIFO now.
	fd, err := unix.Openat(dirfd, base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return d.errorf("open", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return d.errorf("stat", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return fmt.Errorf("file '%s' changed while it was read", filepath.Join(d.root, path))
	}
	if err := d.w.WriteHeader(Header{Path: path, Type: Regular, Executable: st.Mode&unix.S_IXUSR != 0, Size: st.Size}); err != nil {
		return err
	}
	if _, err := d.w.ReadFrom(rawFile(fd)); err != nil {
		return d.errorf("read", path, err)
	}
	return nil
}

func (d *pathDumper) dir(dirfd int, base, path string) error {
	fd, err := unix.Openat(dirfd, base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return d.errorf("open", path, err)
	}
	f := os.NewFile(uintptr(fd), filepath.Join(d.root, path))
	defer f.Close()
	if err := d.w.WriteHeader(Header{Path: path, Type: Directory}); err != nil {
		return err
	}
	entries, err := f.ReadDir(-1)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		child := join(path, e.Name())
		typ := typeOf(e.Type())
		if d.filter != nil {
			take, err := d.filter(child, typ)
			if err != nil {
				return err
			}
			if !take {
				continue
			}
		}
		if typ == Regular {
			err = d.file(fd, e.Name(), child)
		} else {
			err = d.node(fd, e.Name(), child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func typeOf(m os.FileMode) Type {
	switch m.Type() {
	case 0:
		return Regular
	case os.ModeDir:
		return Directory
	case os.ModeSymlink:
		return Symlink
	}
	return 0
}

func readlinkat(dirfd int, base string, size int) (string, error) {
	for n := max(size, 127) + 1; ; n *= 2 {
		b := make([]byte, n)
		k, err := unix.Readlinkat(dirfd, base, b)
		if err != nil {
			return "", err
		}
		if k < n {
			return string(b[:k]), nil
		}
	}
}

// rawFile reads a descriptor without the os package's poller and finalizer,
// which cost more than reading a small file does.
type rawFile int

func (f rawFile) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(f), p)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, err
		}
		if n == 0 && len(p) > 0 {
			return 0, io.EOF
		}
		return n, nil
	}
}
