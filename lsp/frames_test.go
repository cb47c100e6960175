package lsp

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func frame(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }

// Whatever bytes come in, the server neither panics nor hangs, and ends when they
// do.
func FuzzFrames(f *testing.F) {
	hello := frame(`{"jsonrpc":"2.0","method":"initialize","id":1,"params":{"capabilities":{},"processId":null,"rootUri":null}}`)
	open := frame(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.nix","languageId":"nix","version":1,"text":"{ a = 1; }"}}}`)
	for _, s := range []string{
		"", "\r\n\r\n", "Content-Length: 0\r\n\r\n", "Content-Length: 99999999999999999999\r\n\r\n", "Content-Length: 5\r\n\r\n12",
		"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}", frame("null"), frame("[1,2]"), frame("\xff"),
		hello, hello + hello, open + hello, hello + frame(`{"jsonrpc":"2.0","method":"shutdown","id":2}`) + open,
		hello + open + frame(`{"jsonrpc":"2.0","method":"textDocument/hover","id":3,"params":{"textDocument":{"uri":"file:///a.nix"},"position":{"line":4294967295,"character":4294967295}}}`),
		hello + open + frame(`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///a.nix","version":-1},"contentChanges":[{"range":{"start":{"line":9,"character":9},"end":{"line":0,"character":0}},"text":"\ud800"}]}}`),
		hello + frame(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":null}}`) + frame(`{"jsonrpc":"2.0","id":"x","method":"workspace/symbol","params":{"query":"\u0000"}}`),
		hello + frame(`{"jsonrpc":"2.0","method":"exit"}`) + open,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		here, there := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- Serve(context.Background(), there, Options{}) }()
		go io.Copy(io.Discard, here)
		here.SetWriteDeadline(time.Now().Add(time.Minute))
		here.Write(data)
		here.Close()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatal("the server does not end")
		}
	})
}

// A frame that is too large ends the connection rather than the memory.
func TestHugeFrame(t *testing.T) {
	g := newFrameGuard(struct {
		io.Reader
		io.WriteCloser
	}{strings.NewReader(fmt.Sprintf("Content-Length: %d\r\n\r\n{", maxFrame+1)), nil})
	if _, err := g.Read(make([]byte, 10)); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}
