//go:build unix

package local

import (
	"context"
	"os"
	"slices"

	"gonix.dev/gonix/store"
)

// Locks are the lock files of objects that are being made.
type Locks struct {
	files []*os.File
}

// LockPaths takes the locks of ps, one after the other in the order that Nix has,
// so that two who want several never wait for each other. Those that a parent
// process holds for us are not taken.
func (s *Store) LockPaths(ctx context.Context, ps ...store.Path) (*Locks, error) {
	l, _, err := s.lockPaths(ctx, ps, true)
	return l, err
}

// TryLockPaths is LockPaths that gives up if one of the locks is held: then ok is
// false and no lock is taken.
func (s *Store) TryLockPaths(ctx context.Context, ps ...store.Path) (l *Locks, ok bool, err error) {
	return s.lockPaths(ctx, ps, false)
}

func (s *Store) lockPaths(ctx context.Context, ps []store.Path, wait bool) (*Locks, bool, error) {
	if s.set.ReadOnly {
		return nil, false, ErrReadOnly
	}
	l := &Locks{}
	for _, p := range store.SortPaths(ps) {
		if s.set.HeldLocks[p] {
			continue
		}
		f, err := s.lockPath(ctx, p, wait)
		if err != nil || f == nil {
			l.release(false)
			return nil, false, err
		}
		l.files = append(l.files, f)
	}
	return l, true, nil
}

func (s *Store) lockPath(ctx context.Context, p store.Path, wait bool) (*os.File, error) {
	name := s.RealPath(p) + ".lock"
	for {
		f, err := openLockFile(name)
		if err != nil {
			return nil, err
		}
		if wait {
			err = lockFile(ctx, f, lockExclusive, nil)
		} else {
			var ok bool
			if ok, err = tryLock(f, lockExclusive); err == nil && !ok {
				f.Close()
				return nil, nil
			}
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		st, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		if st.Size() == 0 {
			return f, nil
		}
		// Who held it before has unlinked it, and wrote into it to tell us.
		f.Close()
	}
}

// Unlock releases the locks and leaves the files, for the next who tries.
func (l *Locks) Unlock() { l.release(false) }

// Done releases the locks and removes their files: the objects are made.
func (l *Locks) Done() { l.release(true) }

func (l *Locks) release(remove bool) {
	if l == nil {
		return
	}
	for _, f := range slices.Backward(l.files) {
		if remove {
			removeLockFile(f)
		}
		f.Close()
	}
	l.files = nil
}

// removeLockFile unlinks a lock file that we hold. Others may wait for it: what
// is written tells them that it is gone.
func removeLockFile(f *os.File) {
	os.Remove(f.Name())
	f.WriteString("d")
}
