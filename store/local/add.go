//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

var (
	_ store.Store = (*Store)(nil)
	_ store.Adder = (*Store)(nil)
)

// NarFromPath writes the NAR of a valid path.
func (s *Store) NarFromPath(ctx context.Context, p store.Path, w io.Writer) error {
	valid, err := s.IsValid(ctx, p)
	if err != nil {
		return err
	}
	if !valid {
		return s.invalid(p)
	}
	return nar.DumpPath(ctxWriter{ctx, w}, s.RealPath(p), nil)
}

// OpenNar reads the NAR of a valid path. It may be closed while it is read.
func (s *Store) OpenNar(ctx context.Context, p store.Path) (io.ReadCloser, error) {
	valid, err := s.IsValid(ctx, p)
	if err != nil {
		return nil, err
	}
	if !valid {
		return nil, s.invalid(p)
	}
	r := nar.OpenPath(s.RealPath(p), nil)
	return struct {
		io.Reader
		io.Closer
	}{ctxReader{ctx, r}, r}, nil
}

// ContextWriter passes on to w what is written until ctx ends.
func ContextWriter(ctx context.Context, w io.Writer) io.Writer { return ctxWriter{ctx, w} }

// ctxWriter fails once its context has ended.
type ctxWriter struct {
	ctx context.Context
	w   io.Writer
}

func (w ctxWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}

// ContextReader reads r until ctx ends.
func ContextReader(ctx context.Context, r io.Reader) io.Reader { return ctxReader{ctx, r} }

// ctxReader likewise.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// AddToStore makes info.Path valid with the archive that is read from r; see
// store.Store.
func (s *Store) AddToStore(ctx context.Context, info *store.PathInfo, r io.Reader, opts store.AddOptions) error {
	name := s.set.Dir.Format(info.Path)
	if !opts.NoCheckSigs && s.set.Trusted != nil {
		if err := s.set.Trusted(info); err != nil {
			return err
		}
	}
	return s.make(ctx, info.Path, opts.Repair, func(to string) (*store.PathInfo, error) {
		// The archive ends where info says, or it is wrong.
		tee := hash.NewTee(io.LimitReader(ctxReader{ctx, r}, info.NarSize), hash.SHA256)
		defer tee.Close()
		err := s.restore(to, nar.NewReaderExact(tee))
		if err != nil && !errors.Is(err, nar.ErrFormat) {
			return nil, err
		}
		// What follows the root node counts as well. This also tells a wrong
		// hash apart from a malformed archive that has the right one.
		if _, drainErr := io.Copy(io.Discard, tee); drainErr != nil {
			return nil, drainErr
		}
		got := tee.Sum()
		if got != info.NarHash {
			return nil, fmt.Errorf("hash mismatch importing path '%s';\n  specified: %s\n  got:       %s", name, info.NarHash, got)
		}
		if tee.Size() != info.NarSize {
			return nil, fmt.Errorf("size mismatch importing path '%s';\n  specified: %d\n  got:       %d", name, info.NarSize, tee.Size())
		}
		if err != nil {
			return nil, fmt.Errorf("import path '%s': %w", name, err)
		}
		if err := s.checkCA(info, to); err != nil {
			return nil, err
		}
		return info, nil
	})
}

// checkCA says whether the tree at name has the contents that info claims.
func (s *Store) checkCA(info *store.PathInfo, name string) error {
	if info.CA.IsZero() {
		return nil
	}
	if ca := info.CA; ca.Method == store.Recursive && ca.Hash.Algo == hash.SHA256 && !slices.Contains(info.References, info.Path) {
		// That is the NAR's hash, which was compared already.
		if ca.Hash != info.NarHash {
			return fmt.Errorf("ca hash mismatch importing path '%s';\n  specified: %s\n  got:       %s", s.set.Dir.Format(info.Path), ca.Hash, info.NarHash)
		}
		return nil
	}
	got, err := HashObject(name, info.CA.Method, info.CA.Hash.Algo, info.Path.HashPart())
	if err != nil {
		return err
	}
	if got != info.CA.Hash {
		return fmt.Errorf("ca hash mismatch importing path '%s';\n  specified: %s\n  got:       %s", s.set.Dir.Format(info.Path), info.CA.Hash, got)
	}
	return nil
}

// HashObject hashes the tree at name as method takes it. If self is not empty,
// occurrences of that hash part count as references to itself.
func HashObject(name string, method store.Method, algo hash.Algo, self string) (hash.Hash, error) {
	if method == store.Git {
		return store.HashTree(method, algo, func(w io.Writer) error { return nar.DumpPath(w, name, nil) })
	}
	m := hash.NewModulo(algo, self)
	if method == store.Recursive {
		if err := nar.DumpPath(m, name, nil); err != nil {
			return hash.Hash{}, err
		}
		return m.Sum(), nil
	}
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return hash.Hash{}, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil {
		return hash.Hash{}, err
	} else if !st.Mode().IsRegular() {
		return hash.Hash{}, fmt.Errorf("'%s' is not a regular file, which the method '%s' needs", name, method)
	}
	if _, err := io.Copy(m, f); err != nil {
		return hash.Hash{}, err
	}
	return m.Sum(), nil
}

// make makes p valid: write puts the object at the name it is given, with
// canonical metadata, and returns what is to be registered. A valid path is left
// alone unless repair.
func (s *Store) make(ctx context.Context, p store.Path, repair bool, write func(to string) (*store.PathInfo, error)) error {
	if err := s.AddTempRoot(ctx, p); err != nil {
		return err
	}
	valid, err := s.IsValid(ctx, p)
	if err != nil || valid && !repair {
		return err
	}
	if s.set.ReadOnly {
		return s.readOnly(p)
	}
	locks, err := s.LockPaths(ctx, p)
	if err != nil {
		return err
	}
	defer locks.Unlock()
	if valid, err = s.IsValid(ctx, p); err != nil {
		return err
	}
	if valid && !repair {
		locks.Done()
		return nil
	}
	if err := s.AutoGC(ctx, true); err != nil {
		return err
	}
	real := s.RealPath(p)
	to := real
	if valid {
		// The old tree stays until the new one can take its place.
		if to, err = s.tempName(ctx); err != nil {
			return err
		}
		defer RemoveTree(to)
	} else if err := RemoveTree(real); err != nil {
		return err
	}
	info, err := write(to)
	if err != nil {
		RemoveTree(to)
		locks.Done()
		return err
	}
	if valid {
		if err := exchange(to, real); err != nil {
			return err
		}
	}
	if s.set.AutoOptimise {
		if err := s.optimisePath(ctx, p, repair); err != nil {
			return err
		}
	}
	if err := s.Register(ctx, info); err != nil {
		return err
	}
	locks.Done()
	return nil
}

// exchange puts the tree a in the place of b, if there is one, atomically; what b
// was is then called a.
func exchange(a, b string) error {
	// A directory that moves has its ".." written.
	for _, name := range []string{a, b} {
		if st, err := os.Lstat(name); err == nil && st.IsDir() {
			if err := os.Chmod(name, 0o755); err != nil {
				return err
			}
		}
	}
	swap := swapFiles
	if _, err := os.Lstat(b); errors.Is(err, os.ErrNotExist) {
		swap = os.Rename // it had disappeared
	}
	if err := swap(a, b); err != nil {
		return err
	}
	return CanonicaliseMetadata(b, CanonicalOptions{})
}

// AddText adds a text; see store.Adder.
func (s *Store) AddText(ctx context.Context, name, contents string, refs []store.Path) (store.Path, error) {
	return s.addText(ctx, name, contents, refs, false)
}

// RepairText is AddText that replaces the object if it is there.
func (s *Store) RepairText(ctx context.Context, name, contents string, refs []store.Path) (store.Path, error) {
	return s.addText(ctx, name, contents, refs, true)
}

func (s *Store) addText(ctx context.Context, name, contents string, refs []store.Path, repair bool) (store.Path, error) {
	info, err := s.textInfo(name, contents, refs)
	if err != nil {
		return store.Path{}, err
	}
	return info.Path, s.make(ctx, info.Path, repair, func(to string) (*store.PathInfo, error) {
		return info, writeText(to, contents)
	})
}

// textInfo is what will be registered of a text.
func (s *Store) textInfo(name, contents string, refs []store.Path) (*store.PathInfo, error) {
	h := hash.SumString(hash.SHA256, contents)
	refs = store.SortPaths(refs)
	p, err := s.set.Dir.TextPath(name, h, refs)
	if err != nil {
		return nil, err
	}
	w := hash.New(hash.SHA256)
	if err := nar.DumpString(w, contents); err != nil {
		return nil, err
	}
	return &store.PathInfo{
		Path: p, NarHash: w.Sum(), NarSize: w.Size(), References: refs,
		CA: store.ContentAddress{Method: store.Text, Hash: h},
	}, nil
}

// writeText writes a file with canonical metadata.
func writeText(name, contents string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, contents)
	if err == nil {
		err = f.Chmod(0o444)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return setMtime(unix.AT_FDCWD, name, name)
}
