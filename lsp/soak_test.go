package lsp

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.lsp.dev/protocol"
)

// soakMemory is how many bytes the heap may hold after a soak: what is open and
// what is kept of the disk, and not what was.
const soakMemory = 400 << 20

// TestSoakEdits edits at every offset of real files, those of the examples or below
// GONIX_CORPUS, for as long as GONIX_SOAK says, and asks everything there is to ask
// at each place; one of four times it takes that back. A run without GONIX_SOAK does the
// same few hundred edits each time.
func TestSoakEdits(t *testing.T) {
	seed, edits := uint64(1), 0
	done := func() bool { edits++; return edits > 250 }
	if v := os.Getenv("GONIX_SOAK"); v != "" {
		limit, err := time.ParseDuration(v)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		seed, done = uint64(start.UnixNano()), func() bool { return time.Since(start) > limit }
	}
	root := os.Getenv("GONIX_CORPUS")
	if root == "" {
		root = "../examples"
	}
	var files []string
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".nix") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files below %s: %v", len(files), root, err)
	}
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	rnd.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	c := connect(t, clientOptions{pull: true, options: Options{Log: discard{}}, settings: `{"eval":{"enable":false}}`})
	for {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil || len(text) > 100_000 {
				continue
			}
			c.soak(t, filepath.Base(file), string(text), rnd, done)
			if done() {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				if m.HeapAlloc > soakMemory {
					t.Errorf("%d MB are in use afterwards", m.HeapAlloc>>20)
				}
				return
			}
		}
	}
}

// soak goes through a text from end to start, so that positions stay what they are
// in the part that is yet to come.
func (c *client) soak(t *testing.T, name, text string, rnd *rand.Rand, done func() bool) {
	u := c.open(name, text)
	line, char := uint32(strings.Count(text, "\n")), uint32(0)
	for off := len(text); off > 0 && !done(); off-- {
		if off < len(text) && text[off] == '\n' {
			line--
		}
		char = uint32(off - (strings.LastIndexByte(text[:off], '\n') + 1))
		piece := soakPieces[rnd.IntN(len(soakPieces))]
		c.edit(u, span(line, char, line, char+uint32(rnd.IntN(3))), piece)
		ctx, cancel := context.WithCancel(context.Background())
		if rnd.IntN(4) == 0 {
			time.AfterFunc(time.Duration(rnd.IntN(3000))*time.Microsecond, cancel)
		}
		if err := c.everything(ctx, u, pos(line, char)); err != nil {
			t.Fatalf("%s: %q at %d:%d: %v", name, piece, line, char, err)
		}
		cancel()
	}
	if err := c.DidClose(context.Background(), &protocol.DidCloseTextDocumentParams{TextDocument: c.docID(u)}); err != nil {
		t.Fatal(err)
	}
}

var soakPieces = []string{
	"", "", " ", "{", "}", "(", ")", "[", "]", "\"", "''", "${", ".", ";", "=", ":", "@", "?", "or ", "let ", "in ", "with ", "inherit ", "rec ",
	"if ", "./", "<", "#", "/*", "*/", "\n", "é😀", "1e5", "x",
}
