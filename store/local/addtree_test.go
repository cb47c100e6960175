//go:build unix

package local

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// makeTree makes a tree with a file of some size, and what else trees have.
func makeTree(t *testing.T, size int, seed byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	if err := os.MkdirAll(filepath.Join(dir, "sub/empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	if err := os.WriteFile(filepath.Join(dir, "large"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "sub/script"), []byte("#!/bin/sh\n"), 0o755)
	os.Symlink("../large", filepath.Join(dir, "sub/link"))
	return dir
}

// TestAddTreeWays: however a tree comes into the store, in memory, written at once,
// or hashed before, the object is the same as by any other, and read as often as need be.
func TestAddTreeWays(t *testing.T) {
	ctx := t.Context()
	small, large, other := makeTree(t, 1000, 1), makeTree(t, 2*maxSmall, 1), makeTree(t, 2*maxSmall, 2)
	for _, how := range []struct {
		method store.Method
		algo   hash.Algo
	}{{store.Recursive, hash.SHA256}, {store.Recursive, hash.SHA1}, {store.Git, hash.SHA1}, {store.Flat, hash.SHA256}} {
		t.Run(how.method.AlgoString(how.algo), func(t *testing.T) {
			s := openTest(t)
			for _, step := range []struct {
				what, tree string
				repair     bool
				reads      int
			}{
				{"small", small, false, 1},
				{"small again", small, false, 1},
				// The name is in use now.
				{"large", large, false, 2},
				{"large again", large, false, 1},
				{"large, repaired", large, true, 2},
				{"another", other, false, 2},
			} {
				what, tree := step.what, step.tree
				if how.method == store.Flat {
					tree += "/large"
				}
				reads := 0
				dump := func(w io.Writer) error { reads++; return nar.DumpPath(w, tree, nil) }
				want, err := store.Compute{}.AddTree(ctx, "name", how.method, how.algo, dumpOf(tree), nil)
				if err != nil {
					t.Fatal(err)
				}
				add := s.AddTree
				if step.repair {
					add = s.RepairTree
					os.Chmod(s.RealPath(want), 0o755)
					os.Remove(s.RealPath(want) + "/sub/link")
				}
				if got, err := add(ctx, "name", how.method, how.algo, dump, nil); err != nil || got != want {
					t.Errorf("%s: %v, %v; want %v", what, got, err, want)
					continue
				}
				checkObject(t, s, want, tree)
				if extra := reads - step.reads; extra != 0 && how.method == store.Recursive && how.algo == hash.SHA256 {
					t.Errorf("%s: read %d times, want %d", what, reads, step.reads)
				}
			}
		})
	}
}

// TestAddTreeNew: a large tree whose name is new is read to the end once.
func TestAddTreeNew(t *testing.T) {
	s := openTest(t)
	for _, name := range []string{"a", "b"} {
		tree := makeTree(t, 2*maxSmall, 3)
		var written []int64
		p, err := s.AddTree(t.Context(), name, store.Recursive, hash.SHA256, func(w io.Writer) error {
			n := hash.New(hash.SHA256)
			err := nar.DumpPath(io.MultiWriter(w, n), tree, nil)
			written = append(written, n.Size())
			return err
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkObject(t, s, p, tree)
		if len(written) != 2 || written[0] > maxSmall || written[1] < 2*maxSmall {
			t.Errorf("%s: read %d bytes", name, written)
		}
	}
	if entries, err := os.ReadDir(s.tmpDir.path); err != nil || len(entries) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", entries, err)
	}
}

// TestAddTreeFails leaves nothing behind.
func TestAddTreeFails(t *testing.T) {
	s := openTest(t)
	broken := errors.New("the source is broken")
	for _, size := range []int{10, maxSmall, 2 * maxSmall} {
		tree := makeTree(t, size, 4)
		_, err := s.AddTree(t.Context(), "name", store.Recursive, hash.SHA256, func(w io.Writer) error {
			if err := nar.DumpPath(w, tree, nil); err != nil {
				return err
			}
			return broken
		}, nil)
		if !errors.Is(err, broken) {
			t.Errorf("%d bytes: error %v", size, err)
		}
	}
	// The name is known now, and the tree another each time.
	addTestTree(t, s, "name")
	n := byte(10)
	_, err := s.AddTree(t.Context(), "name", store.Recursive, hash.SHA256, func(w io.Writer) error {
		n++
		return nar.DumpPath(w, makeTree(t, 2*maxSmall, n), nil)
	}, nil)
	if err == nil || !strings.Contains(err.Error(), "changed while it was added") {
		t.Errorf("error %v", err)
	}
	entries, err := os.ReadDir(s.RealDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, "-name") && !strings.HasSuffix(name, ".lock") {
			if p, err := store.ParsePath(name); err != nil {
				t.Error(err)
			} else if valid, _ := s.IsValid(t.Context(), p); !valid {
				t.Errorf("%s is left", name)
			}
		}
	}
	if entries, _ := os.ReadDir(s.tmpDir.path); len(entries) > 0 {
		t.Errorf("left in the temporary directory: %v", entries)
	}
}

// checkObject compares an object with its source and its registration.
func checkObject(t *testing.T, s *Store, p store.Path, source string) {
	t.Helper()
	info, err := s.QueryPathInfo(t.Context(), p)
	if err != nil {
		t.Error(err)
		return
	}
	var want, got bytes.Buffer
	if err := nar.DumpPath(&want, source, nil); err != nil {
		t.Fatal(err)
	}
	if err := nar.DumpPath(&got, s.RealPath(p), nil); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("%v is not its source: %v", p, err)
	}
	if h := hash.Sum(hash.SHA256, want.Bytes()); info.NarHash != h || info.NarSize != int64(want.Len()) {
		t.Errorf("%v is registered with %v, %d bytes; want %v, %d", p, info.NarHash, info.NarSize, h, want.Len())
	}
	err = filepath.Walk(s.RealPath(p), func(name string, _ os.FileInfo, err error) error {
		var st unix.Stat_t
		if err == nil {
			err = unix.Lstat(name, &st)
		}
		mode := st.Mode & 0o7777
		canonical := mode == 0o444 || mode == 0o555 || st.Mode&unix.S_IFMT == unix.S_IFLNK
		if st.Mtim != (unix.Timespec{Sec: 1}) || !canonical {
			t.Errorf("%s: mode %o, modified at %v", name, mode, st.Mtim)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
