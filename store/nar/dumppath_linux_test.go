package nar

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/sys/unix"
)

// pathTree has files of sizes around those of buffers and paddings.
func pathTree(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	if err := os.MkdirAll(filepath.Join(dir, "a/b/empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"0": 0, "1": 1, "a/7": 7, "a/8": 8, "a/9": 9, "a/b/large": bufferSize, "z": 3*bufferSize + 1} {
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte("x"), size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	os.Symlink("../z", filepath.Join(dir, "a/link"))
	os.Chmod(filepath.Join(dir, "1"), 0o755)
	return dir
}

// TestPathReader: however it is read, the archive is the one that Dump writes.
func TestPathReader(t *testing.T) {
	dir := pathTree(t)
	for _, name := range []string{dir, dir + "/0", dir + "/z", dir + "/1", dir + "/a/link", dir + "/a/b/empty"} {
		var want bytes.Buffer
		if err := DumpPath(&want, name, nil); err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		w := NewWriter(&again)
		r := NewReader(bytes.NewReader(want.Bytes()))
		for {
			h, err := r.Next()
			if err == io.EOF {
				break
			}
			if err == nil {
				err = w.WriteHeader(h)
			}
			if err == nil {
				_, err = io.Copy(w, r)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Bytes(), want.Bytes()) {
			t.Errorf("%s: not the archive that a Writer makes", name)
		}
		p := OpenPath(name, nil)
		if err := iotest.TestReader(p, want.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		p.Close()
	}
}

// TestPathReaderChanges: a file that shrinks while it is read is an error, and of one
// that grows only what it was is taken.
func TestPathReaderChanges(t *testing.T) {
	for change, wantErr := range map[int64]bool{0: true, 200_000: true, 400_000: false} {
		name := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(name, make([]byte, 300_000), 0o644); err != nil {
			t.Fatal(err)
		}
		p := OpenPath(name, nil)
		if _, err := io.ReadFull(p, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, change); err != nil {
			t.Fatal(err)
		}
		_, err := io.Copy(io.Discard, p)
		if errors.Is(err, io.ErrUnexpectedEOF) != wantErr {
			t.Errorf("to %d bytes: error %v", change, err)
		}
		p.Close()
	}
}

// TestPathReaderClose: what is open is closed, in the middle too, and nothing comes
// after that.
func TestPathReaderClose(t *testing.T) {
	dir := pathTree(t)
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range entries {
			target, _ := os.Readlink("/proc/self/fd/" + e.Name())
			if strings.HasPrefix(target, dir) {
				n++
			}
		}
		return n
	}
	for _, take := range []int64{1, 100, 1000, 2000, bufferSize, 2 * bufferSize} {
		p := OpenPath(dir, nil)
		if _, err := io.CopyN(io.Discard, p, take); err != nil {
			t.Fatal(err)
		}
		p.Close()
		if n := open(); n > 0 {
			t.Errorf("after %d bytes: %d files are open", take, n)
		}
		if _, err := p.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

// TestRestoreModes: the mode of files is canonical whatever the umask is, or an ACL
// of the directory.
func TestRestoreModes(t *testing.T) {
	var archive bytes.Buffer
	if err := DumpPath(&archive, pathTree(t), nil); err != nil {
		t.Fatal(err)
	}
	old := unix.Umask(0o022)
	defer unix.Umask(old)
	for _, mask := range []int{0, 0o022, 0o077} {
		for _, acl := range []bool{false, true} {
			parent := t.TempDir()
			if acl {
				// user::rwx, group::---, other::---, for all that is made below.
				entry := func(tag uint16, perm byte) []byte { return []byte{byte(tag), 0, perm, 0, 0xff, 0xff, 0xff, 0xff} }
				value := bytes.Join([][]byte{{2, 0, 0, 0}, entry(1, 7), entry(4, 0), entry(0x20, 0)}, nil)
				if err := unix.Setxattr(parent, "system.posix_acl_default", value, 0); err == unix.ENOTSUP {
					continue
				} else if err != nil {
					t.Fatal(err)
				}
			}
			unix.Umask(mask)
			name := filepath.Join(parent, "tree")
			if err := Restore(name, NewReader(bytes.NewReader(archive.Bytes())), RestoreOptions{Canonical: true}); err != nil {
				t.Fatal(err)
			}
			unix.Umask(0o022)
			err := filepath.Walk(name, func(file string, st os.FileInfo, err error) error {
				if err != nil {
					return err
				}
				want := os.FileMode(0o444)
				if st.IsDir() || st.Name() == "1" {
					want = 0o555
				}
				if st.Mode().Perm() != want && st.Mode().Type() != os.ModeSymlink || st.ModTime().Unix() != 1 {
					t.Errorf("umask %03o, ACL %v: %s has mode %v, time %v", mask, acl, file, st.Mode(), st.ModTime())
				}
				if st.IsDir() {
					return os.Chmod(file, 0o755) // so that it can be removed
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
}
