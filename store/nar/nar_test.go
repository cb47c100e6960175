package nar

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// pack makes an archive of words: strings with length and padding, and raw bytes
// for those that begin with a NUL.
func pack(words ...string) []byte {
	var b []byte
	for _, w := range words {
		if raw, ok := strings.CutPrefix(w, "\x00"); ok {
			b = append(b, raw...)
			continue
		}
		b = binary.LittleEndian.AppendUint64(b, uint64(len(w)))
		b = append(b, w...)
		b = append(b, make([]byte, -len(w)&7)...)
	}
	return b
}

// Whatever an archive holds, it cannot name anything outside of its tree, and
// nothing twice.
func TestMalicious(t *testing.T) {
	file := []string{"(", "type", "regular", "contents", "x", ")"}
	dir := func(entries ...[]string) []string {
		all := []string{magic, "(", "type", "directory"}
		for _, e := range entries {
			all = append(all, e...)
		}
		return append(all, ")")
	}
	entry := func(name string, node ...string) []string {
		return append(append([]string{"entry", "(", "name", name, "node"}, node...), ")")
	}
	link := func(target string) []string { return []string{"(", "type", "symlink", "target", target, ")"} }
	deep := []string{magic}
	for range MaxDepth {
		deep = append(deep, "(", "type", "directory", "entry", "(", "name", "d", "node")
	}
	deep = append(deep, file...)
	tests := map[string]struct {
		words []string
		want  string
	}{
		"dot dot":       {dir(entry("..", file...)), "NAR contains invalid file name '..'"},
		"dot":           {dir(entry(".", file...)), "NAR contains invalid file name '.'"},
		"empty name":    {dir(entry("", file...)), "NAR contains invalid file name ''"},
		"slash":         {dir(entry("a/b", file...)), "NAR contains invalid file name 'a/b'"},
		"absolute":      {dir(entry("/etc/passwd", file...)), "NAR contains invalid file name '/etc/passwd'"},
		"NUL in a name": {dir(entry("a\x00b", file...)), "NAR contains invalid file name"},
		"long name":     {dir(entry(strings.Repeat("a", 256), file...)), "string of 256 bytes is too long"},
		"twice":         {dir(entry("a", file...), entry("a", file...)), "NAR directory is not sorted"},
		"link and dir":  {dir(entry("a", link("/tmp")...), entry("a", "(", "type", "directory", ")")), "NAR directory is not sorted"},
		"not sorted":    {dir(entry("b", file...), entry("a", file...)), "NAR directory is not sorted"},
		"empty target":  {append([]string{magic}, link("")...), "NAR contains invalid symlink target"},
		"NUL in target": {append([]string{magic}, link("a\x00")...), "NAR contains invalid symlink target"},
		"long target":   {append([]string{magic}, link(strings.Repeat("a", 4096))...), "string of 4096 bytes is too long"},
		"deep":          {deep, "NAR directory nesting exceeds maximum depth of 64"},
		"magic":         {[]string{"nix-archive-2"}, "input doesn't look like a Nix archive"},
		"nothing":       {nil, "input doesn't look like a Nix archive"},
		"type":          {[]string{magic, "(", "type", "fifo", ")"}, "unknown file type 'fifo'"},
		"tag":           {[]string{magic, "[", "type"}, "expected tag '(', got '['"},
		"executable":    {[]string{magic, "(", "type", "regular", "executable", "yes"}, "executable marker has non-empty value"},
		"huge file":     {[]string{magic, "(", "type", "regular", "contents", "\x00\xff\xff\xff\xff\xff\xff\xff\xff"}, "is too large"},
		"huge string":   {[]string{magic, "\x00\xff\xff\xff\xff\xff\xff\xff\x7f"}, "is too long"},
		"padding":       {[]string{magic, "(", "type", "regular", "contents", "\x00\x01\x00\x00\x00\x00\x00\x00\x00x\x01\x00\x00\x00\x00\x00\x00", ")"}, "non-zero padding"},
		"cut":           {[]string{magic, "(", "type", "regular", "contents", "\x00\x09\x00\x00\x00\x00\x00\x00\x00x"}, "unexpected end of archive"},
	}
	for name, tt := range tests {
		out := filepath.Join(t.TempDir(), "out")
		err := Restore(out, NewReader(bytes.NewReader(pack(tt.words...))), RestoreOptions{})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	big := pack(append([]string{magic}, "(", "type", "regular", "contents", strings.Repeat("x", 1000), ")")...)
	if err := Restore(filepath.Join(t.TempDir(), "out"), NewReader(bytes.NewReader(big)), RestoreOptions{MaxSize: 999}); !errors.Is(err, ErrFormat) {
		t.Errorf("more than MaxSize: %v", err)
	}
	// What is there is not overwritten, nor a link followed.
	out := filepath.Join(t.TempDir(), "out")
	if err := os.Symlink("elsewhere", out); err != nil {
		t.Fatal(err)
	}
	if err := Restore(out, NewReader(bytes.NewReader(big)), RestoreOptions{}); !errors.Is(err, os.ErrExist) {
		t.Errorf("restored over a link: %v", err)
	}
}

// Every truncation of an archive is an error, and no bit can be flipped without
// an error or another tree.
func TestDamaged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	os.MkdirAll(filepath.Join(dir, "sub"), 0o755)
	os.WriteFile(filepath.Join(dir, "sub/x"), []byte("12345"), 0o755)
	os.Symlink("x", filepath.Join(dir, "sub/y"))
	nar := dumpPath(t, dir, nil)
	if got := rewrite(nar); !bytes.Equal(got, nar) {
		t.Fatal("the archive itself does not read")
	}
	for n := range nar {
		if rewrite(nar[:n]) != nil {
			t.Errorf("%d of %d bytes were accepted", n, len(nar))
		}
	}
	for i := range nar {
		for bit := range 8 {
			bad := bytes.Clone(nar)
			bad[i] ^= 1 << bit
			if bytes.Equal(rewrite(bad), nar) {
				t.Errorf("bit %d of byte %d does not matter", bit, i)
			}
		}
	}
}

// rewrite reads an archive and writes it again; nil if it is malformed.
func rewrite(nar []byte) []byte {
	var out bytes.Buffer
	r, w := NewReader(bytes.NewReader(nar)), NewWriter(&out)
	for {
		h, err := r.Next()
		if err == io.EOF {
			if w.Close() != nil {
				return nil
			}
			return out.Bytes()
		}
		if err != nil || w.WriteHeader(h) != nil {
			return nil
		}
		if h.Type == Regular {
			if _, err := r.WriteTo(w); err != nil {
				return nil
			}
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	root, dir := Header{Type: Directory}, Header{Path: "d", Type: Directory}
	for name, hs := range map[string][]Header{
		"no root":      {dir},
		"two roots":    {root, root},
		"not sorted":   {root, dir, {Path: "a", Type: Directory}},
		"twice":        {root, dir, dir},
		"not open":     {root, {Path: "x/y", Type: Directory}},
		"left":         {root, dir, {Path: "e", Type: Directory}, {Path: "d/x", Type: Directory}},
		"dot dot":      {root, {Path: "..", Type: Directory}},
		"bad target":   {{Type: Symlink}},
		"unknown type": {{}},
		"negative":     {{Type: Regular, Size: -1}},
		"in a file":    {root, {Path: "f", Type: Regular, Size: 1}, {Path: "g", Type: Directory}},
	} {
		w := NewWriter(io.Discard)
		var err error
		for _, h := range hs {
			err = w.WriteHeader(h)
		}
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	w := NewWriter(io.Discard)
	w.WriteHeader(Header{Type: Regular, Size: 2})
	if _, err := w.Write([]byte("123")); err == nil {
		t.Error("too much was accepted")
	}
	w = NewWriter(io.Discard)
	w.WriteHeader(Header{Type: Regular, Size: 2})
	if err := w.Close(); err == nil {
		t.Error("too little was accepted")
	}
}

func TestFilter(t *testing.T) {
	dir := testTree(t)
	var asked []string
	nar := dumpPath(t, dir, func(path string, typ Type) (bool, error) {
		asked = append(asked, path+":"+typ.String())
		return path != "a" && path != "b.d", nil
	})
	if got := strings.Join(asked, " "); got != "a:directory b:directory b/eight:regular b/link:symlink b.d:directory é:regular" {
		t.Errorf("asked for %s", got)
	}
	if bytes.Contains(nar, []byte("hello")) {
		t.Error("a filtered directory is in the archive")
	}
	stop := errors.New("stop")
	if err := DumpPath(io.Discard, dir, func(string, Type) (bool, error) { return false, stop }); !errors.Is(err, stop) {
		t.Errorf("err = %v", err)
	}
}

// mapTree is a Tree of files: path to contents, directories end in a slash.
type mapTree map[string]string

func (m mapTree) Lookup(path string) (Header, error) {
	if c, ok := m[path]; ok {
		return Header{Path: path, Type: Regular, Size: int64(len(c))}, nil
	}
	return Header{Path: path, Type: Directory}, nil
}

func (m mapTree) Names(dir string) (names []string, err error) {
	seen := map[string]bool{}
	for p := range m {
		if rest, ok := strings.CutPrefix("/"+p, strings.TrimSuffix("/"+dir, "/")+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names, nil
}

func (m mapTree) Open(path string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(m[path])), nil
}

func TestDumpTree(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	files := mapTree{"a/x": "1", "a/y/z": "22", "a.b": "333"}
	for p, c := range files {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, p)), 0o755)
		os.WriteFile(filepath.Join(dir, p), []byte(c), 0o644)
	}
	filter := func(path string, _ Type) (bool, error) { return path != "a/y", nil }
	var b bytes.Buffer
	if err := Dump(&b, files, filter); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), dumpPath(t, dir, filter)) {
		t.Error("a tree and the same on disk differ")
	}
}

func FuzzReader(f *testing.F) {
	f.Add(pack(magic, "(", "type", "symlink", "target", "x", ")"))
	f.Add(pack(magic, "(", "type", "regular", "executable", "", "contents", "abc", ")"))
	f.Add(pack(magic, "(", "type", "directory", "entry", "(", "name", "a", "node", "(", "type", "directory", ")", ")", ")"))
	f.Fuzz(func(t *testing.T, b []byte) {
		// An archive has one form only: what reads is written the same.
		if out := rewrite(b); out != nil && !bytes.HasPrefix(b, out) {
			t.Errorf("read %q, wrote %q", b, out)
		}
	})
}

// FuzzRestore: an archive is written where it belongs, whatever is in it, and what
// was written is the archive again.
func FuzzRestore(f *testing.F) {
	f.Add(pack(magic, "(", "type", "symlink", "target", "../neighbour", ")"))
	f.Add(pack(magic, "(", "type", "regular", "executable", "", "contents", "abc", ")"))
	f.Add(pack(magic, "(", "type", "directory",
		"entry", "(", "name", "a", "node", "(", "type", "symlink", "target", "..", ")", ")",
		"entry", "(", "name", "b", "node", "(", "type", "directory", ")", ")", ")"))
	f.Add(pack(magic, "(", "type", "directory", "entry", "(", "name", "..", "node", "(", "type", "regular", "contents", "x", ")", ")", ")"))
	top := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		name := filepath.Join(top, "tree")
		err := Restore(name, NewReader(bytes.NewReader(b)), RestoreOptions{Canonical: true, MaxSize: 1 << 20})
		defer func() {
			exec.Command("chmod", "-R", "u+w", name).Run()
			os.RemoveAll(name)
		}()
		entries, _ := os.ReadDir(top)
		if len(entries) > 1 || len(entries) == 1 && entries[0].Name() != "tree" {
			t.Fatalf("there is %v", entries)
		}
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := DumpPath(&again, name, nil); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(b, again.Bytes()) {
			t.Errorf("restored %q, dumped %q", b, again.Bytes())
		}
	})
}

func BenchmarkDumpHash(b *testing.B) {
	dir := b.TempDir()
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	for i := range 64 {
		os.WriteFile(filepath.Join(dir, "f"+strconv.Itoa(i)), data, 0o644)
	}
	b.SetBytes(64 << 20)
	for b.Loop() {
		w := hash.New(hash.SHA256)
		if err := DumpPath(w, dir, nil); err != nil {
			b.Fatal(err)
		}
		w.Sum()
	}
}

func BenchmarkHashOnly(b *testing.B) {
	data := make([]byte, 1<<20)
	b.SetBytes(1 << 20)
	for b.Loop() {
		hash.Sum(hash.SHA256, data)
	}
}

const (
	narOfTree = "a109dfd161dd6b72a9050412d683ce377b5a02ebc29e64f913dcfd18ef3988e3"
	gitOfTree = "654979b90976117c6cbebbe8e95eaf7bfb960bcf"
)
