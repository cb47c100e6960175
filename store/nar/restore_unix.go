//go:build unix

package nar

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// RestoreOptions say how a tree is written. The zero value works.
type RestoreOptions struct {
	// Sync makes files and directories durable before Restore returns.
	Sync bool
	// Canonical gives everything the metadata of store objects at once: mode
	// 0444 or 0555 and modification time 1.
	Canonical bool
	// BeginSync has the disk write larger files while the rest is restored, for
	// callers that make it all durable in the end.
	BeginSync bool
	// CaseHack gives files names that differ by more than case; see CaseHackSuffix.
	CaseHack bool
	// MaxSize bounds the sum of the files' sizes in bytes; 0 does not.
	MaxSize int64
}

// Restore reads an archive and writes its tree to name, which must not exist. It
// never follows symlinks and never leaves the tree, whatever the archive holds.
// If it fails, what it wrote is left.
func Restore(name string, r *Reader, opts RestoreOptions) error {
	s := restorer{r: r, opts: opts, name: name}
	defer s.close()
	parent, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer parent.Close()
	s.dirs = append(s.dirs, restoreDir{fd: int(parent.Fd())})
	for {
		h, err := r.Next()
		if err == io.EOF {
			return s.leave(1)
		}
		if err != nil {
			return err
		}
		if err := s.node(h); err != nil {
			return err
		}
	}
}

type restorer struct {
	r       *Reader
	opts    RestoreOptions
	name    string
	dirs    []restoreDir // the parent of the root, then the open directories
	written int64

	// keepsMode says whether files have the mode that they are created with, those
	// that are executable and the others: 1, -1 if not, 0 as long as that is not known.
	keepsMode [2]int
}

type restoreDir struct {
	fd    int
	path  string
	names caseNames // with CaseHack
}

func (s *restorer) errorf(op, path string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return &existsError{filepath.Join(s.name, path), op == "mkdir"}
	}
	return &os.PathError{Op: op, Path: filepath.Join(s.name, path), Err: err}
}

// existsError is a file in the place of one that is restored, in Nix's words.
type existsError struct {
	path string
	dir  bool // where a directory was to be made
}

func (e *existsError) Error() string {
	if st, err := os.Stat(e.path); err == nil && st.IsDir() && e.dir {
		return fmt.Sprintf("path '%s' already exists", e.path)
	}
	return fmt.Sprintf("cannot create '%s': File exists", e.path)
}

func (e *existsError) Unwrap() error { return fs.ErrExist }

// leave closes directories until n are left.
func (s *restorer) leave(n int) error {
	for len(s.dirs) > n {
		d := s.dirs[len(s.dirs)-1]
		s.dirs = s.dirs[:len(s.dirs)-1]
		err := s.finish(d.fd, 0o555)
		unix.Close(d.fd)
		if err != nil {
			return s.errorf("finish", d.path, err)
		}
	}
	return nil
}

// close releases descriptors, after an error too.
func (s *restorer) close() {
	s.opts = RestoreOptions{}
	s.leave(1)
}

var canonicalTimes = []unix.Timeval{{Sec: 1}, {Sec: 1}}

// finish gives an open file or directory its metadata and makes it durable.
func (s *restorer) finish(fd int, mode uint32) error {
	if s.opts.Canonical {
		if err := unix.Fchmod(fd, mode); err != nil {
			return err
		}
		return s.finishTimes(fd)
	}
	return s.sync(fd)
}

// finishFile is finish for a file that was created with mode. That is also the mode
// which it has, unless the umask or an ACL of the store is in the way, and then it is
// for all; so the first file that has it answers for the rest.
func (s *restorer) finishFile(fd int, mode uint32) error {
	if !s.opts.Canonical {
		return s.sync(fd)
	}
	keeps := &s.keepsMode[mode&1]
	if *keeps == 0 {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
		*keeps = -1
		if uint32(st.Mode)&0o7777 == mode {
			*keeps = 1
		}
	}
	if *keeps < 0 {
		return s.finish(fd, mode)
	}
	return s.finishTimes(fd)
}

func (s *restorer) finishTimes(fd int) error {
	if err := unix.Futimes(fd, canonicalTimes); err != nil {
		return err
	}
	return s.sync(fd)
}

func (s *restorer) sync(fd int) error {
	if s.opts.Sync {
		return unix.Fsync(fd)
	}
	return nil
}

// worthSync is the size of files from which on BeginSync has an effect, in bytes.
const worthSync = 1 << 20

func (s *restorer) node(h Header) error {
	base := filepath.Base(s.name)
	if h.Path != "" {
		// The root's entry is dirs[1], so a path with k slashes is in dirs[k+1].
		depth := strings.Count(h.Path, "/") + 2
		if err := s.leave(depth); err != nil {
			return err
		}
		base = h.Path[strings.LastIndexByte(h.Path, '/')+1:]
		if s.opts.CaseHack {
			var err error
			if base, err = s.dirs[len(s.dirs)-1].names.onDisk(base); err != nil {
				return err
			}
		}
	}
	dirfd := s.dirs[len(s.dirs)-1].fd
	switch h.Type {
	case Directory:
		if err := unix.Mkdirat(dirfd, base, 0o777); err != nil {
			return s.errorf("mkdir", h.Path, err)
		}
		fd, err := unix.Openat(dirfd, base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return s.errorf("open", h.Path, err)
		}
		s.dirs = append(s.dirs, restoreDir{fd: fd, path: h.Path})
	case Symlink:
		if err := unix.Symlinkat(h.Target, dirfd, base); err != nil {
			return s.errorf("symlink", h.Path, err)
		}
		if s.opts.Canonical {
			t := unix.Timespec{Sec: 1}
			if err := unix.UtimesNanoAt(dirfd, base, []unix.Timespec{t, t}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
				return s.errorf("utimes", h.Path, err)
			}
		}
	case Regular:
		return s.file(dirfd, base, h)
	}
	return nil
}

func (s *restorer) file(dirfd int, base string, h Header) error {
	s.written += h.Size
	if s.opts.MaxSize > 0 && (s.written > s.opts.MaxSize || s.written < 0) {
		return badf("files have more than %d bytes", s.opts.MaxSize)
	}
	mode := uint32(0o666)
	if s.opts.Canonical {
		mode = 0o444
	}
	if h.Executable {
		mode |= 0o111
	}
	fd, err := unix.Openat(dirfd, base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return s.errorf("create", h.Path, err)
	}
	_, err = s.r.WriteTo(rawWriter{fd, func(err error) error { return s.errorf("write", h.Path, err) }})
	if err == nil {
		if err = s.finishFile(fd, mode); err != nil {
			err = s.errorf("finish", h.Path, err)
		}
		if s.opts.BeginSync && h.Size >= worthSync {
			beginSync(fd)
		}
	}
	if cerr := unix.Close(fd); err == nil && cerr != nil {
		err = s.errorf("close", h.Path, cerr)
	}
	return err
}

// rawWriter writes to a descriptor without the os package's poller.
type rawWriter struct {
	fd   int
	wrap func(error) error
}

func (w rawWriter) Write(p []byte) (int, error) {
	total := 0
	for total < len(p) {
		n, err := unix.Write(w.fd, p[total:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return total, w.wrap(err)
		}
		total += n
	}
	return total, nil
}
