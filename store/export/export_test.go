package export

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// sink is a Store that keeps what it is given.
type sink struct {
	store.Store
	infos []*store.PathInfo
	nars  map[store.Path][]byte
	err   error
}

func (*sink) StoreDir() store.Dir { return store.DefaultDir }

func (s *sink) AddToStore(_ context.Context, info *store.PathInfo, r io.Reader, _ store.AddOptions) error {
	if s.err != nil {
		return s.err
	}
	b, err := io.ReadAll(io.LimitReader(r, info.NarSize))
	if err != nil {
		return err
	}
	s.infos = append(s.infos, info)
	s.nars[info.Path] = b
	return nil
}

func (s *sink) NarFromPath(_ context.Context, p store.Path, w io.Writer) error {
	_, err := w.Write(s.nars[p])
	return err
}

func newSink() *sink { return &sink{nars: map[store.Path][]byte{}} }

func example(t testing.TB) (*sink, []byte) {
	s := newSink()
	for i, name := range []string{"a", "b"} {
		var b bytes.Buffer
		if err := nar.DumpString(&b, strings.Repeat(name, 10*i)); err != nil {
			t.Fatal(err)
		}
		info := &store.PathInfo{Path: store.MustParsePath(strings.Repeat(name, store.HashLen) + "-" + name), NarHash: hash.Sum(hash.SHA256, b.Bytes()), NarSize: int64(b.Len())}
		if i > 0 {
			info.References = []store.Path{s.infos[0].Path, info.Path}
			info.Deriver = store.MustParsePath(strings.Repeat("c", store.HashLen) + "-x.drv")
		}
		s.infos = append(s.infos, info)
		s.nars[info.Path] = b.Bytes()
	}
	var out bytes.Buffer
	if err := Write(t.Context(), &out, s, s.infos); err != nil {
		t.Fatal(err)
	}
	return s, out.Bytes()
}

func TestRoundTrip(t *testing.T) {
	from, stream := example(t)
	to := newSink()
	paths, err := Read(t.Context(), bytes.NewReader(stream), to, store.AddOptions{}, t.TempDir())
	if err != nil || len(paths) != len(from.infos) {
		t.Fatal(paths, err)
	}
	var again bytes.Buffer
	if err := Write(t.Context(), &again, to, to.infos); err != nil || !bytes.Equal(again.Bytes(), stream) {
		t.Errorf("written again it differs: %v", err)
	}
}

// TestMalicious has streams that must be refused, and from which nothing may be
// believed.
func TestMalicious(t *testing.T) {
	_, stream := example(t)
	word := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	str := func(s string) []byte {
		return append(append(word(uint64(len(s))), s...), make([]byte, -len(s)&7)...)
	}
	var b bytes.Buffer
	nar.DumpString(&b, "x")
	path := strings.Repeat("a", store.HashLen) + "-a"
	// one makes a stream of one path with what stands behind its archive.
	one := func(parts ...[]byte) []byte {
		return append(append(word(1), b.Bytes()...), bytes.Join(parts, nil)...)
	}
	end := append(word(0), word(0)...)
	for _, tt := range []struct {
		name string
		data []byte
		err  string
	}{
		{"empty", nil, "unexpected EOF"},
		{"no export", []byte("something else"), "doesn't look like"},
		{"a flag", word(2), "doesn't look like"},
		{"no archive", append(word(1), str("nix-archive-2")...), "doesn't look like a Nix archive"},
		{"wrong magic", one(word(1)), "wrong format"},
		{"outside", one(word(magic), str("/etc/passwd")), "is not in the Nix store"},
		{"dots", one(word(magic), str("/nix/store/../../etc/"+path)), "'"},
		{"below", one(word(magic), str("/nix/store/"+path+"/../x")), "'"},
		{"bare", one(word(magic), str(path)), "'"},
		{"NUL", one(word(magic), str("/nix/store/"+path+"\x00")), "'"},
		{"long name", one(word(magic), word(1<<40)), "too long"},
		{"many references", one(word(magic), str("/nix/store/"+path), word(1<<60)), "references"},
		{"reference outside", one(word(magic), str("/nix/store/"+path), word(1), str("/etc/passwd")), "is not in the Nix store"},
		{"deriver outside", one(word(magic), str("/nix/store/"+path), word(0), str("../x"), end), "'"},
	} {
		to := newSink()
		paths, err := Read(t.Context(), bytes.NewReader(tt.data), to, store.AddOptions{}, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), tt.err) || len(paths)+len(to.infos) > 0 {
			t.Errorf("%s: added %v, error %v", tt.name, paths, err)
		}
	}
	for n := 0; n < len(stream); n += 9 {
		to := newSink()
		if _, err := Read(t.Context(), bytes.NewReader(stream[:n]), to, store.AddOptions{}, t.TempDir()); err == nil {
			t.Fatalf("the first %d bytes are accepted", n)
		}
	}
}

// FuzzRead: whatever is read is added with its right hash and size, and what was
// added can be written and read again.
func FuzzRead(f *testing.F) {
	_, stream := example(f)
	f.Add(stream)
	f.Add(stream[:len(stream)/2])
	f.Add(bytes.Replace(stream, []byte("/nix/store/"), []byte("/nix/store/../"), 1))
	dir, err := os.MkdirTemp("", "gonix-fuzz-")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	f.Fuzz(func(t *testing.T, data []byte) {
		to := newSink()
		paths, err := Read(t.Context(), bytes.NewReader(data), to, store.AddOptions{}, dir)
		if len(paths) != len(to.infos) {
			t.Fatalf("%d paths, %d added", len(paths), len(to.infos))
		}
		for _, i := range to.infos {
			if b := to.nars[i.Path]; len(paths) == 1 && (hash.Sum(hash.SHA256, b) != i.NarHash || int64(len(b)) != i.NarSize) {
				t.Errorf("%s has a wrong hash", i.Path)
			}
			if name := i.Path.String(); strings.ContainsAny(name, "/\x00") || strings.HasPrefix(name, ".") {
				t.Errorf("path %q", name)
			}
		}
		if err != nil || len(to.nars) != len(to.infos) {
			return // or a path came twice
		}
		var again bytes.Buffer
		if err := Write(t.Context(), &again, to, to.infos); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), bytes.NewReader(again.Bytes()), newSink(), store.AddOptions{}, dir); err != nil {
			t.Errorf("written again: %v", err)
		}
	})
}
