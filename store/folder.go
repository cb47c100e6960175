package store

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"

	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// Folder is an Adder that puts objects into a plain directory, without a database
// and references: enough to look at .drv files, or to collect them.
type Folder struct {
	Dir  Dir    // that paths are computed for; DefaultDir if empty
	Path string // directory on disk; it is made when the first object comes
}

// StoreDir is f.Dir.
func (f Folder) StoreDir() Dir { return Compute{f.Dir}.StoreDir() }

// AddText writes the file.
func (f Folder) AddText(ctx context.Context, name, contents string, refs []Path) (Path, error) {
	p, err := f.StoreDir().TextPath(name, hash.SumString(hash.SHA256, contents), refs)
	if err != nil {
		return Path{}, err
	}
	return p, f.add(p, func(tmp string) error {
		return os.WriteFile(tmp, []byte(contents), 0o444)
	})
}

// AddTree restores the tree.
func (f Folder) AddTree(ctx context.Context, name string, method Method, algo hash.Algo, dump func(io.Writer) error, refs []Path) (Path, error) {
	p, err := Compute{f.Dir}.AddTree(ctx, name, method, algo, dump, refs)
	if err != nil {
		return Path{}, err
	}
	return p, f.add(p, func(tmp string) error {
		pr, pw := io.Pipe()
		defer pr.Close()
		go func() { pw.CloseWithError(dump(pw)) }()
		return nar.Restore(tmp, nar.NewReaderExact(bufio.NewReaderSize(pr, 1<<20)), nar.RestoreOptions{})
	})
}

// add makes p appear whole or not at all.
func (f Folder) add(p Path, write func(tmp string) error) error {
	final := filepath.Join(f.Path, p.String())
	if _, err := os.Lstat(final); err == nil {
		return nil
	}
	if err := os.MkdirAll(f.Path, 0o777); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(f.Path, ".tmp-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tmp := filepath.Join(dir, "x")
	if err := write(tmp); err != nil {
		return err
	}
	err = os.Rename(tmp, final)
	if _, statErr := os.Lstat(final); err != nil && statErr == nil {
		return nil // another writer was faster
	}
	return err
}
