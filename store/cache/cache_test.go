package cache

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/closure"
	"gonix.dev/gonix/store/nar"
	"gonix.dev/gonix/store/sign"
)

// backends makes an address and options of each kind of cache.
var backends = map[string]func(t *testing.T) (string, Options){
	"file": func(t *testing.T) (string, Options) { return "file://" + t.TempDir() + "/cache", Options{} },
	"http": func(t *testing.T) (string, Options) { return newFakeWeb(t).URL, Options{} },
	"s3": func(t *testing.T) (string, Options) {
		env := vars(map[string]string{"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret"})
		return "s3://bucket/pre/fix?region=here&endpoint=" + newFakeS3(t, "me").URL, Options{Transport: &Transport{Getenv: env}}
	},
}

func param(uri, p string) string {
	if strings.Contains(uri, "?") {
		return uri + "&" + p
	}
	return uri + "?" + p
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	src := newMemStore()
	a := src.add(t, "a", "small")
	b := src.add(t, "b", noise(3<<19, 1), a.Path)
	c := src.add(t, "c", noise(100, 2), a.Path, b.Path)
	c.References = store.SortPaths(append(c.References, c.Path))
	for name, make := range backends {
		for kind := range extensions {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				uri, opts := make(t)
				w := open(t, param(uri, "compression="+kind+"&write-nar-listing=1&narinfo-compression=gzip&ls-compression=br"), opts)
				copied, err := closure.Copy(t.Context(), src, w, []store.Path{c.Path}, closure.CopyOptions{})
				if err != nil || len(copied) != 3 {
					t.Fatalf("copied %d: %v", len(copied), err)
				}
				if again, err := closure.Copy(t.Context(), src, w, []store.Path{c.Path}, closure.CopyOptions{}); err != nil || len(again) != 0 {
					t.Fatalf("copied %d again: %v", len(again), err)
				}
				r := open(t, uri, opts) // knows nothing yet
				dst := newMemStore()
				if _, err := closure.Copy(t.Context(), r, dst, []store.Path{c.Path}, closure.CopyOptions{}); err != nil {
					t.Fatal(err)
				}
				for p, want := range src.nars {
					if !bytes.Equal(dst.nars[p], want) {
						t.Errorf("%s differs", p)
					}
				}
				l, err := r.Listing(t.Context(), b.Path)
				if err != nil || l.Size != 3<<19 || string(src.nars[b.Path][l.Offset:l.Offset+100]) != noise(100, 1) {
					t.Errorf("listing %+v: %v", l, err)
				}
				missing := store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x")
				var invalid *store.InvalidPathError
				if _, err := r.QueryPathInfo(t.Context(), missing); !errors.As(err, &invalid) {
					t.Errorf("missing path: %v", err)
				}
				if p, err := r.QueryPathFromHashPart(t.Context(), a.Path.HashPart()); err != nil || p != a.Path {
					t.Errorf("from hash part: %v %v", p, err)
				}
				drv := store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x.drv")
				if err := w.AddBuildLog(t.Context(), drv, []byte("hello\n")); err != nil {
					t.Error(err)
				}
				if log, err := r.BuildLog(t.Context(), drv); err != nil || string(log) != "hello\n" {
					t.Errorf("log %q: %v", log, err)
				}
			})
		}
	}
}

// TestListing compares the listing made of an archive that nobody listed.
func TestListing(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a": "12345678", "d/e/x": "x", "d/y": "", "z": "123456789"} {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(filepath.Join(dir, "z"), 0o777)
	os.Symlink("target", filepath.Join(dir, "d/l"))
	var b bytes.Buffer
	if err := nar.DumpPath(&b, dir, nil); err != nil {
		t.Fatal(err)
	}
	src := newMemStore()
	p := store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x")
	src.addNar(t, p, b.Bytes())
	uri := "file://" + t.TempDir()
	if _, err := closure.Copy(t.Context(), src, open(t, uri, Options{}), []store.Path{p}, closure.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	l, err := open(t, uri, Options{}).Listing(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a": "12345678", "d/e/x": "x", "d/y": "", "z": "123456789"} {
		e := l.Find(name)
		if e == nil || string(b.Bytes()[e.Offset:e.Offset+e.Size]) != text {
			t.Errorf("%s: %+v", name, e)
		}
	}
	data, err := l.MarshalJSON()
	want := `{"entries":{"a":{"narOffset":232,"size":8,"type":"regular"},"d":{"entries":{"e":{"entries":{"x":{`
	if err != nil || !strings.HasPrefix(string(data), want) {
		t.Errorf("%v: %s", err, data)
	}
}

func TestSigning(t *testing.T) {
	k, err := sign.Generate("test-1")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(k.Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	src := newMemStore()
	a := src.add(t, "a", "a")
	a.Sigs = []string{"other-1:" + strings.Repeat("A", 86) + "=="}
	uri := "file://" + t.TempDir()
	if _, err := closure.Copy(t.Context(), src, open(t, uri+"?secret-key="+file, Options{}), []store.Path{a.Path}, closure.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	in, err := open(t, uri, Options{}).QueryPathInfo(t.Context(), a.Path)
	if err != nil || len(in.Sigs) != 2 {
		t.Fatalf("%v %v", in, err)
	}
	keys := sign.Keys{"test-1": k.Public()}
	if !keys.Trusts(store.DefaultDir, in) {
		t.Error("our own signature is not trusted")
	}
	in.NarSize++
	if keys.Trusts(store.DefaultDir, in) {
		t.Error("a changed size is trusted")
	}
}

// TestIncomplete refuses what would leave a cache with an incomplete closure.
func TestIncomplete(t *testing.T) {
	src := newMemStore()
	a := src.add(t, "a", "a")
	b := src.add(t, "b", "b", a.Path)
	c := open(t, "file://"+t.TempDir(), Options{})
	_, err := closure.Copy(t.Context(), src, c, []store.Path{b.Path}, closure.CopyOptions{NoClosure: true})
	if err == nil || !strings.Contains(err.Error(), "is not valid") {
		t.Errorf("error %v", err)
	}
	src.nars[a.Path] = []byte("something else of another length")
	if _, err = closure.Copy(t.Context(), src, c, []store.Path{a.Path}, closure.CopyOptions{}); err == nil || !strings.Contains(err.Error(), "bytes instead of") && !strings.Contains(err.Error(), "hash mismatch") {
		t.Errorf("error %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	for _, tt := range []struct{ uri, err string }{
		{"ftp://x", "do not know how to open"},
		{"file://relative/x", "absolute path"},
		{"https://", "host is missing"},
		{"s3:///x", "bucket"},
		{"file:///x?compression=rar", "none, xz, zstd"},
		{"file:///x?priority=high", "priority"},
		{"file:///x?write-nar-listing=maybe", "true or false"},
		{"file:///x?secret-key=/no/such/file", "secret key"},
		{"http://u:secret@h/%zz", "open binary cache"},
	} {
		_, err := Open(tt.uri, Options{})
		if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v", tt.uri, err)
		}
		if err != nil && strings.Contains(err.Error(), "u:secret") && !strings.Contains(tt.uri, "%zz") {
			t.Errorf("%v shows a password", err)
		}
	}
	dir := t.TempDir()
	os.WriteFile(dir+"/nix-cache-info", []byte("StoreDir: /other/store\n"), 0o666)
	if err := open(t, "file://"+dir, Options{}).Init(t.Context()); err == nil || !strings.Contains(err.Error(), "with prefix '/other/store'") {
		t.Error(err)
	}
}
