package lsp

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.lsp.dev/protocol"
)

// slowNixpkgs is a folder whose packages take a while to load.
func slowNixpkgs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text := "{ }: with builtins; let n = foldl' (a: _: a + 1) 0 (genList (x: x) 1000000); in seq n { answer = 42; another = 43; }"
	if err := os.WriteFile(filepath.Join(dir, "default.nix"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func connectSlow(t *testing.T) *client {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, clientOptions{pull: true, settings: `{"eval":{"timeLimitMs":600000}}`, options: Options{
		Worker: []string{exe, "eval-worker"}, NixPath: []string{"nixpkgs=" + slowNixpkgs(t)},
	}})
}

// Who types while the packages are loaded, and cancels with each key what the one
// before asked for, has the names that need no evaluation all the time, and those of
// packages in the end.
func TestTypingWhileLoading(t *testing.T) {
	c := connectSlow(t)
	u := c.open("a.nix", "{ pkgs }: let anything = 1; in with pkgs; [ an ]")
	complete := func(ctx context.Context) (has func(string) bool, err error) {
		result, err := c.Completion(ctx, &protocol.CompletionParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: c.docID(u), Position: pos(0, uint32(c.versions[u])-1+46),
		}})
		if err != nil {
			return nil, err
		}
		items := result.(*protocol.CompletionList).Items
		return func(name string) bool {
			return slices.ContainsFunc(items, func(i protocol.CompletionItem) bool { return i.Label == name })
		}, nil
	}
	for range 20 {
		c.edit(u, span(0, 0, 0, 0), " ")
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Millisecond)
		if has, err := complete(ctx); err == nil && !has("anything") {
			t.Fatal("lacks the local name")
		}
		cancel()
	}
	c.waitFor("names of packages", func() bool {
		has, err := complete(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return has("anything") && has("answer") && has("another")
	})
}

// Loading that takes a while is shown, and ends when the user says so.
func TestLoadingIsShown(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := "{ }: with builtins; foldl' (a: _: foldl' (a: _: a + 1) 0 (genList (x: x) 100000)) 0 (genList (x: x) 10000000)"
	if err := os.WriteFile(filepath.Join(dir, "default.nix"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	c := connect(t, clientOptions{pull: true, settings: `{"eval":{"timeLimitMs":600000}}`, options: Options{
		Worker: []string{exe, "eval-worker"}, NixPath: []string{"nixpkgs=" + dir},
	}})
	u := c.open("a.nix", "{ pkgs }: pkgs.answer")
	answered := make(chan error, 1)
	go func() {
		_, err := c.Hover(context.Background(), &protocol.HoverParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: c.docID(u), Position: pos(0, 17),
		}})
		answered <- err
	}()
	token := ""
	c.waitFor("progress", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, p := range c.progress {
			if strings.Contains(p, "Evaluating packages") {
				token, _, _ = strings.Cut(p, " ")
			}
		}
		return token != ""
	})
	cancel := &protocol.WorkDoneProgressCancelParams{Token: protocol.String(token)}
	if err := c.WorkDoneProgressCancel(context.Background(), cancel); err != nil {
		t.Fatal(err)
	}
	c.waitFor("the end of it", func() bool {
		return slices.ContainsFunc(c.partialOf(token), func(p string) bool { return strings.Contains(p, `"end"`) })
	})
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// The same for hovers: the definition is shown at once, and the value in the end.
func TestHoverWhileLoading(t *testing.T) {
	c := connectSlow(t)
	u := c.open("a.nix", "{ pkgs }: { x = pkgs.answer; }")
	hover := func() string {
		t.Helper()
		h, err := c.Hover(context.Background(), &protocol.HoverParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: c.docID(u), Position: pos(0, uint32(c.versions[u])-1+12),
		}})
		if err != nil || h == nil {
			t.Fatalf("%v, %v", h, err)
		}
		text := h.Contents.(*protocol.MarkupContent).Value
		if !strings.Contains(text, "x = pkgs.answer") {
			t.Fatalf("lacks the definition: %s", text)
		}
		return text
	}
	for range 20 {
		c.edit(u, span(0, 0, 0, 0), " ")
		hover()
	}
	c.waitFor("the value", func() bool { return strings.Contains(hover(), "42") })
}
