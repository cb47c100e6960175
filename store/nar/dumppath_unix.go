//go:build unix

package nar

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// DumpPath writes the archive of the file, directory or symlink called name to w.
// Like Dump it takes what filter takes. A file that changes its size while it is
// read is an error.
func DumpPath(w io.Writer, name string, filter Filter) error {
	return copyPath(w, OpenPath(name, filter))
}

func copyPath(w io.Writer, p *PathReader) error {
	defer p.Close()
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	buf := (*pooled)[:cap(*pooled)]
	for {
		n, err := p.Read(buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// PathReader makes the archive of something on disk while it is read. Contents of
// files go straight into the buffers that Read is given, which it fills.
type PathReader struct {
	root     string
	filter   Filter
	caseHack bool

	mu   sync.Mutex // held while it is read
	w    *Writer    // whose buffer has what is not contents
	off  int        // of it that was read
	dirs []*dumpDir // the open ones, from the root down
	file int        // descriptor of the file whose contents come next; -1 for none
	path string     // of that file
	err  error      // also io.EOF
}

// dumpDir is an open directory and those of its entries that are still to come.
type dumpDir struct {
	fd      int
	f       *os.File // the same
	path    string
	entries []os.DirEntry
}

// OpenPath returns a reader of the archive that DumpPath writes. Close must be
// called, and may be while it is read. Errors about name come from Read.
func OpenPath(name string, filter Filter) *PathReader {
	return &PathReader{root: name, filter: filter, w: &Writer{}, file: -1}
}

// Read reads the next bytes of the archive.
func (r *PathReader) Read(p []byte) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(p) && r.err == nil {
		switch {
		case r.off < len(r.w.buf):
			k := copy(p[n:], r.w.buf[r.off:])
			r.off += k
			n += k
		case r.file >= 0:
			k, err := r.contents(p[n:])
			n += k
			r.err = err
		default:
			r.w.buf, r.off = r.w.buf[:0], 0
			r.err = r.next()
		}
	}
	if n > 0 && r.err == io.EOF {
		return n, nil
	}
	return n, r.err
}

// Close closes what is open.
func (r *PathReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file >= 0 {
		unix.Close(r.file)
		r.file = -1
	}
	for _, d := range r.dirs {
		d.f.Close()
	}
	r.dirs, r.err = nil, os.ErrClosed
	return nil
}

func (r *PathReader) errorf(op, path string, err error) error {
	return &os.PathError{Op: op, Path: filepath.Join(r.root, path), Err: err}
}

// contents reads from the current file.
func (r *PathReader) contents(p []byte) (int, error) {
	n, err := unix.Read(r.file, p[:min(int64(len(p)), r.w.left)])
	switch {
	case err == unix.EINTR:
		return 0, nil
	case err != nil:
		return 0, r.errorf("read", r.path, err)
	case n == 0:
		return 0, r.errorf("read", r.path, io.ErrUnexpectedEOF)
	}
	if r.w.left -= int64(n); r.w.left == 0 {
		unix.Close(r.file)
		r.file = -1
		r.w.endFile()
	}
	return n, nil
}

// next goes on to the next node, or to the end: io.EOF when that was reached before.
func (r *PathReader) next() error {
	if !r.w.started {
		return r.node(unix.AT_FDCWD, r.root, "")
	}
	for len(r.dirs) > 0 {
		d := r.dirs[len(r.dirs)-1]
		if len(d.entries) == 0 {
			d.f.Close()
			r.dirs = r.dirs[:len(r.dirs)-1]
			continue
		}
		e := d.entries[0]
		d.entries = d.entries[1:]
		child, typ := join(d.path, e.Name()), typeOf(e.Type())
		if r.filter != nil {
			take, err := r.filter(child, typ)
			if err != nil {
				return err
			}
			if !take {
				continue
			}
		}
		if typ == Regular {
			return r.regular(d.fd, nameOnDisk(e), child)
		}
		return r.node(d.fd, nameOnDisk(e), child)
	}
	if len(r.w.dirs) == 0 {
		return io.EOF
	}
	for len(r.w.dirs) > 0 {
		r.w.endDir()
	}
	return nil
}

// node begins the entry base of the directory dirfd.
func (r *PathReader) node(dirfd int, base, path string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dirfd, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return r.errorf("lstat", path, err)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return r.regular(dirfd, base, path)
	case unix.S_IFDIR:
		return r.directory(dirfd, base, path)
	case unix.S_IFLNK:
		target, err := readlinkat(dirfd, base, int(st.Size))
		if err != nil {
			return r.errorf("readlink", path, err)
		}
		return r.w.WriteHeader(Header{Path: path, Type: Symlink, Target: target})
	}
	return fmt.Errorf("file '%s' has an unsupported type", filepath.Join(r.root, path))
}

func (r *PathReader) regular(dirfd int, base, path string) error {
	// O_NONBLOCK: what was a file a moment ago may be a FIFO now.
	fd, err := unix.Openat(dirfd, base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return r.errorf("open", path, err)
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err != nil {
		err = r.errorf("stat", path, err)
	} else if st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = fmt.Errorf("file '%s' changed while it was read", filepath.Join(r.root, path))
	} else {
		err = r.w.WriteHeader(Header{Path: path, Type: Regular, Executable: st.Mode&unix.S_IXUSR != 0, Size: st.Size})
	}
	if err != nil || st.Size == 0 {
		unix.Close(fd)
		return err
	}
	r.file, r.path = fd, path
	return nil
}

func (r *PathReader) directory(dirfd int, base, path string) error {
	fd, err := unix.Openat(dirfd, base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return r.errorf("open", path, err)
	}
	d := &dumpDir{fd: fd, f: os.NewFile(uintptr(fd), filepath.Join(r.root, path)), path: path}
	r.dirs = append(r.dirs, d)
	if err := r.w.WriteHeader(Header{Path: path, Type: Directory}); err != nil {
		return err
	}
	if d.entries, err = d.f.ReadDir(-1); err != nil {
		return err
	}
	if r.caseHack {
		if err := unhackNames(d.f.Name(), d.entries); err != nil {
			return err
		}
	}
	slices.SortFunc(d.entries, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
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
