package cache

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

var (
	_ store.Adder  = (*Cache)(nil)
	_ store.Stager = (*Cache)(nil)
)

// AddText implements store.Adder.
func (c *Cache) AddText(ctx context.Context, name, contents string, refs []store.Path) (store.Path, error) {
	sum := hash.SumString(hash.SHA256, contents)
	p, err := c.dir.TextPath(name, sum, refs)
	if err != nil {
		return p, err
	}
	var b bytes.Buffer
	if err := nar.DumpString(&b, contents); err != nil {
		return p, err
	}
	info := &store.PathInfo{
		Path: p, NarHash: hash.Sum(hash.SHA256, b.Bytes()), NarSize: int64(b.Len()), References: store.SortPaths(refs),
		CA: store.ContentAddress{Method: store.Text, Hash: sum},
	}
	return p, c.AddToStore(ctx, info, &b, store.AddOptions{})
}

// AddTree implements store.Adder. The archive is written to a file first: its
// path depends on all of it.
func (c *Cache) AddTree(ctx context.Context, name string, method store.Method, algo hash.Algo, dump func(io.Writer) error, refs []store.Path) (store.Path, error) {
	f, err := os.CreateTemp(c.temp, "gonix-add-*")
	if err != nil {
		return store.Path{}, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	sum := hash.New(hash.SHA256)
	if err := dump(io.MultiWriter(f, sum)); err != nil {
		return store.Path{}, err
	}
	replay := func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(f, 0, sum.Size()))
		return err
	}
	h := sum.Sum()
	if method != store.Recursive || algo != hash.SHA256 {
		if h, err = store.HashTree(method, algo, replay); err != nil {
			return store.Path{}, err
		}
	}
	p, err := c.dir.FixedOutputPath(name, method, h, refs, false)
	if err != nil {
		return store.Path{}, fmt.Errorf("add '%s': %w", name, err)
	}
	info := &store.PathInfo{
		Path: p, NarHash: sum.Sum(), NarSize: sum.Size(), References: store.SortPaths(refs),
		CA: store.ContentAddress{Method: method, Hash: h},
	}
	return p, c.AddToStore(ctx, info, io.NewSectionReader(f, 0, sum.Size()), store.AddOptions{})
}
