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
	text := "{ }: with builtins; let n = foldl' (a: _: a + 1) 0 (genList (x: x) 3000000); in seq n { answer = 42; another = 43; }"
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
	return connect(t, clientOptions{pull: true, options: Options{
		Worker: []string{exe, "eval-worker"}, NixPath: []string{"nixpkgs=" + slowNixpkgs(t)},
	}})
}

// Who types on while the packages are loaded, and cancels with each key what the one
// before asked for, has their names in the end, and the names that need no evaluation
// all the time.
func TestTypingWhileLoading(t *testing.T) {
	c := connectSlow(t)
	u := c.open("a.nix", "{ pkgs }: let anything = 1; in with pkgs; [ an ]")
	for start := time.Now(); ; {
		c.edit(u, span(0, 0, 0, 0), " ")
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Millisecond)
		result, err := c.Completion(ctx, &protocol.CompletionParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: c.docID(u), Position: pos(0, uint32(c.versions[u])-1+46),
		}})
		cancel()
		if err == nil {
			list := result.(*protocol.CompletionList)
			has := func(name string) bool {
				return slices.ContainsFunc(list.Items, func(i protocol.CompletionItem) bool { return i.Label == name })
			}
			if !has("anything") {
				t.Fatalf("lacks the local name: %+v", list.Items)
			}
			if has("answer") && has("another") && !list.IsIncomplete {
				return
			}
		}
		if time.Since(start) > time.Minute {
			t.Fatal("there are never names of packages")
		}
	}
}

// The same for hovers: the definition is shown, and in the end the value.
func TestHoverWhileLoading(t *testing.T) {
	c := connectSlow(t)
	u := c.open("a.nix", "{ pkgs }: { x = pkgs.answer; }")
	for start := time.Now(); ; {
		c.edit(u, span(0, 0, 0, 0), " ")
		hover, err := c.Hover(context.Background(), &protocol.HoverParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: c.docID(u), Position: pos(0, uint32(c.versions[u])-1+12),
		}})
		if err != nil || hover == nil {
			t.Fatalf("%v, %v", hover, err)
		}
		text := hover.Contents.(*protocol.MarkupContent).Value
		if !strings.Contains(text, "x = pkgs.answer") {
			t.Fatalf("lacks the definition: %s", text)
		}
		if strings.Contains(text, "42") {
			return
		}
		if time.Since(start) > time.Minute {
			t.Fatal("there is never a value")
		}
	}
}
