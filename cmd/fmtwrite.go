package cmd

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Formatting a tree opens tens of thousands of small files. These functions use
// system calls directly, as package os spends several more on each file to be
// ready for pipes and terminals.

// read returns the text of a file; it is valid until the next call.
func (w *fmtWorker) read(path string) ([]byte, error) {
	fd, err := retryOpen(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(fd)
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil {
		return nil, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		return nil, &os.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
	}
	buf := w.text[:0]
	if cap(buf) > maxKeep {
		buf = nil
	}
	if need := int(stat.Size) + 1; cap(buf) < need {
		buf = make([]byte, 0, need+need/4)
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := syscall.Read(fd, buf[len(buf):cap(buf)])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "read", Path: path, Err: err}
		}
		buf = buf[:len(buf)+n]
		if n == 0 || int64(len(buf)) == stat.Size && n > 0 && stat.Mode&syscall.S_IFMT == syscall.S_IFREG {
			break
		}
	}
	w.text = buf
	return buf, nil
}

func retryOpen(path string, flags int, mode uint32) (int, error) {
	for {
		fd, err := syscall.Open(path, flags, mode)
		if err != syscall.EINTR {
			return fd, err
		}
	}
}

// replaceFile replaces the text of a file at once, so that nobody ever sees half
// of it. Symbolic links stay and the file they lead to is replaced; the mode and,
// as far as that is allowed, the owner stay. A file with several names cannot be
// replaced under all of them: it is overwritten.
func replaceFile(path string, text []byte) error {
	var now replacements
	return now.replace(path, text)
}

// replacements are files that are about to be replaced. Making a text durable is
// what takes longest, so that for many files it is done at once, and the files
// take their names after that. Until then they are in their folders under names
// that start with a dot. The zero value replaces each file immediately.
type replacements struct {
	batch   int // files to replace at once
	sync    func(dir string) error
	pending []replacement
}

type replacement struct{ tmp, path string }

// replace replaces the text of a file, now or with the next call of flush.
func (r *replacements) replace(path string, text []byte) error {
	var stat syscall.Stat_t
	if err := syscall.Lstat(path, &stat); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Mode&syscall.S_IFMT == syscall.S_IFLNK {
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		return replaceFile(target, text) // it may be on another file system
	}
	if stat.Nlink > 1 {
		return overwriteFile(path, text)
	}
	fd, tmp, err := createBeside(path, uint32(stat.Mode)&0o777)
	if err != nil {
		return err
	}
	if err = fill(fd, &stat, text); err == nil && r.batch == 0 {
		err = syscall.Fsync(fd)
	}
	if e := syscall.Close(fd); err == nil {
		err = e
	}
	if err != nil {
		syscall.Unlink(tmp)
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	r.pending = append(r.pending, replacement{tmp, path})
	if len(r.pending) > r.batch {
		return r.flush()
	}
	return nil
}

// flush replaces the files that are pending.
func (r *replacements) flush() error {
	pending := r.pending
	r.pending = r.pending[:0]
	var failed error
	if r.batch > 0 && len(pending) > 0 {
		failed = r.sync(filepath.Dir(pending[0].path))
	}
	for _, p := range pending {
		if failed == nil {
			if err := syscall.Rename(p.tmp, p.path); err != nil {
				failed = &os.LinkError{Op: "rename", Old: p.tmp, New: p.path, Err: err}
			}
		}
		if failed != nil {
			syscall.Unlink(p.tmp)
		}
	}
	return failed
}

// createBeside creates a temporary file in the folder of path.
func createBeside(path string, mode uint32) (fd int, name string, err error) {
	dir, base := filepath.Split(path)
	for n := os.Getpid(); ; n++ {
		name = dir + "." + base + "." + strconv.Itoa(n)
		fd, err = retryOpen(name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, mode)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return -1, "", &os.PathError{Op: "create", Path: name, Err: err}
	}
	return fd, name, nil
}

// fill gives a new file its text, and the mode and owner of an old one.
func fill(fd int, old *syscall.Stat_t, text []byte) error {
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil {
		return err
	}
	if stat.Uid != old.Uid || stat.Gid != old.Gid {
		// Most users can give nothing away: then the file becomes theirs.
		_ = syscall.Fchown(fd, int(old.Uid), int(old.Gid))
	}
	if mode := uint32(old.Mode) & 0o7777; uint32(stat.Mode)&0o7777 != mode {
		if err := syscall.Fchmod(fd, mode); err != nil {
			return err
		}
	}
	for len(text) > 0 {
		n, err := syscall.Write(fd, text)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrShortWrite
		}
		text = text[n:]
	}
	return nil
}

func overwriteFile(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Truncate(int64(len(text)))
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
