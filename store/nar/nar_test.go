package nar

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonix.dev/gonix/store/hash"
)

// testTree writes a directory with one of everything and returns its name.
func testTree(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	for _, d := range []string{"", "a", "a/empty", "b.d", "b"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{"a/file": "hello\n", "a/zero": "", "b/eight": "12345678", "b.d/big": strings.Repeat("x", 300_001), "é": "utf-8"}
	for name, s := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "a/file"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../nowhere", filepath.Join(dir, "b/link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func dumpPath(t *testing.T, name string, f Filter) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := DumpPath(&b, name, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The hashes below are those of `nix-store --dump | sha256sum` and of `git
// write-tree` on the same tree (Git has no empty directory, so that is filtered).
func TestDumpKnown(t *testing.T) {
	dir := testTree(t)
	nar := dumpPath(t, dir, nil)
	if got := hash.Format(hash.Sum(hash.SHA256, nar), hash.Base16); got != narOfTree {
		t.Errorf("NAR hash = %s", got)
	}
	noEmpty := dumpPath(t, dir, func(path string, typ Type) (bool, error) { return path != "a/empty", nil })
	got, err := GitHash(NewReader(bytes.NewReader(noEmpty)), hash.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	if hash.Format(got, hash.Base16) != gitOfTree {
		t.Errorf("Git hash = %s", hash.Format(got, hash.Base16))
	}
}

func TestRoundTrip(t *testing.T) {
	nar := dumpPath(t, testTree(t), nil)

	var copied bytes.Buffer
	r, w := NewReader(bytes.NewReader(nar)), NewWriter(&copied)
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Type == Regular {
			if _, err := io.Copy(w, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(copied.Bytes(), nar) {
		t.Error("reading and writing changed the archive")
	}

	out := filepath.Join(t.TempDir(), "out")
	if err := Restore(out, NewReader(bytes.NewReader(nar)), RestoreOptions{Sync: true}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(dumpPath(t, out, nil), nar) {
		t.Error("restoring and dumping changed the archive")
	}
}

const (
	narOfTree = "a109dfd161dd6b72a9050412d683ce377b5a02ebc29e64f913dcfd18ef3988e3"
	gitOfTree = "654979b90976117c6cbebbe8e95eaf7bfb960bcf"
)
