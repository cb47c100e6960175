package cache

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
	"gonix.dev/gonix/store/narinfo"
	"gonix.dev/gonix/store/sign"
)

// zeros is a reader of n zero bytes.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func packed(t *testing.T, kind string, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := compress(&b, kind, -1, oneCPU)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, r); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestLies has caches whose archives are not what their narinfo says. Each must
// be refused before a reader has got a whole archive.
func TestLies(t *testing.T) {
	var b bytes.Buffer
	if err := nar.DumpString(&b, noise(600<<10, 7)); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	path := store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x")
	flip := func(data []byte, at int) []byte {
		data = bytes.Clone(data)
		data[at] ^= 4
		return data
	}
	for _, tt := range []struct {
		name  string
		kind  string // compression
		spoil func(in *narinfo.Info, file []byte) []byte
		err   string
	}{
		{"NarSize too small", "zstd", func(in *narinfo.Info, f []byte) []byte { in.NarSize--; return f }, "larger than"},
		{"NarSize tiny", "zstd", func(in *narinfo.Info, f []byte) []byte { in.NarSize = 1; return f }, "larger than"},
		{"NarSize too large", "zstd", func(in *narinfo.Info, f []byte) []byte { in.NarSize++; return f }, "bytes, its narinfo says"},
		{"NarSize enormous", "none", func(in *narinfo.Info, f []byte) []byte { in.NarSize = 1 << 60; return f }, "bytes, its narinfo says"},
		{"NarHash", "zstd", func(in *narinfo.Info, f []byte) []byte { in.NarHash = hash.SumString(hash.SHA256, "x"); return f }, "its hash is"},
		{"FileHash", "zstd", func(in *narinfo.Info, f []byte) []byte { in.FileHash = hash.SumString(hash.SHA256, "x"); return f }, "file's hash is"},
		{"FileHash, plain", "none", func(in *narinfo.Info, f []byte) []byte { in.FileHash = hash.SumString(hash.SHA256, "x"); return f }, "file's hash is"},
		{"FileSize too small", "zstd", func(in *narinfo.Info, f []byte) []byte { in.FileSize--; return f }, "file"},
		{"FileSize too large", "zstd", func(in *narinfo.Info, f []byte) []byte { in.FileSize++; return f }, "file"},
		{"bit flip", "none", func(_ *narinfo.Info, f []byte) []byte { return flip(f, len(f)/2) }, "its hash is"},
		{"bit flip, zstd", "zstd", func(_ *narinfo.Info, f []byte) []byte { return flip(f, len(f)/2) }, "corrupt"},
		{"bit flip, xz", "xz", func(_ *narinfo.Info, f []byte) []byte { return flip(f, len(f)/2) }, "corrupt"},
		{"bit flip, bzip2", "bzip2", func(_ *narinfo.Info, f []byte) []byte { return flip(f, len(f)/2) }, "corrupt"},
		{"bit flip, gzip", "gzip", func(_ *narinfo.Info, f []byte) []byte { return flip(f, len(f)/2) }, "corrupt"},
		{"bit flip, br", "br", func(_ *narinfo.Info, f []byte) []byte { return flip(f, len(f)/2) }, "corrupt"},
		{"first byte, xz", "xz", func(_ *narinfo.Info, f []byte) []byte { return flip(f, 0) }, "corrupt"},
		{"truncated", "none", func(_ *narinfo.Info, f []byte) []byte { return f[:len(f)-9] }, "corrupt"},
		{"truncated, zstd", "zstd", func(in *narinfo.Info, f []byte) []byte { in.FileSize = 0; return f[:len(f)-9] }, "corrupt"},
		{"truncated, xz", "xz", func(in *narinfo.Info, f []byte) []byte { in.FileSize = 0; return f[:len(f)-9] }, "corrupt"},
		{"empty", "zstd", func(in *narinfo.Info, f []byte) []byte { in.FileSize = 0; return nil }, "corrupt"},
		{"appended", "none", func(in *narinfo.Info, f []byte) []byte { in.FileSize = 0; return append(bytes.Clone(f), 1) }, "larger than"},
		{"wrong method", "zstd", func(in *narinfo.Info, f []byte) []byte { in.Compression = "xz"; return f }, "corrupt"},
		{"unknown method", "zstd", func(in *narinfo.Info, f []byte) []byte { in.Compression = "rar"; return f }, "unsupported compression"},
		{"no archive", "zstd", func(in *narinfo.Info, f []byte) []byte { in.URL = "nar/none"; return f }, "no such file"},
		{"a directory", "zstd", func(in *narinfo.Info, f []byte) []byte { in.URL = "nar"; return f }, "not a regular file"},
		{"bomb", "zstd", func(in *narinfo.Info, _ []byte) []byte {
			in.FileSize, in.FileHash = 0, hash.Hash{}
			return packed(t, "zstd", zeros(1<<30))
		}, "larger than"},
		{"bomb, xz", "xz", func(in *narinfo.Info, _ []byte) []byte { return bomb(t, in, "xz", 8<<20) }, "larger than"},
		{"bomb, gzip", "gzip", func(in *narinfo.Info, _ []byte) []byte { return bomb(t, in, "gzip", 32<<20) }, "larger than"},
		{"bomb, bzip2", "bzip2", func(in *narinfo.Info, _ []byte) []byte { return bomb(t, in, "bzip2", 8<<20) }, "larger than"},
		{"bomb, br", "br", func(in *narinfo.Info, _ []byte) []byte { return bomb(t, in, "br", 8<<20) }, "larger than"},
		{"window", "zstd", func(in *narinfo.Info, f []byte) []byte {
			// A frame that asks for a window of 2 GiB.
			in.FileSize, in.FileHash = 0, hash.Hash{}
			return append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3}, f[6:]...)
		}, "corrupt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := &narinfo.Info{URL: "nar/file", Compression: tt.kind}
			in.Path, in.NarHash, in.NarSize = path, hash.Sum(hash.SHA256, good), int64(len(good))
			file := packed(t, tt.kind, bytes.NewReader(good))
			in.FileHash, in.FileSize = hash.Sum(hash.SHA256, file), int64(len(file))
			dir := t.TempDir()
			os.Mkdir(filepath.Join(dir, "nar"), 0o777)
			file = tt.spoil(in, file)
			os.WriteFile(filepath.Join(dir, "nar/file"), file, 0o666)
			os.WriteFile(filepath.Join(dir, path.HashPart()+".narinfo"), []byte(narinfo.Format(store.DefaultDir, in)), 0o666)
			c := open(t, "file://"+dir, Options{})
			w := &countingWriter{w: io.Discard}
			err := c.NarFromPath(t.Context(), path, w)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if w.n >= int64(len(good)) {
				t.Errorf("%d bytes have got through", w.n)
			}
		})
	}
}

// bomb is a file that unpacks to n zeros, and of which nothing else is said.
func bomb(t *testing.T, in *narinfo.Info, kind string, n int64) []byte {
	in.FileSize, in.FileHash = 0, hash.Hash{}
	return packed(t, kind, zeros(n))
}

// TestServers has servers that do not behave. Each must be given up soon, without
// taking what it sends.
func TestServers(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, r *http.Request, c string) {
		for {
			if _, err := io.WriteString(w, c); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	for _, tt := range []struct {
		name string
		at   string // what is asked for
		err  string
		do   func(w http.ResponseWriter, r *http.Request)
	}{
		{"redirects in a circle", ".narinfo", "redirects", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"?x", http.StatusFound)
		}},
		{"redirect to a file", ".narinfo", "unsupported protocol scheme", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}},
		{"an error without an end", ".narinfo", "HTTP error 400", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			slow(w, r, "x")
		}},
		{"a byte now and then", ".narinfo", "it takes too long", func(w http.ResponseWriter, r *http.Request) {
			slow(w, r, "x")
		}},
		{"an archive without an end", "/nar/", "larger than the", func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}},
		{"more than it said", "/nar/", "", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			w.Write(make([]byte, 1<<20))
		}},
		{"an encoding that is none", "/nar/", "gzip", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "this was never packed")
		}},
		{"an encoding nobody knows", "/nar/", "unsupported compression", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "rot13")
			io.WriteString(w, "x")
		}},
		{"an encoded bomb", "/nar/", "larger than the", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z, err := compress(w, "gzip", -1, oneCPU)
			if err != nil {
				panic(err)
			}
			io.Copy(z, zeros(1<<30))
		}},
		{"an encoded narinfo bomb", ".narinfo", "larger than", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z, err := compress(w, "gzip", -1, oneCPU)
			if err != nil {
				panic(err)
			}
			io.Copy(z, zeros(1<<30))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, info, _ := filled(t, "?compression=none")
			f.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if strings.Contains(r.URL.Path, tt.at) {
					tt.do(w, r)
					return true
				}
				return false
			}
			c := open(t, f.URL, Options{Transport: &Transport{StallTimeout: 2 * time.Second}, Retry: Retry{Attempts: 1}})
			w := &countingWriter{w: io.Discard}
			err := c.NarFromPath(t.Context(), info.Path, w)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if w.n >= info.NarSize {
				t.Errorf("%d bytes have got through", w.n)
			}
		})
	}
}

// TestOtherPath refuses a narinfo that is found where another one belongs.
func TestOtherPath(t *testing.T) {
	src := newMemStore()
	a, b := src.add(t, "a", "a"), src.add(t, "b", "b")
	dir := t.TempDir()
	in := &narinfo.Info{PathInfo: *a, URL: "nar/x", Compression: "none"}
	os.WriteFile(filepath.Join(dir, b.Path.HashPart()+".narinfo"), []byte(narinfo.Format(store.DefaultDir, in)), 0o666)
	c := open(t, "file://"+dir, Options{})
	if _, err := c.QueryPathInfo(t.Context(), b.Path); !errors.Is(err, narinfo.ErrCorrupt) {
		t.Errorf("error %v", err)
	}
	// The right hash part with another name is another path.
	c2 := open(t, "file://"+dir, Options{})
	other := store.MustParsePath(a.Path.HashPart() + "-other")
	os.WriteFile(filepath.Join(dir, a.Path.HashPart()+".narinfo"), []byte(narinfo.Format(store.DefaultDir, in)), 0o666)
	var invalid *store.InvalidPathError
	if _, err := c2.QueryPathInfo(t.Context(), other); !errors.As(err, &invalid) {
		t.Errorf("error %v", err)
	}
}

// TestHugeFiles bounds what is read of small files.
func TestHugeFiles(t *testing.T) {
	f := newFakeWeb(t)
	f.before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.HasSuffix(r.URL.Path, "nix-cache-info") {
			fmt.Fprintln(w, "StoreDir: /nix/store")
			return true
		}
		for range 10000 { // up to 10 GB
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				break
			}
		}
		return true
	}
	c := open(t, f.URL, Options{})
	_, err := c.QueryPathInfo(t.Context(), store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x"))
	if err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error %v", err)
	}
}

// TestSubstituter asks caches in order, believes only what is signed, and goes
// on to the next where one fails.
func TestSubstituter(t *testing.T) {
	src := newMemStore()
	a := src.add(t, "a", noise(5000, 3))
	key, err := sign.Generate("k-1")
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := sign.Generate("k-1")
	if err != nil {
		t.Fatal(err)
	}
	dirs := map[string]string{}
	for _, name := range []string{"empty", "unsigned", "wrong", "broken", "good", "later"} {
		dirs[name] = t.TempDir()
	}
	write := func(name string, priority int, keys ...sign.SecretKey) {
		os.WriteFile(dirs[name]+"/nix-cache-info", fmt.Appendf(nil, "StoreDir: /nix/store\nPriority: %d\n", priority), 0o666)
		c := open(t, "file://"+dirs[name]+"?compression=none", Options{})
		c.par.keys = keys
		var b bytes.Buffer
		src.NarFromPath(t.Context(), a.Path, &b)
		if err := c.AddToStore(t.Context(), a, &b, store.AddOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(dirs["empty"]+"/nix-cache-info", []byte("StoreDir: /nix/store\nPriority: 1\n"), 0o666)
	write("unsigned", 2)
	write("wrong", 3, wrong)
	write("broken", 4, key)
	write("later", 50, key)
	write("good", 40, key)
	if files, err := filepath.Glob(dirs["broken"] + "/nar/*"); err != nil || len(files) != 1 {
		t.Fatal(files, err)
	} else if err := os.Truncate(files[0], 2000); err != nil {
		t.Fatal(err)
	}
	var warnings []string
	s := &Substituter{Keys: sign.Keys{"k-1": key.Public()}, Warn: func(m string) { warnings = append(warnings, m) }}
	for _, name := range []string{"later", "broken", "good", "wrong", "unsigned", "empty"} {
		s.Origins = append(s.Origins, open(t, "file://"+dirs[name], Options{}))
	}
	found, err := s.Query(t.Context(), a.Path, store.ContentAddress{})
	if err != nil || found == nil || !strings.Contains(found.Origin.URI(), dirs["broken"]) {
		t.Fatalf("found %v: %v", found, err)
	}
	dst := newMemStore()
	var got, total int64
	if err := s.Substitute(t.Context(), a.Path, store.ContentAddress{}, dst, func(n, all int64) { got, total = n, all }); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(dst.nars[a.Path], src.nars[a.Path]) || got != total || total != a.NarSize {
		t.Errorf("got %d of %d", got, total)
	}
	all := strings.Join(warnings, "\n")
	if strings.Count(all, "not signed by any") != 2 || strings.Count(all, "is corrupt") != 1 || len(warnings) != 3 {
		t.Errorf("warnings:\n%s", all)
	}
	if err := s.Substitute(t.Context(), src.add(t, "none", "none").Path, store.ContentAddress{}, dst, nil); !errors.Is(err, ErrNoSubstitute) {
		t.Errorf("error %v", err)
	}
	s.NoRequireSigs = true
	if found, err := s.Query(t.Context(), a.Path, store.ContentAddress{}); err != nil || !strings.Contains(found.Origin.URI(), dirs["unsigned"]) {
		t.Errorf("without require-sigs: %v %v", found, err)
	}
	s.NoRequireSigs = false
	// The signature of another path is none of this one.
	b := src.add(t, "b", "b")
	fp, err := a.Fingerprint(store.DefaultDir)
	if err != nil {
		t.Fatal(err)
	}
	stolen := *b
	stolen.Sigs = []string{key.Sign(fp)}
	thief := open(t, "file://"+t.TempDir(), Options{})
	var nar bytes.Buffer
	src.NarFromPath(t.Context(), b.Path, &nar)
	if err := thief.AddToStore(t.Context(), &stolen, &nar, store.AddOptions{NoCheckSigs: true}); err != nil {
		t.Fatal(err)
	}
	if found, err := (&Substituter{Keys: s.Keys, Origins: []Origin{thief}}).Query(t.Context(), b.Path, store.ContentAddress{}); err != nil || found != nil {
		t.Errorf("another path's signature is believed: %v %v", found, err)
	}
	// An altered narinfo is refused like one that nobody has signed.
	name := dirs["good"] + "/" + a.Path.HashPart() + ".narinfo"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(name, bytes.Replace(text, []byte("References: "), []byte("References: "+src.add(t, "evil", "evil").Path.String()), 1), 0o666)
	s.Origins = []Origin{open(t, "file://"+dirs["good"], Options{})}
	s = &Substituter{Keys: s.Keys, Origins: s.Origins}
	if found, err := s.Query(t.Context(), a.Path, store.ContentAddress{}); err != nil || found != nil {
		t.Errorf("altered: %v %v", found, err)
	}
}

// TestOffline says once that a cache is out of reach, and soon.
func TestOffline(t *testing.T) {
	var warnings []string
	s := &Substituter{Warn: func(m string) { warnings = append(warnings, m) }}
	// Nobody listens on the first; the second is a name that does not exist.
	f := newFakeWeb(t)
	f.Close()
	for _, uri := range []string{f.URL, "https://cache.invalid"} {
		s.Origins = append(s.Origins, open(t, uri, Options{Retry: Retry{Delay: time.Hour, NoJitter: true}, Transport: &Transport{FirstContact: time.Second}}))
	}
	p := store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x")
	for range 3 {
		if found, err := s.Query(t.Context(), p, store.ContentAddress{}); found != nil || err != nil {
			t.Fatal(found, err)
		}
	}
	if len(warnings) != 2 || !strings.Contains(warnings[0], "cannot reach") {
		t.Errorf("warnings: %q", warnings)
	}
}

// FuzzDecompress checks that no input makes a decoder panic.
func FuzzDecompress(f *testing.F) {
	for kind := range extensions {
		var b bytes.Buffer
		w, err := compress(&b, kind, -1, oneCPU)
		if err != nil {
			f.Fatal(err)
		}
		w.Write([]byte("hello, hello, hello"))
		w.Close()
		f.Add(kind, b.Bytes())
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		r, err := decompress(bytes.NewReader(data), kind)
		if err != nil {
			return
		}
		defer r.Close()
		io.Copy(io.Discard, io.LimitReader(r, 1<<20))
	})
}
