//go:build unix

package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// openTest opens a chroot store below a temporary directory.
func openTest(t *testing.T, change ...func(*Settings)) *Store {
	t.Helper()
	set := Settings{Root: filepath.Join(t.TempDir(), "root"), NoSync: true}
	for _, c := range change {
		c(&set)
	}
	s, err := Open(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		// The test's own removal cannot remove read-only directories.
		RemoveTree(set.Root)
	})
	return s
}

func addText(t *testing.T, s store.Adder, name, contents string, refs ...store.Path) store.Path {
	t.Helper()
	p, err := s.AddText(t.Context(), name, contents, refs)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// addTestTree adds a directory with a file, a script, a link and what refers to
// refs in it.
func addTestTree(t *testing.T, s *Store, name string, refs ...store.Path) store.Path {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "src")
	if err := os.MkdirAll(filepath.Join(dir, "sub/empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "file"), []byte("contents of "+name), 0o600)
	os.WriteFile(filepath.Join(dir, "sub/script"), []byte("#!/bin/sh\n"), 0o755)
	os.Symlink("file", filepath.Join(dir, "link"))
	p, err := s.AddTree(t.Context(), name, store.Recursive, hash.SHA256, dumpOf(dir), refs)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func dumpOf(name string) func(io.Writer) error {
	return func(w io.Writer) error { return nar.DumpPath(w, name, nil) }
}

// nixStore runs Debian's nix-store on the store of s.
func nixStore(t *testing.T, s *Store, args ...string) string {
	t.Helper()
	out, err := tryNixStore(t, s, args...)
	if err != nil {
		t.Fatalf("nix-store %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func tryNixStore(t *testing.T, s *Store, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("nix-store"); err != nil {
		if os.Getenv("GONIX_CI") == "1" {
			t.Fatal("nix-store is missing")
		}
		t.Skip("nix-store is missing")
	}
	cmd := exec.Command("nix-store", append([]string{"--store", s.set.Root}, args...)...)
	// Outside of any build sandbox's or user's settings.
	cmd.Env = append(os.Environ(), "NIX_CONF_DIR="+t.TempDir(), "NIX_REMOTE=", "NIX_CONFIG=build-users-group =\nsandbox = false")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// checkWithNix lets Nix verify the whole store.
func checkWithNix(t *testing.T, s *Store) {
	t.Helper()
	out := nixStore(t, s, "--verify", "--check-contents")
	for line := range strings.SplitSeq(out, "\n") {
		if !strings.HasPrefix(line, "checking ") && !strings.HasPrefix(line, "reading ") && line != "" {
			t.Errorf("nix-store --verify says: %s", line)
		}
	}
}

func TestAddAndQuery(t *testing.T) {
	ctx := t.Context()
	s := openTest(t)
	a := addText(t, s, "a.txt", "hello")
	b := addTestTree(t, s, "b", a)
	c := addText(t, s, "c", s.StoreDir().Format(b), b)
	info, err := s.QueryPathInfo(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.References) != 1 || info.References[0] != a || info.CA.Method != store.Recursive || info.RegistrationTime.IsZero() {
		t.Errorf("info of b = %+v", info)
	}
	if err := s.VerifyPath(ctx, b); err != nil {
		t.Error(err)
	}
	for name, mode := range map[string]os.FileMode{"": os.ModeDir | 0o555, "file": 0o444, "sub": os.ModeDir | 0o555, "sub/script": 0o555} {
		st, err := os.Lstat(filepath.Join(s.RealPath(b), name))
		if err != nil || st.Mode() != mode || st.ModTime().Unix() != 1 {
			t.Errorf("%q: mode %v, mtime %v, %v", name, st.Mode(), st.ModTime(), err)
		}
	}
	if refs, err := s.Referrers(ctx, a); err != nil || len(refs) != 1 || refs[0] != b {
		t.Errorf("referrers of a = %v, %v", refs, err)
	}
	if p, err := s.QueryPathFromHashPart(ctx, c.HashPart()); err != nil || p != c {
		t.Errorf("from hash part: %v, %v", p, err)
	}
	if all, err := s.Closure(ctx, []store.Path{c}, ClosureOptions{}); err != nil || len(all) != 3 {
		t.Errorf("closure = %v, %v", all, err)
	}
	if all, err := s.Closure(ctx, []store.Path{a}, ClosureOptions{Referrers: true}); err != nil || len(all) != 3 {
		t.Errorf("referrers' closure = %v, %v", all, err)
	}
	infos, err := s.ClosureInfos(ctx, []store.Path{c}, ClosureOptions{})
	if err != nil || len(infos) != 3 {
		t.Fatalf("closure infos = %v, %v", infos, err)
	}
	for _, i := range infos {
		want, err := s.QueryPathInfo(ctx, i.Path)
		if err != nil || len(want.References) != len(i.References) {
			t.Errorf("references of %v: %v, want %v, %v", i.Path, i.References, want.References, err)
		}
	}

	var invalid *store.InvalidPathError
	missing := store.MustParsePath("00000000000000000000000000000000-missing")
	if _, err := s.QueryPathInfo(ctx, missing); !errors.As(err, &invalid) {
		t.Errorf("info of a missing path: %v", err)
	}
	if _, err := s.AddText(ctx, "d", "", []store.Path{missing}); !errors.As(err, &invalid) {
		t.Errorf("reference to a missing path: %v", err)
	}

	if got := nixStore(t, s, "-qR", s.StoreDir().Format(c)); len(strings.Fields(got)) != 3 {
		t.Errorf("Nix sees the closure %q", got)
	}
	checkWithNix(t, s)
}

func TestAddedByNix(t *testing.T) {
	s := openTest(t)
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "f"), []byte("from nix"), 0o644)
	added := nixStore(t, s, "--add", dir+"/f")
	p, err := s.StoreDir().Parse(added)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.VerifyPath(t.Context(), p); err != nil {
		t.Error(err)
	}
	again, err := s.AddTree(t.Context(), "f", store.Recursive, hash.SHA256, dumpOf(dir+"/f"), nil)
	if err != nil || again != p {
		t.Errorf("added again as %v, %v", again, err)
	}
}

func TestAddToStore(t *testing.T) {
	ctx := t.Context()
	from, to := openTest(t), openTest(t)
	p := addTestTree(t, from, "tree")
	info, err := from.QueryPathInfo(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := from.NarFromPath(ctx, p, &b); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()

	bad := bytes.Clone(good)
	bad[bytes.Index(bad, []byte("contents of"))] ^= 1
	if err := to.AddToStore(ctx, info, bytes.NewReader(bad), store.AddOptions{}); err == nil || !strings.Contains(err.Error(), "hash mismatch importing path") {
		t.Errorf("altered archive: %v", err)
	}
	lie := *info
	lie.NarSize++
	if err := to.AddToStore(ctx, &lie, bytes.NewReader(good), store.AddOptions{}); err == nil || !strings.Contains(err.Error(), "size mismatch") {
		t.Errorf("wrong size: %v", err)
	}
	lie.NarSize -= 9
	if err := to.AddToStore(ctx, &lie, bytes.NewReader(good), store.AddOptions{}); err == nil {
		t.Error("truncated archive was accepted")
	}
	if _, err := os.Lstat(to.RealPath(p)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused path was left behind: %v", err)
	}
	r := bytes.NewReader(append(good[:len(good):len(good)], "rest"...))
	if err := to.AddToStore(ctx, info, r, store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	if r.Len() != len("rest") {
		t.Errorf("%d bytes are left after the archive", r.Len())
	}

	// Repair mends what was altered on disk.
	file := filepath.Join(to.RealPath(p), "file")
	os.Chmod(file, 0o644)
	os.WriteFile(file, []byte("altered"), 0o644)
	if err := to.VerifyPath(ctx, p); err == nil {
		t.Error("altered file was not noticed")
	}
	if err := to.AddToStore(ctx, info, bytes.NewReader(good), store.AddOptions{Repair: true}); err != nil {
		t.Fatal(err)
	}
	if err := to.VerifyPath(ctx, p); err != nil {
		t.Error(err)
	}
	checkWithNix(t, to)
}

func TestBatch(t *testing.T) {
	ctx := t.Context()
	s := openTest(t)
	b := s.NewBatch()
	var prev []store.Path
	for i := range 700 {
		p := addText(t, b, "n", strings.Repeat("x", i), prev...)
		prev = []store.Path{p}
	}
	if valid, _ := s.IsValid(ctx, prev[0]); valid {
		t.Error("valid before Flush")
	}
	if err := b.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Closure(ctx, prev, ClosureOptions{}); err != nil || len(all) != 700 {
		t.Errorf("closure of %d, %v", len(all), err)
	}
	if locks, _ := filepath.Glob(s.RealDir() + "/*.lock"); len(locks) > 0 {
		t.Errorf("%d lock files are left", len(locks))
	}
	checkWithNix(t, s)
}

// TestOpenNewTogether: whoever finds no store yet may meet others that make it just
// then. SQLite does not wait by itself for a lock to change the journal.
func TestOpenNewTogether(t *testing.T) {
	root := t.TempDir()
	db := filepath.Join(root, "nix/var/nix/db/db.sqlite")
	if err := os.MkdirAll(filepath.Dir(db), 0o755); err != nil {
		t.Fatal(err)
	}
	other, err := sqlite.OpenConn(db, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteTransient(other, "begin immediate", nil); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error)
	go func() {
		s, err := Open(context.Background(), Settings{Root: root, NoSync: true})
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Errorf("it did not wait for the other: %v", err)
		opened = nil
	case <-time.After(100 * time.Millisecond):
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if opened != nil {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
}

func TestReadOnly(t *testing.T) {
	ctx := t.Context()
	s := openTest(t)
	p := addText(t, s, "a", "b")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(ctx, Settings{Root: s.set.Root, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if valid, err := r.IsValid(ctx, p); err != nil || !valid {
		t.Errorf("valid = %v, %v", valid, err)
	}
	if _, err := r.AddText(ctx, "c", "d", nil); !errors.Is(err, ErrReadOnly) {
		t.Errorf("adding: %v", err)
	}
	if again, err := r.AddText(ctx, "a", "b", nil); err != nil || again != p {
		t.Errorf("adding what is there: %v, %v", again, err)
	}
	if again, err := r.NewBatch().AddText(ctx, "a", "b", nil); err != nil || again != p {
		t.Errorf("adding what is there: %v, %v", again, err)
	}
	dump := func(w io.Writer) error { return nar.DumpString(w, "c") }
	if _, err := r.AddTree(ctx, "tree", store.Recursive, hash.SHA256, dump, nil); !errors.Is(err, ErrReadOnly) {
		t.Errorf("adding a tree: %v", err)
	}
}

func TestCanceled(t *testing.T) {
	s := openTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.AddText(ctx, "a", "b", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}
