//go:build unix

package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// scratch remembers the directories outside the store in which this process
// builds, in a file that it keeps locked, so that somebody else can sweep them up
// if it is killed. The file is a log of NUL-terminated records:
//
//	?NAME          about to be made
//	+DEV:INO NAME  made
//	-NAME          gone, or left for the user
//
// Others make directories of the same names; that is what the inode is for.
type scratch struct {
	mu   sync.Mutex
	file *os.File
	left map[string]bool // made and not forgotten
}

func (s *Store) scratchDir() string { return filepath.Join(s.set.StateDir, "gonix-builds") }

// MakeScratch makes a directory that is removed if this process dies without
// ForgetScratch. The error is os.ErrExist if the name is taken.
func (s *Store) MakeScratch(ctx context.Context, name string) error {
	sc := &s.scratch
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if sc.file == nil {
		if err := os.MkdirAll(s.scratchDir(), 0o755); err != nil {
			return err
		}
		if err := s.sweepScratch(); err != nil {
			return err
		}
		f, err := claimFile(ctx, s.scratchDir())
		if err != nil {
			return err
		}
		sc.file = f
	}
	if _, err := os.Lstat(name); err == nil {
		return &os.PathError{Op: "mkdir", Path: name, Err: os.ErrExist}
	}
	if _, err := sc.file.WriteString("?" + name + "\x00"); err != nil {
		return err
	}
	if sc.left == nil {
		sc.left = map[string]bool{}
	}
	if err := os.Mkdir(name, 0o700); err != nil {
		return err
	}
	sc.left[name] = true
	var st unix.Stat_t
	err := unix.Lstat(name, &st)
	if err == nil {
		_, err = fmt.Fprintf(sc.file, "+%d:%d %s\x00", st.Dev, st.Ino, name)
	}
	if err != nil && os.Remove(name) == nil {
		delete(sc.left, name)
	}
	return err
}

// ForgetScratch says that a directory is gone, or is to stay.
func (s *Store) ForgetScratch(name string) error {
	sc := &s.scratch
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if sc.file == nil {
		return nil
	}
	delete(sc.left, name)
	_, err := sc.file.WriteString("-" + name + "\x00")
	return err
}

func (sc *scratch) close() error {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if sc.file == nil {
		return nil
	}
	if len(sc.left) == 0 { // else somebody who has the means sweeps it up
		os.Remove(sc.file.Name())
	}
	err := sc.file.Close()
	sc.file = nil
	return err
}

// sweepScratch removes the directories of processes that have died.
func (s *Store) sweepScratch() error {
	names, err := readNames(s.scratchDir())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := s.sweepScratchOf(filepath.Join(s.scratchDir(), n)); err != nil {
			s.log(Warn, "sweep up after a build that was killed: %v", err)
		}
	}
	return nil
}

func (s *Store) sweepScratchOf(record string) error {
	f, err := os.OpenFile(record, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return nil // another user's
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if dead, err := tryLock(f, lockExclusive); err != nil || !dead {
		return err
	}
	text, err := os.ReadFile(record)
	if errors.Is(err, os.ErrNotExist) {
		return nil // swept meanwhile
	}
	if err != nil {
		return err
	}
	var errs []error
	for name, ino := range scratchLeft(text) {
		errs = append(errs, s.removeScratch(name, ino))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.Remove(record)
}

// scratchLeft are the directories that a record does not say are gone, and their
// inodes, if these are known.
func scratchLeft(text []byte) map[string]*Inode {
	left := map[string]*Inode{}
	for r := range slices.Values(bytes.Split(text, []byte{0})) {
		if len(r) == 0 {
			continue
		}
		switch rest := string(r[1:]); r[0] {
		case '?':
			left[rest] = nil
		case '-':
			delete(left, rest)
		case '+':
			var ino Inode
			id, name, ok := bytes.Cut(r[1:], []byte{' '})
			if n, err := fmt.Sscanf(string(id), "%d:%d", &ino.Dev, &ino.Ino); ok && n == 2 && err == nil {
				left[string(name)] = &ino
			}
		}
	}
	return left
}

func (s *Store) removeScratch(name string, want *Inode) error {
	var st unix.Stat_t
	if unix.Lstat(name, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil
	}
	if want == nil {
		// It may be somebody else's, if it was made at all; but then it is
		// hardly empty.
		os.Remove(name)
		return nil
	}
	if (Inode{uint64(st.Dev), st.Ino}) != *want {
		return nil
	}
	s.log(Info, "removing '%s', left by a build that was killed", name)
	return RemoveTree(name)
}
