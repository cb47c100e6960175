package closure

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/nar"
)

// fake is a Source in memory; paths are made of a digit and a name.
type fake struct {
	infos map[store.Path]*store.PathInfo
	nars  map[store.Path][]byte
}

func path(digit, name string) store.Path {
	return store.MustParsePath(strings.Repeat(digit, store.HashLen) + "-" + name)
}

func (f fake) StoreDir() store.Dir { return store.DefaultDir }
func (f fake) URI() string         { return "fake" }

func (f fake) QueryPathInfo(_ context.Context, p store.Path) (*store.PathInfo, error) {
	if i := f.infos[p]; i != nil {
		return i, nil
	}
	return nil, &store.InvalidPathError{Path: p.String()}
}

func (f fake) QueryValidPaths(context.Context, []store.Path) (map[store.Path]bool, error) {
	return nil, errors.New("not asked for")
}

func (f fake) QueryPathFromHashPart(context.Context, string) (store.Path, error) {
	return store.Path{}, errors.New("not asked for")
}

func (f fake) NarFromPath(_ context.Context, p store.Path, w io.Writer) error {
	_, err := w.Write(f.nars[p])
	return err
}

func (f fake) add(p store.Path, size int64, refs ...store.Path) {
	f.infos[p] = &store.PathInfo{Path: p, NarSize: size, References: store.SortPaths(refs)}
}

func newFake() fake {
	return fake{map[store.Path]*store.PathInfo{}, map[store.Path][]byte{}}
}

func TestCompute(t *testing.T) {
	f := newFake()
	a, b, c, d := path("a", "x"), path("b", "x"), path("c", "x"), path("d", "x")
	f.add(a, 1, b, c, a)
	f.add(b, 1, d)
	f.add(c, 1, d)
	f.add(d, 1)
	set, err := Compute(t.Context(), f, []store.Path{a, b})
	if err != nil || len(set) != 4 {
		t.Fatal(len(set), err)
	}
	sorted, err := set.Sorted()
	if err != nil || !reflect.DeepEqual(sorted, []store.Path{d, b, c, a}) {
		t.Errorf("sorted %v, %v", sorted, err)
	}
	f.add(d, 1, a)
	set, err = Compute(t.Context(), f, []store.Path{a})
	if err != nil {
		t.Fatal(err)
	}
	var cycle *CycleError
	if _, err := set.Sorted(); !errors.As(err, &cycle) {
		t.Errorf("a cycle: %v", err)
	}
	var invalid *store.InvalidPathError
	if _, err := Compute(t.Context(), f, []store.Path{path("0", "x")}); !errors.As(err, &invalid) {
		t.Errorf("a missing path: %v", err)
	}
	w := NewWhy(set, d)
	if !reflect.DeepEqual(w.Next(a), []store.Path{b, c}) || w.Distance[a] != 2 {
		t.Errorf("why: %v", w.Distance)
	}
	if w := NewWhy(set, path("0", "x")); len(w.Distance) != 0 {
		t.Errorf("why something that is not there: %v", w.Distance)
	}
}

func TestDiff(t *testing.T) {
	before, after := newFake(), newFake()
	before.add(path("a", "hello-2.10"), 1000)
	after.add(path("b", "hello-2.12"), 2000)
	before.add(path("c", "glibc-2.31-dev"), 500)
	after.add(path("c", "glibc-2.31-dev"), 500)
	before.add(path("d", "big-1.0"), 10)
	after.add(path("f", "big-1.0"), 100_000)
	before.add(path("g", "script"), 5)
	after.add(path("h", "python3.8-requests-2.0"), 5)
	got := Diff(Set(before.infos), Set(after.infos), 8<<10)
	want := []Change{
		{"big", nil, nil, 99_990},
		{"hello", []string{"2.10"}, []string{"2.12"}, 1000},
		{"python3.8-requests", nil, []string{"2.0"}, 5},
		{"script", []string{""}, nil, -5},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestMentions(t *testing.T) {
	a, b, c := path("a", "from"), path("b", "text"), path("c", "far")
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	in := func(p store.Path) string { return store.DefaultDir.Format(p) }
	write("script", "#!/bin/sh\n\nexec "+in(b)+"/bin/x\n"+in(b)+"\n")
	// Across the edge of what is looked at at a time, after many lines.
	write("long", strings.Repeat("line\n", (window-20)/5)+in(c)+" end")
	write("program", "\x00\x01"+in(c)+"\x00")
	if err := os.Symlink(in(b)+"/lib", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := nar.DumpPath(&buf, dir, nil); err != nil {
		t.Fatal(err)
	}
	f := newFake()
	f.nars[a] = buf.Bytes()
	got, err := Mentions(t.Context(), f, a, []store.Path{b, c})
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		file   string
		line   int
		link   bool
		before string
		after  string
	}
	places := func(ms []Mention) (out []place) {
		for _, m := range ms {
			out = append(out, place{m.File, m.Line, m.Symlink, m.Before, m.After})
		}
		return out
	}
	if got, want := places(got[b]), []place{
		{"link", 0, true, "/nix/store/", "-text/lib"},
		{"script", 3, false, "#!/bin/sh\n\nexec /nix/store/", "-text/bin/x\n/nix/store/bbbbbbbbb"},
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got, want := places(got[c]), []place{
		{"long", (window-20)/5 + 1, false, "e\nline\nline\nline\nline\n/nix/store/"[1:], "-far end"},
		{"program", 0, false, "\x00\x01/nix/store/", "-far\x00"},
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
