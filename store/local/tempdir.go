//go:build unix

package local

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"gonix.dev/gonix/store/hash"
)

// tempDir is a directory in the store directory where objects are written before
// their path is known. It has the name of a store object and is a temporary root:
// that is all that keeps the collectors of Nix 2.8 and before away from it, which
// know nothing of the locks that later ones put on such directories.
type tempDir struct {
	mu   sync.Mutex
	path string // "" while there is none
	next int
}

// tempName returns an unused file name in the temporary directory.
func (s *Store) tempName(ctx context.Context) (string, error) {
	t := &s.tmpDir
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.path == "" {
		var random [32]byte
		rand.Read(random[:])
		p, err := s.set.Dir.TextPath("tmp-"+strconv.Itoa(os.Getpid()), hash.Sum(hash.SHA256, random[:]), nil)
		if err != nil {
			return "", err
		}
		if err := s.AddTempRoot(ctx, p); err != nil {
			return "", err
		}
		dir := s.RealPath(p)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return "", fmt.Errorf("make temporary directory in store: %w", err)
		}
		t.path = dir
	}
	t.next++
	return filepath.Join(t.path, strconv.Itoa(t.next)), nil
}

func (t *tempDir) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.path == "" {
		return nil
	}
	err := RemoveTree(t.path)
	t.path = ""
	return err
}
