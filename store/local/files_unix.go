//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

type lockKind int

const (
	lockShared    lockKind = unix.LOCK_SH
	lockExclusive lockKind = unix.LOCK_EX
)

// openLockFile opens a lock file, making it if need be.
func openLockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &lockFileError{name, err}
	}
	return f, nil
}

// lockFileError is a lock file that cannot be opened, worded as in Nix.
type lockFileError struct {
	name string
	err  error
}

func (e *lockFileError) Error() string {
	return fmt.Sprintf("opening lock file '%s': %s", e.name, sysErrorText(e.err))
}

func (e *lockFileError) Unwrap() error { return e.err }

// sysErrorText is what the system says of an error, in the words of C's strerror.
func sysErrorText(err error) string {
	if e, ok := errors.AsType[unix.Errno](err); ok {
		err = e
	}
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// accessible says why a directory may not be written.
func accessible(dir string) error { return unix.Access(dir, unix.W_OK) }

// tryLock takes a lock if it can be had at once.
func tryLock(f *os.File, kind lockKind) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), int(kind)|unix.LOCK_NB)
		switch err {
		case nil:
			return true, nil
		case unix.EWOULDBLOCK:
			return false, nil
		case unix.EINTR:
		default:
			return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}

// lockFile takes a lock. It calls wait, which may be nil, if it has to wait.
func lockFile(ctx context.Context, f *os.File, kind lockKind, wait func()) error {
	if ok, err := tryLock(f, kind); ok || err != nil {
		return err
	}
	if wait != nil {
		wait()
	}
	// A blocked flock cannot be cancelled, so the descriptor it waits on is a
	// copy: if the caller gives up, whoever gets the lock later lets it go.
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	done := make(chan error, 1)
	go func() {
		for {
			err := unix.Flock(fd, int(kind))
			if err != unix.EINTR {
				done <- err
				return
			}
		}
	}()
	select {
	case err := <-done:
		unix.Close(fd)
		if err != nil {
			return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
		return nil
	case <-ctx.Done():
		go func() {
			if <-done == nil {
				unix.Flock(fd, unix.LOCK_UN)
			}
			unix.Close(fd)
		}()
		return ctx.Err()
	}
}

func unlockFile(f *os.File) { unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// readFileNoFollow reads a regular file, whatever may have been put in its place.
func readFileNoFollow(name string) (string, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !st.Mode().IsRegular() {
		return "", fmt.Errorf("'%s' is not a regular file", name)
	}
	// io.Copy would take 32 KiB for each of the thousands of small files that are read.
	b := make([]byte, 0, st.Size()+1)
	for {
		n, err := f.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return string(b), nil
		}
		if err != nil {
			return "", err
		}
		b = slices.Grow(b, 1)
	}
}

// writeFileSync replaces a file atomically and durably.
func writeFileSync(name, contents string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err = f.WriteString(contents); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
