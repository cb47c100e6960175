package builder

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive makes a tarball. Contents of files are their names.
func archive(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(h.Name))
		}
		h.Mode |= 0o644
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			w.Write([]byte(h.Name))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func dir(name string) tar.Header     { return tar.Header{Name: name, Typeflag: tar.TypeDir} }
func regular(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg} }
func symlink(name, to string) tar.Header {
	return tar.Header{Name: name, Linkname: to, Typeflag: tar.TypeSymlink}
}
func hardlink(name, to string) tar.Header {
	return tar.Header{Name: name, Linkname: to, Typeflag: tar.TypeLink}
}

// unpacked unpacks a tarball in a directory that has a neighbour, and returns what
// there is now.
func unpacked(t testing.TB, top string, data []byte) (string, error) {
	t.Helper()
	for _, d := range []string{"out", "neighbour"} {
		if err := os.RemoveAll(filepath.Join(top, d)); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(top, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(top, "neighbour/file"), []byte("untouched"), 0o644); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(filepath.Join(top, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	untarErr := untar(root, bytes.NewReader(data))
	var names []string
	filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(top, name); err == nil && !d.IsDir() {
			names = append(names, rel)
			if d.Type()&^fs.ModeSymlink != 0 {
				t.Errorf("%s has type %v", rel, d.Type())
			}
			if st, err := d.Info(); err == nil && st.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
				t.Errorf("%s has mode %v", rel, st.Mode())
			}
		}
		return nil
	})
	if text, _ := os.ReadFile(filepath.Join(top, "neighbour/file")); string(text) != "untouched" {
		t.Error("the neighbour was changed")
	}
	return strings.Join(names, " "), untarErr
}

func TestUntar(t *testing.T) {
	top := t.TempDir()
	for _, tt := range []struct {
		name    string
		err     string // "" accepts
		want    string
		headers []tar.Header
	}{
		{"plain", "", "neighbour/file out/d/e/f out/d/g out/d/l", []tar.Header{dir("./"), dir("d/"), regular("d/e/f"), regular("d/g"), symlink("d/l", "g")}},
		{"hard link", "", "neighbour/file out/a out/b", []tar.Header{regular("a"), hardlink("b", "a")}},
		{"parent", "outside of the archive", "neighbour/file", []tar.Header{regular("../neighbour/x")}},
		{"parent within", "outside of the archive", "neighbour/file out/a/x", []tar.Header{regular("a/x"), regular("a/../../neighbour/file")}},
		{"absolute", "outside of the archive", "neighbour/file", []tar.Header{regular(filepath.Join(top, "neighbour/file"))}},
		{"twice", "exists", "neighbour/file out/a", []tar.Header{regular("a"), regular("a")}},
		{"file for directory", "", "neighbour/file out/a/b", []tar.Header{dir("a"), regular("a/b"), dir("a")}},
		{"directory for file", "not a directory", "neighbour/file out/a", []tar.Header{regular("a"), regular("a/b")}},
		{"below a symlink", "not a directory", "neighbour/file out/a", []tar.Header{symlink("a", "../neighbour"), regular("a/file")}},
		{"below a symlink within", "not a directory", "neighbour/file out/a", []tar.Header{dir("d"), symlink("a", "d"), regular("a/file")}},
		{"through a symlink", "exists", "neighbour/file out/a", []tar.Header{symlink("a", "../neighbour/file"), regular("a")}},
		{"hard link outside", "", "neighbour/file", []tar.Header{hardlink("a", "../neighbour/file")}},
		{"hard link absolute", "", "neighbour/file", []tar.Header{hardlink("a", filepath.Join(top, "neighbour/file"))}},
		{"hard link by symlink", "", "neighbour/file out/s", []tar.Header{symlink("s", "../neighbour"), hardlink("a", "s/file")}},
		{"device", "unsupported type", "neighbour/file", []tar.Header{{Name: "a", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}}},
		{"fifo", "unsupported type", "neighbour/file", []tar.Header{{Name: "a", Typeflag: tar.TypeFifo}}},
		{"setuid", "", "neighbour/file out/a", []tar.Header{{Name: "a", Typeflag: tar.TypeReg, Mode: 0o6755}}},
	} {
		got, err := unpacked(t, top, archive(t, tt.headers...))
		if strings.HasPrefix(tt.name, "hard link ") && err == nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
		if tt.err == "" && err != nil && !strings.HasPrefix(tt.name, "hard link ") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got != tt.want {
			t.Errorf("%s: there is %s, want %s", tt.name, got, tt.want)
		}
	}
	whole := archive(t, regular("a"), regular("b"))
	if _, err := unpacked(t, top, whole[:700]); err == nil {
		t.Error("a truncated archive is accepted")
	}
}

// TestUnpackMemory: a stream that asks for gigabytes does not get them.
func TestUnpackMemory(t *testing.T) {
	// A zstd frame with a window of 2 GiB.
	r, err := decompress(bytes.NewReader([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 1, 0, 0}))
	if err == nil {
		_, err = r.Read(make([]byte, 1))
	}
	if err == nil {
		t.Error("accepted")
	}
}

// FuzzUntar: whatever an archive holds, nothing but its own directory changes.
func FuzzUntar(f *testing.F) {
	f.Add(archive(f, dir("d/"), regular("d/f"), symlink("d/l", "f"), hardlink("h", "d/f")))
	f.Add(archive(f, symlink("a", "../neighbour"), regular("a/file"), hardlink("x", "a/file")))
	f.Add(archive(f, regular("../neighbour/file")))
	top := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if names, _ := unpacked(t, top, data); !strings.HasPrefix(names, "neighbour/file") || strings.Count(" "+names, " neighbour/") != 1 {
			t.Errorf("there is %s", names)
		}
	})
}
