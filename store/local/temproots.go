//go:build unix

package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"gonix.dev/gonix/store"
)

// tempRoots is the file of this process's temporary roots: paths that must not be
// collected while it runs, valid or not. It is locked as long as we live.
type tempRoots struct {
	store *Store
	mu    sync.Mutex
	file  *os.File
	gc    *os.File // gc.lock, not locked
	conn  net.Conn // to a running collector
	reply *bufio.Reader
	have  map[store.Path]bool
}

// AddTempRoot protects p from collection until the store is closed. The path need
// not be valid; add it as a root before asking whether it is.
func (s *Store) AddTempRoot(ctx context.Context, p store.Path) error {
	if s.set.ReadOnly {
		return nil // nothing can be deleted either
	}
	return s.temp.add(ctx, p)
}

func (t *tempRoots) add(ctx context.Context, p store.Path) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.have[p] {
		return nil
	}
	if err := t.open(ctx); err != nil {
		return fmt.Errorf("add temporary root: %w", err)
	}
	name := t.store.set.Dir.Format(p)
	for {
		ok, err := tryLock(t.gc, lockShared)
		if err != nil {
			return err
		}
		if ok {
			// No collector runs, and none starts before the root is written.
			_, err := t.file.WriteString(name + "\x00")
			unlockFile(t.gc)
			if err != nil {
				return err
			}
			break
		}
		told, err := t.tell(name)
		if err != nil {
			return err
		}
		if told {
			// For collectors to come.
			if _, err := t.file.WriteString(name + "\x00"); err != nil {
				return err
			}
			break
		}
		// The collector has just ended, or does not listen yet.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	if t.have == nil {
		t.have = map[store.Path]bool{}
	}
	t.have[p] = true
	return nil
}

// remind tells a running collector of a path that has just become a permanent root.
// Nix looks at permanent roots before temporary ones: of a process that ends in
// between it would see neither.
func (t *tempRoots) remind(ctx context.Context, p store.Path) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.open(ctx); err != nil {
		return err
	}
	idle, err := tryLock(t.gc, lockShared)
	if err != nil {
		return err
	}
	if idle {
		unlockFile(t.gc)
		return nil
	}
	// If it does not listen it has ended, or has not looked for roots yet.
	_, err = t.tell(t.store.set.Dir.Format(p))
	return err
}

// open makes and locks the file.
func (t *tempRoots) open(ctx context.Context) error {
	if t.file != nil {
		return nil
	}
	var err error
	if t.gc == nil {
		if t.gc, err = openLockFile(t.store.gcLockPath()); err != nil {
			return err
		}
	}
	f, err := claimFile(ctx, filepath.Join(t.store.set.StateDir, "temproots"))
	if err != nil {
		return err
	}
	// Stale contents are those of a dead process.
	if err := f.Truncate(0); err != nil {
		f.Close()
		return err
	}
	t.file = f
	return nil
}

// claimFile makes and locks a file of dir that is named after this process.
func claimFile(ctx context.Context, dir string) (*os.File, error) {
	for n := 0; ; {
		// Another store of this process, or a process with our number in another
		// PID namespace, may have the first name. Nix reads what comes before
		// the dash.
		name := filepath.Join(dir, strconv.Itoa(os.Getpid()))
		if n > 0 {
			name += "-" + strconv.Itoa(n)
		}
		f, err := openLockFile(name)
		if err != nil {
			return nil, err
		}
		ok, err := tryLock(f, lockExclusive)
		if err != nil {
			f.Close()
			return nil, err
		}
		if !ok {
			f.Close()
			n++
			continue
		}
		st, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		same, err := os.Lstat(name)
		if err == nil && os.SameFile(st, same) {
			return f, nil
		}
		// Whoever sweeps has removed it before we had the lock.
		f.Close()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// tell reports a root to the running collector; told is false if there is none.
func (t *tempRoots) tell(name string) (told bool, err error) {
	if t.conn == nil {
		short, done, err := shortSocketName(t.store.gcSocketPath())
		if errors.Is(err, os.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		conn, err := net.Dial("unix", short)
		done()
		if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		t.conn, t.reply = conn, bufio.NewReader(conn)
	}
	_, err = t.conn.Write([]byte(name + "\n"))
	if err == nil {
		var c byte
		if c, err = t.reply.ReadByte(); err == nil && c != '1' {
			err = fmt.Errorf("unexpected answer %q from the garbage collector", c)
		}
	}
	if err != nil {
		t.conn.Close()
		t.conn = nil
		return false, nil // it has ended
	}
	return true, nil
}

func (t *tempRoots) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn != nil {
		t.conn.Close()
	}
	if t.gc != nil {
		t.gc.Close()
	}
	if t.file == nil {
		return nil
	}
	os.Remove(t.file.Name())
	err := t.file.Close()
	t.file, t.have = nil, nil
	return err
}

func (s *Store) gcLockPath() string   { return filepath.Join(s.set.StateDir, "gc.lock") }
func (s *Store) gcSocketPath() string { return filepath.Join(s.set.StateDir, "gc-socket/socket") }

// findTempRoots reads the temporary roots of all running processes, and removes
// the files of dead ones.
func (s *Store) findTempRoots(add func(p store.Path, from string)) error {
	dir := filepath.Join(s.set.StateDir, "temproots")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		name := filepath.Join(dir, e.Name())
		if err := s.readTempRoots(name, add); err != nil {
			return fmt.Errorf("read temporary roots '%s': %w", name, err)
		}
	}
	return nil
}

func (s *Store) readTempRoots(name string, add func(p store.Path, from string)) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	// Whoever lives holds the lock.
	dead, err := tryLock(f, lockExclusive)
	if err != nil {
		return err
	}
	if dead {
		s.log(Talkative, "removing stale temporary roots file '%s'", name)
		removeLockFile(f)
		return nil
	}
	b, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	pid, _, _ := strings.Cut(filepath.Base(name), "-")
	for root := range strings.SplitSeq(string(b), "\x00") {
		if p, err := s.set.Dir.Parse(root); err == nil {
			add(p, "{temp:"+pid+"}")
		}
	}
	return nil
}
