package lsp

import (
	"context"
	"os"
	"testing"
	"time"

	"go.lsp.dev/protocol"
)

// A file whose evaluation has no end, or no bounds, costs its values and nothing
// else: what needs no evaluation is answered meanwhile, and cancelling works.
func TestBombsInTheEditedFile(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"loop.nix":   "{ a = with builtins; foldl' (a: _: foldl' (a: _: a + 1) 0 (genList (x: x) 1000000)) 0 (genList (x: x) 1000000); b = 1; }",
		"memory.nix": "{ a = with builtins; stringLength (foldl' (s: _: s + s) \"0123456789\" (genList (x: x) 60)); b = 1; }",
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, clientOptions{
				pull: true, settings: `{"eval":{"memoryLimitMb":256,"timeLimitMs":60000}}`,
				options: Options{Worker: []string{exe, "eval-worker"}, Log: discard{}},
			})
			u := c.open(name, text)
			at := func(char uint32) protocol.TextDocumentPositionParams {
				return protocol.TextDocumentPositionParams{TextDocument: c.docID(u), Position: pos(0, char)}
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			slow := make(chan error, 2*requestSlots)
			for range cap(slow) { // more than compute at the same time
				go func() {
					_, err := c.Hover(ctx, &protocol.HoverParams{TextDocumentPositionParams: at(2)})
					slow <- err
				}()
			}
			for range 20 {
				if _, err := c.DocumentSymbol(context.Background(), &protocol.DocumentSymbolParams{TextDocument: c.docID(u)}); err != nil {
					t.Fatal(err)
				}
				c.edit(u, span(0, 0, 0, 0), " ")
			}
			cancel()
			for range cap(slow) {
				select {
				case <-slow:
				case <-time.After(time.Minute):
					t.Fatal("a cancelled request goes on")
				}
			}
			// And values of the rest of the file are there again.
			hover, err := c.Hover(context.Background(), &protocol.HoverParams{TextDocumentPositionParams: at(uint32(len(text) - 8 + 20))})
			if err != nil || hover == nil {
				t.Errorf("afterwards: %v, %v", hover, err)
			}
		})
	}
}
