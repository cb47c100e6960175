package lsp

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// texts are the files of all sessions and examples.
func texts(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if strings.HasSuffix(f.Name, ".nix") {
				out[filepath.Base(file)+"-"+strings.ReplaceAll(f.Name, "/", "-")] = string(f.Data)
			}
		}
	}
	examples, _ := filepath.Glob("../examples/*.nix")
	for _, file := range examples {
		if data, err := os.ReadFile(file); err == nil {
			out[filepath.Base(file)] = string(data)
		}
	}
	return out
}

// Whatever is typed wherever, no question at any place makes the server panic.
func TestRandomEdits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	c := connect(t, clientOptions{pull: true, options: Options{Log: discard{}}, settings: `{"eval":{"enable":false}}`})
	ctx := context.Background()
	pieces := []string{"", " ", "{", "}", "(", ")", "[", "]", "\"", "''", "${", ".", ";", "=", ":", "@", "?", "or", "let", "in", "with", "inherit", "rec", "if", "./", "<", "#", "/*", "*/", "\n", "é😀", "1e5", "x"}
	all := texts(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text := all[name]
		u := c.open(name, text)
		lines := strings.Count(text, "\n") + 1
		for range 3 {
			line := uint32(rnd.IntN(lines + 1))
			from, to := uint32(rnd.IntN(60)), uint32(rnd.IntN(60))
			if rnd.IntN(2) == 0 {
				to = from
			}
			c.edit(u, span(line, min(from, to), line, max(from, to)), pieces[rnd.IntN(len(pieces))])
			if err := c.everything(ctx, u, pos(line, from)); err != nil {
				t.Fatalf("%s: after an edit at %d:%d: %v", name, line, from, err)
			}
			if err := c.everything(ctx, u, pos(uint32(rnd.IntN(lines+3)), uint32(rnd.IntN(200)))); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := c.DidClose(ctx, &protocol.DidCloseTextDocumentParams{TextDocument: c.docID(u)}); err != nil {
			t.Fatal(err)
		}
	}
}

// Typing a text from its start to its end, with all questions after every tenth letter.
func TestTypingFromTheStart(t *testing.T) {
	c := connect(t, clientOptions{pull: true, options: Options{Log: discard{}}, settings: `{"eval":{"enable":false}}`})
	ctx := context.Background()
	all := texts(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text := all[name]
		if len(text) > 300 {
			continue
		}
		u := c.open(name, "")
		line, char := uint32(0), uint32(0)
		for _, r := range text {
			c.edit(u, span(line, char, line, char), string(r))
			char++
			if r >= 0x10000 {
				char++
			}
			if r == '\n' {
				line, char = line+1, 0
			}
			if char%10 == 0 {
				if err := c.everything(ctx, u, pos(line, char)); err != nil {
					t.Fatalf("%s at %d:%d: %v", name, line, char, err)
				}
			}
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestThousandDocuments(t *testing.T) {
	c := connect(t, clientOptions{options: Options{Log: discard{}}})
	var last uri.URI
	for i := range 1000 {
		last = c.open(fmt.Sprintf("f%d.nix", i), fmt.Sprintf("let x = %d; in { y = x; }", i))
	}
	c.waitDiagnostics(last)
	for i := range 1000 {
		u := c.uri(fmt.Sprintf("f%d.nix", i))
		if err := c.DidClose(context.Background(), &protocol.DidCloseTextDocumentParams{TextDocument: c.docID(u)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Symbols(context.Background(), &protocol.WorkspaceSymbolParams{Query: "y"}); err != nil {
		t.Fatal(err)
	}
}

// A flood of requests, most of them cancelled, leaves nothing behind.
func TestFlood(t *testing.T) {
	c := connect(t, clientOptions{options: Options{Log: discard{}}})
	u := c.open("a.nix", strings.Repeat("{ a = 1; }.a + ", 2000)+"1")
	var wg sync.WaitGroup
	for i := range 500 {
		ctx, cancel := context.WithCancel(context.Background())
		wg.Add(1)
		go func() {
			defer wg.Done()
			c.CodeAction(ctx, &protocol.CodeActionParams{TextDocument: c.docID(u), Range: span(0, uint32(i), 0, uint32(i))})
		}()
		if i%10 != 0 {
			time.AfterFunc(time.Duration(i%7)*time.Millisecond, cancel)
		} else {
			defer cancel()
		}
	}
	wg.Wait()
	if _, err := c.Hover(context.Background(), &protocol.HoverParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{TextDocument: c.docID(u)}}); err != nil {
		t.Errorf("after the flood: %v", err)
	}
}

// At every place, completion knows comments as the lossless tree does.
func TestInComment(t *testing.T) {
	all := texts(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, text := range []string{all[name], all[name][:len(all[name])*2/3], strings.Replace(all[name], "=", "/*", 1)} {
			d, err := document.New(uri.File("/tmp/"+name), 1, text, document.UTF8)
			if err != nil {
				t.Fatal(err)
			}
			for off := range ast.Pos(len(text) + 1) {
				want := slices.ContainsFunc(lossless.Of(d).Comments, func(c ast.Comment) bool {
					return c.Start < off && (off < c.End || c.Kind == ast.LineComment && off == c.End)
				})
				if got := inComment(placeAt(d, off)); got != want {
					t.Fatalf("%s: inComment is %v at %q|%q", name, got, text[max(0, off-60):off], text[off:min(ast.Pos(len(text)), off+20)])
				}
			}
		}
	}
}
