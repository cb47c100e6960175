//go:build unix

package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// tempDir is a directory in the store directory where objects are written before
// their path is known. Its name and lock keep collectors, Nix's too, away from it.
type tempDir struct {
	mu   sync.Mutex
	dir  *os.File
	next int
}

// tempName returns an unused file name in the temporary directory.
func (s *Store) tempName(ctx context.Context) (string, error) {
	t := &s.tmpDir
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.dir == nil {
		name, err := os.MkdirTemp(s.set.RealDir, "tmp-"+strconv.Itoa(os.Getpid())+"-")
		if err != nil {
			return "", fmt.Errorf("make temporary directory in store: %w", err)
		}
		d, err := os.Open(name)
		if err != nil {
			continue // collected before it was locked
		}
		if err := lockFile(ctx, d, lockExclusive, nil); err != nil {
			d.Close()
			return "", err
		}
		if _, err := os.Lstat(name); err != nil {
			d.Close()
			continue
		}
		t.dir = d
	}
	t.next++
	return filepath.Join(t.dir.Name(), strconv.Itoa(t.next)), nil
}

func (t *tempDir) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dir == nil {
		return nil
	}
	RemoveTree(t.dir.Name())
	err := t.dir.Close()
	t.dir = nil
	return err
}
