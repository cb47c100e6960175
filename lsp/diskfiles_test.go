package lsp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
)

func TestDiskFilesAreBounded(t *testing.T) {
	dir := t.TempDir()
	var d diskFiles
	load := func(name string, size int) *document.Snapshot {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			if err := os.WriteFile(path, []byte(strings.Repeat(" ", size)), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		s, err := d.load(path, document.UTF16)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for i := range 2 * maxDiskFiles {
		load(fmt.Sprint("small", i), i)
	}
	if n := len(d.entries); n == 0 || n > maxDiskFiles {
		t.Errorf("%d files are kept", n)
	}
	last := fmt.Sprint("small", 2*maxDiskFiles-1)
	if first := load(last, 0); load(last, 0) != first {
		t.Error("the latest file was read again")
	}
	// One too large to share is kept alone.
	huge := load("huge", maxDiskBytes+1)
	if load("huge", 0) != huge || len(d.entries) != 1 || d.bytes != maxDiskBytes+1 {
		t.Errorf("%d files with %d bytes are kept", len(d.entries), d.bytes)
	}
	load("small1", 1)
	d.forget(filepath.Join(dir, "small1"))
	if n := len(d.entries); n != 0 || d.bytes != 0 {
		t.Errorf("%d files with %d bytes are left", n, d.bytes)
	}
}

// Links lead to the files that there are. Which these are is believed for a moment, and
// forgotten when the editor says that files have changed.
func TestLinkTargets(t *testing.T) {
	c := connect(t, clientOptions{settings: `{"eval":{"enable":false}}`})
	c.write("a.nix", "1")
	u := c.open("main.nix", "[ ./a.nix ./b.nix ./dir ]")
	links := func() (out []string) {
		list, err := c.DocumentLink(context.Background(), &protocol.DocumentLinkParams{TextDocument: c.docID(u)})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			out = append(out, strings.TrimPrefix(*l.Tooltip, c.dir))
		}
		return out
	}
	if got, want := links(), []string{"/a.nix"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	c.write("b.nix", "1")
	c.write("dir/default.nix", "1")
	err := c.DidChangeWatchedFiles(context.Background(), &protocol.DidChangeWatchedFilesParams{
		Changes: []protocol.FileEvent{{URI: c.uri("b.nix"), Type: protocol.FileChangeTypeCreated}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := links(), []string{"/a.nix", "/b.nix", "/dir/default.nix"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
