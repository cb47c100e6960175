package store

import (
	"context"
	"fmt"
	"io"

	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// Adder is a place where store objects are added. local.Store is one that
// registers them, Folder a plain directory, and Compute adds nothing.
//
// An object that is there already is not added again, and that is no error. When
// a method returns, the object is as durable as the place can make it.
type Adder interface {
	// StoreDir is the directory that paths are computed for.
	StoreDir() Dir

	// AddText adds a regular file addressed by its contents and references: a
	// derivation, or a file of builtins.toFile.
	AddText(ctx context.Context, name, contents string, refs []Path) (Path, error)

	// AddTree adds a file system object addressed by method and algo. dump
	// writes its NAR; it may be called twice, and must write the same bytes.
	// With Flat the object must be a regular file.
	AddTree(ctx context.Context, name string, method Method, algo hash.Algo, dump func(io.Writer) error, refs []Path) (Path, error)
}

// Compute is an Adder that adds nothing: the read-only mode.
type Compute struct {
	Dir Dir // DefaultDir if empty
}

// StoreDir is c.Dir.
func (c Compute) StoreDir() Dir {
	if c.Dir == "" {
		return DefaultDir
	}
	return c.Dir
}

// AddText computes the path.
func (c Compute) AddText(_ context.Context, name, contents string, refs []Path) (Path, error) {
	return c.StoreDir().TextPath(name, hash.SumString(hash.SHA256, contents), refs)
}

// AddTree computes the path.
func (c Compute) AddTree(_ context.Context, name string, method Method, algo hash.Algo, dump func(io.Writer) error, refs []Path) (Path, error) {
	h, err := HashTree(method, algo, dump)
	if err != nil {
		return Path{}, err
	}
	return c.StoreDir().FixedOutputPath(name, method, h, refs, false)
}

// HashTree hashes the object whose NAR dump writes, as method takes it.
func HashTree(method Method, algo hash.Algo, dump func(io.Writer) error) (hash.Hash, error) {
	if method == Recursive {
		w := hash.NewAsync(algo)
		err := dump(w)
		h := w.Sum()
		if err != nil {
			return hash.Hash{}, err
		}
		return h, nil
	}
	w := hash.New(algo)
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(dump(pw)) }()
	defer pr.Close()
	r := nar.NewReader(pr)
	if method == Git {
		return nar.GitHash(r, algo)
	}
	h, err := r.Next()
	if err != nil {
		return hash.Hash{}, err
	}
	if h.Type != nar.Regular {
		return hash.Hash{}, fmt.Errorf("flat ingestion needs a regular file, not a %s", h.Type)
	}
	if _, err := io.Copy(w, r); err != nil {
		return hash.Hash{}, err
	}
	if _, err := r.Next(); err != io.EOF {
		return hash.Hash{}, fmt.Errorf("read flat file: %w", err)
	}
	return w.Sum(), nil
}
