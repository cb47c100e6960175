//go:build unix

package local

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// Batch is an Adder that registers texts many at a time, which is what makes
// writing thousands of derivations fast: one sync and one transaction for all.
// A text may be relied on only after Flush. Trees are added at once.
type Batch struct {
	s       *Store
	mu      sync.Mutex
	pending []batchText
	known   map[store.Path]bool // valid or pending
}

type batchText struct {
	info *store.PathInfo
	temp string // where it waits
}

var _ store.Adder = (*Batch)(nil)

// batchSize bounds how many lock files are held at once.
const batchSize = 256

// NewBatch returns an empty batch. Flush it before closing the store.
func (s *Store) NewBatch() *Batch {
	return &Batch{s: s, known: map[store.Path]bool{}}
}

// StoreDir is that of the store.
func (b *Batch) StoreDir() store.Dir { return b.s.set.Dir }

// AddText adds a text that becomes valid with the next Flush.
func (b *Batch) AddText(ctx context.Context, name, contents string, refs []store.Path) (store.Path, error) {
	info, err := b.s.textInfo(name, contents, refs)
	if err != nil {
		return store.Path{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known[info.Path] {
		return info.Path, nil
	}
	if err := b.s.AddTempRoot(ctx, info.Path); err != nil {
		return store.Path{}, err
	}
	valid, err := b.s.IsValid(ctx, info.Path)
	if err != nil {
		return store.Path{}, err
	}
	if !valid {
		if b.s.set.ReadOnly {
			return store.Path{}, b.s.readOnly(info.Path)
		}
		temp, err := b.s.tempName(ctx)
		if err != nil {
			return store.Path{}, err
		}
		if err := writeText(temp, contents); err != nil {
			return store.Path{}, err
		}
		b.pending = append(b.pending, batchText{info, temp})
	}
	b.known[info.Path] = true
	return info.Path, nil
}

// References are what a path refers to that is valid, or will be with the next Flush.
func (b *Batch) References(ctx context.Context, p store.Path) ([]store.Path, error) {
	b.mu.Lock()
	for _, t := range b.pending {
		if t.info.Path == p {
			b.mu.Unlock()
			return t.info.References, nil
		}
	}
	b.mu.Unlock()
	info, err := b.s.QueryPathInfo(ctx, p)
	if err != nil {
		return nil, err
	}
	return info.References, nil
}

// AddTree flushes, since the tree may refer to texts, and adds the tree.
func (b *Batch) AddTree(ctx context.Context, name string, method store.Method, algo hash.Algo, dump func(io.Writer) error, refs []store.Path) (store.Path, error) {
	if len(refs) > 0 {
		if err := b.Flush(ctx); err != nil {
			return store.Path{}, err
		}
	}
	return b.s.AddTree(ctx, name, method, algo, dump, refs)
}

// Flush makes all texts valid that were added so far.
func (b *Batch) Flush(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pending) > 0 {
		if err := b.s.AutoGC(ctx, true); err != nil {
			return err
		}
	}
	// In the order of adding: what a text refers to was added before it.
	for len(b.pending) > 0 {
		n := min(len(b.pending), batchSize)
		if err := b.flush(ctx, b.pending[:n]); err != nil {
			return err
		}
		b.pending = b.pending[n:]
	}
	return nil
}

func (b *Batch) flush(ctx context.Context, texts []batchText) error {
	ps := make([]store.Path, len(texts))
	for i, t := range texts {
		ps[i] = t.info.Path
	}
	locks, err := b.s.LockPaths(ctx, ps...)
	if err != nil {
		return err
	}
	defer locks.Unlock()
	valid, err := b.s.QueryValidPaths(ctx, ps)
	if err != nil {
		return err
	}
	var infos []*store.PathInfo
	for _, t := range texts {
		if valid[t.info.Path] {
			os.Remove(t.temp)
			continue
		}
		real := b.s.RealPath(t.info.Path)
		// A leftover may be a directory, which a file cannot replace.
		err := os.Rename(t.temp, real)
		if errors.Is(err, os.ErrExist) || err != nil && isDir(real) {
			if err = RemoveTree(real); err == nil {
				err = os.Rename(t.temp, real)
			}
		}
		if err != nil {
			return err
		}
		if b.s.set.AutoOptimise {
			if err := b.s.optimisePath(ctx, t.info.Path, false); err != nil {
				return err
			}
		}
		infos = append(infos, t.info)
	}
	if err := b.s.Register(ctx, infos...); err != nil {
		return err
	}
	locks.Done()
	return nil
}

func isDir(name string) bool {
	st, err := os.Lstat(name)
	return err == nil && st.IsDir()
}
