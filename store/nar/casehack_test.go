//go:build unix

package nar

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archiveOf packs a tree of files with the contents of their names.
func archiveOf(t *testing.T, names ...string) []byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	for _, name := range names {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dumpPath(t, dir, nil)
}

// TestCaseHack restores names that differ by case alone under others, and packs them
// again under their own.
func TestCaseHack(t *testing.T) {
	const h = CaseHackSuffix
	for _, tt := range []struct {
		names []string
		disk  string
	}{
		{[]string{"A", "a", "b"}, "A a" + h + "1 b"},
		{[]string{"FOO", "Foo", "fOO", "foo", "x"}, "FOO Foo" + h + "1 fOO" + h + "2 foo" + h + "3 x"},
		{[]string{"D/F", "D/f", "d/F"}, "D D/F D/f" + h + "1 d" + h + "1 d" + h + "1/F"},
		{[]string{"É", "é"}, "É é"},
	} {
		nar := archiveOf(t, tt.names...)
		dir := filepath.Join(t.TempDir(), "out")
		if err := Restore(dir, NewReader(bytes.NewReader(nar)), RestoreOptions{CaseHack: true}); err != nil {
			t.Errorf("%q: %v", tt.names, err)
			continue
		}
		var disk []string
		filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if path != dir {
				disk = append(disk, path[len(dir)+1:])
			}
			return err
		})
		if got := strings.Join(disk, " "); got != tt.disk {
			t.Errorf("%q became %q", tt.names, got)
		}
		var again bytes.Buffer
		if err := DumpCaseHacked(&again, dir, nil); err != nil || !bytes.Equal(again.Bytes(), nar) {
			t.Errorf("%q: another archive, %v", tt.names, err)
		}
		// Two that mean the same name.
		if err := os.WriteFile(filepath.Join(dir, tt.names[0]+h+"9"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := DumpCaseHacked(&again, dir, nil); err == nil || !strings.Contains(err.Error(), "file name collision between") {
			t.Errorf("%q: %v", tt.names, err)
		}
	}

	for _, names := range [][]string{
		{"Test", "Test" + h + "1", "test"},
		{"Test", "test", "test" + h + "1" + h + "1", "test" + h + "1"},
	} {
		err := Restore(filepath.Join(t.TempDir(), "out"), NewReader(bytes.NewReader(archiveOf(t, names...))), RestoreOptions{CaseHack: true})
		if err == nil || !strings.Contains(err.Error(), "that collides with case-hacked file name") {
			t.Errorf("%q: %v", names, err)
		}
	}
}

// TestRestoreExisting words what is in the way as Nix does.
func TestRestoreExisting(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.Mkdir(at("dir"), 0o755), os.WriteFile(at("file"), nil, 0o644), os.Symlink("dir", at("link")), os.Symlink("none", at("dangling")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tree, file := archiveOf(t, "x"), dumpPath(t, at("file"), nil)
	for _, tt := range []struct {
		name string
		nar  []byte
		want string
	}{
		{"dir", tree, "path '" + at("dir") + "' already exists"},
		{"link", tree, "path '" + at("link") + "' already exists"},
		{"file", tree, "cannot create '" + at("file") + "': File exists"},
		{"dangling", tree, "cannot create '" + at("dangling") + "': File exists"},
		{"dir", file, "cannot create '" + at("dir") + "': File exists"},
		{"link", file, "cannot create '" + at("link") + "': File exists"},
	} {
		err := Restore(at(tt.name), NewReader(bytes.NewReader(tt.nar)), RestoreOptions{})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
