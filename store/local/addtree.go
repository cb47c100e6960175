//go:build unix

package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"zombiezen.com/go/sqlite"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// AddTree adds a tree; see store.Adder.
//
// The path is known only once the whole tree was hashed, and then it is often valid
// already, and nothing is to be written. So small trees are kept in memory. Of a large
// one only the name is known in time. If no valid path has it the tree is written while
// it is hashed, to a temporary place that it is moved from; otherwise it is hashed
// first, and read a second time if it is new all the same.
func (s *Store) AddTree(ctx context.Context, name string, method store.Method, algo hash.Algo, dump func(io.Writer) error, refs []store.Path) (store.Path, error) {
	return s.addTree(ctx, name, method, algo, dump, refs, false)
}

// RepairTree is AddTree that replaces the object if it is there.
func (s *Store) RepairTree(ctx context.Context, name string, method store.Method, algo hash.Algo, dump func(io.Writer) error, refs []store.Path) (store.Path, error) {
	return s.addTree(ctx, name, method, algo, dump, refs, true)
}

// maxSmall is the size of archives up to which they are kept in memory, in bytes.
const maxSmall = 8 << 20

func (s *Store) addTree(ctx context.Context, name string, method store.Method, algo hash.Algo, dump func(io.Writer) error, refs []store.Path, repair bool) (store.Path, error) {
	if s.set.ReadOnly {
		// What is there already needs no writing.
		p, err := store.Compute{Dir: s.set.Dir}.AddTree(ctx, name, method, algo, dump, refs)
		if err != nil {
			return store.Path{}, err
		}
		return p, s.make(ctx, p, repair, nil)
	}
	t := &tree{s: s, method: method, algo: algo, dump: func(w io.Writer) error { return dump(ctxWriter{ctx, w}) }}
	defer t.discard()
	if err := t.hash(ctx, name, repair); err != nil {
		return store.Path{}, err
	}
	refs = store.SortPaths(refs)
	p, err := s.set.Dir.FixedOutputPath(name, method, t.got, refs, false)
	if err != nil {
		return store.Path{}, err
	}
	return p, s.make(ctx, p, repair, func(to string) (*store.PathInfo, error) {
		if err := t.put(to); err != nil {
			return nil, fmt.Errorf("add '%s': %w", s.set.Dir.Format(p), err)
		}
		return &store.PathInfo{
			Path: p, NarHash: t.narHash, NarSize: t.narSize, References: refs,
			CA: store.ContentAddress{Method: method, Hash: t.got},
		}, nil
	})
}

// tree is one on its way into the store.
type tree struct {
	s      *Store
	method store.Method
	algo   hash.Algo
	dump   func(io.Writer) error

	got     hash.Hash // as method and algo have it
	narHash hash.Hash
	narSize int64

	// At most one of them has the tree.
	small []byte // its archive
	temp  string // where it lies, canonical
}

// isNar says whether the hash is that of the archive.
func (t *tree) isNar() bool { return t.method == store.Recursive && t.algo == hash.SHA256 }

// errNew ends the hashing of a tree that is written all the same.
var errNew = errors.New("a new name")

// hash computes the hashes, and keeps or writes the tree if that is good for anything.
func (t *tree) hash(ctx context.Context, name string, repair bool) error {
	k := &keeper{sum: hash.NewAsync(hash.SHA256), full: func() error {
		if used, err := t.s.nameUsed(ctx, name); err != nil || used && !repair {
			return err
		}
		return errNew
	}}
	err := t.dump(k)
	t.narHash, t.narSize = k.sum.Sum(), k.sum.Size()
	again := t.dump
	switch {
	case errors.Is(k.err, errNew):
		if t.temp, err = t.s.tempName(ctx); err != nil {
			return err
		}
		if t.narHash, t.narSize, err = t.s.restoreDump(t.temp, t.dump); err != nil {
			return err
		}
		again = func(w io.Writer) error { return nar.DumpPath(ctxWriter{ctx, w}, t.temp, nil) }
	case err != nil:
		return err
	case !k.large:
		t.small = k.kept.Bytes()
		again = func(w io.Writer) error { _, err := w.Write(t.small); return err }
	}
	if t.got = t.narHash; !t.isNar() {
		t.got, err = store.HashTree(t.method, t.algo, again)
	}
	return err
}

// put makes the tree at name.
func (t *tree) put(name string) error {
	switch {
	case t.small != nil:
		return t.s.restore(name, nar.NewReader(bytes.NewReader(t.small)))
	case t.temp != "":
		if err := moveCanonical(t.temp, name); err != nil {
			return err
		}
		t.temp = ""
		return nil
	}
	narHash, _, err := t.s.restoreDump(name, t.dump)
	if err == nil && narHash != t.narHash {
		err = errors.New("the source changed while it was added")
	}
	return err
}

// discard removes what was not needed.
func (t *tree) discard() {
	if t.temp != "" {
		RemoveTree(t.temp)
	}
}

// keeper hashes an archive, and keeps it until it is too large.
type keeper struct {
	sum  *hash.Async
	kept bytes.Buffer
	// full is asked what to do with a large one: nil hashes on.
	full  func() error
	large bool
	err   error // of full
}

func (k *keeper) Write(p []byte) (int, error) {
	if !k.large && k.kept.Len()+len(p) > maxSmall {
		k.kept = bytes.Buffer{}
		k.large = true
		k.err = k.full()
	}
	if k.err != nil {
		return 0, k.err
	}
	if !k.large {
		k.kept.Write(p)
	}
	return k.sum.Write(p)
}

// nameUsed says whether a valid path has a name.
func (s *Store) nameUsed(ctx context.Context, name string) (used bool, err error) {
	prefix := len(s.set.Dir) + len("/") + store.HashLen + len("-")
	err = s.read(ctx, func(c *sqlite.Conn) error {
		return each(c, "select 1 from ValidPaths where substr(path, ?) = ? limit 1", func(st *sqlite.Stmt) {
			st.BindInt64(1, int64(prefix)+1)
			st.BindText(2, name)
		}, func(*sqlite.Stmt) error {
			used = true
			return nil
		})
	})
	return used, err
}

// restore writes a tree with the metadata of store objects.
func (s *Store) restore(name string, r *nar.Reader) error {
	return nar.Restore(name, r, nar.RestoreOptions{Canonical: true, BeginSync: !s.set.NoSync})
}

// restoreDump writes a tree likewise, and returns hash and size of its archive.
func (s *Store) restoreDump(name string, dump func(io.Writer) error) (hash.Hash, int64, error) {
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(dump(pw)) }()
	defer pr.Close()
	tee := hash.NewTee(pr, hash.SHA256)
	defer tee.Close()
	if err := s.restore(name, nar.NewReaderExact(tee)); err != nil {
		return hash.Hash{}, 0, err
	}
	if _, err := tee.Peek(1); err == nil {
		return hash.Hash{}, 0, fmt.Errorf("%w: more bytes follow the archive", nar.ErrFormat)
	} else if err != io.EOF {
		return hash.Hash{}, 0, err
	}
	h := tee.Sum()
	return h, tee.Size(), nil
}

// moveCanonical gives a tree with the metadata of store objects another name.
func moveCanonical(from, to string) error {
	st, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return os.Rename(from, to)
	}
	// A directory that moves has its ".." written.
	if err := os.Chmod(from, 0o755); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return CanonicaliseNode(to)
}
