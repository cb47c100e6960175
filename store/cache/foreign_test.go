package cache

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// TestForeignCache takes content-addressed paths from a cache for another store
// directory, where they have other names.
func TestForeignCache(t *testing.T) {
	t.Parallel()
	const there = "/fnord/store"
	c := open(t, "file://"+t.TempDir()+"/cache?store="+there, Options{})
	add := func(name, text string, refs ...store.Path) {
		dump := func(w io.Writer) error { return nar.DumpString(w, text) }
		if _, err := c.AddTree(t.Context(), name, store.Flat, hash.SHA256, dump, refs); err != nil {
			t.Fatal(err)
		}
	}
	add("plain", "plain")
	addressed := func(name, text string) (store.Path, store.ContentAddress) {
		ca := store.ContentAddress{Method: store.Flat, Hash: hash.SumString(hash.SHA256, text)}
		p, err := store.DefaultDir.CAPath(name, ca, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		return p, ca
	}
	p, ca := addressed("plain", "plain")
	var warned []string
	s := &Substituter{Origins: []Origin{c}, Dir: store.DefaultDir, Warn: func(msg string) { warned = append(warned, msg) }}
	dst := newMemStore()
	if err := s.Substitute(t.Context(), p, store.ContentAddress{}, dst, nil); !errors.Is(err, ErrNoSubstitute) {
		t.Errorf("by its name alone: %v", err)
	}
	if err := s.Substitute(t.Context(), p, ca, dst, nil); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := nar.DumpString(&want, "plain"); err != nil {
		t.Fatal(err)
	}
	info := dst.info[p]
	if info == nil || info.CA != ca || !info.IsContentAddressed(store.DefaultDir) || !bytes.Equal(dst.nars[p], want.Bytes()) {
		t.Errorf("got %v", info)
	}
	if q, ca := addressed("plain", "other"); s.Substitute(t.Context(), q, ca, dst, nil) == nil {
		t.Error("found what is not there")
	}
	if found, err := s.Query(t.Context(), p, ca); err != nil || found == nil || found.Path != p {
		t.Errorf("query: %v, %v", found, err)
	}
	if len(warned) > 0 {
		t.Errorf("warnings: %s", strings.Join(warned, "\n"))
	}
}
