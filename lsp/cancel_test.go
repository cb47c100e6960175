package lsp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/config"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/shape"
)

// countdown is a context that is cancelled the moment it has been asked for the n-th
// time whether it is.
type countdown struct {
	context.Context
	left   int
	cancel context.CancelFunc
	then   func()
}

func newCountdown(ctx context.Context, n int, then func()) *countdown {
	ctx, cancel := context.WithCancel(ctx)
	return &countdown{ctx, n, cancel, then}
}

func (c *countdown) Err() error {
	if c.left--; c.left == 0 {
		c.then()
		c.cancel()
	}
	return c.Context.Err()
}

// Whenever a request that goes through the workspace is cancelled, it reads no other
// file, and fails.
func TestCancelledWalks(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const files = 20
	write("root.nix", "{ value = 1; }")
	for i := range files {
		write(fmt.Sprintf("m%02d.nix", i), "let root = import ./root.nix; in { a = root.value; b = ./root.nix; }")
	}
	root := uri.File(filepath.Join(dir, "root.nix"))
	at := protocol.TextDocumentPositionParams{TextDocument: protocol.TextDocumentIdentifier{URI: root}, Position: pos(0, 3)}
	requests := map[string]func(s *Server, ctx context.Context) error{
		"references": func(s *Server, ctx context.Context) error {
			_, err := s.References(ctx, &protocol.ReferenceParams{TextDocumentPositionParams: at})
			return err
		},
		"rename": func(s *Server, ctx context.Context) error {
			_, err := s.Rename(ctx, &protocol.RenameParams{TextDocumentPositionParams: at, NewName: "other"})
			return err
		},
		"symbols": func(s *Server, ctx context.Context) error {
			_, err := s.Symbols(ctx, &protocol.WorkspaceSymbolParams{Query: "value"})
			return err
		},
		"diagnostics": func(s *Server, ctx context.Context) error {
			_, err := s.DiagnosticWorkspace(ctx, &protocol.WorkspaceDiagnosticParams{})
			return err
		},
		"moved file": func(s *Server, ctx context.Context) error {
			_, err := s.WillRenameFiles(ctx, &protocol.RenameFilesParams{Files: []protocol.FileRename{{OldURI: string(root), NewURI: string(root) + "x"}}})
			return err
		},
		"incoming calls": func(s *Server, ctx context.Context) error {
			item := protocol.CallHierarchyItem{URI: root, Data: protocol.LSPAny(`{"offset":2}`)}
			_, err := s.IncomingCalls(ctx, &protocol.CallHierarchyIncomingCallsParams{Item: item})
			return err
		},
	}
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			var most uint64
			for n := 1; ; n++ {
				s := &Server{base: context.Background()}
				s.view.Store(&view{folders: []folder{{path: dir}}, config: config.Default(), enc: document.UTF16})
				var before uint64
				ctx := newCountdown(context.Background(), n, func() { before = s.disk.clock })
				err := request(s, ctx)
				after := s.disk.clock
				most = max(most, after)
				if ctx.left > 0 {
					if err != nil {
						t.Errorf("not cancelled: %v", err)
					}
					break // it asks less often
				}
				if after > before {
					t.Fatalf("cancelled when it asked for the %d-th time, after %d files: %d files more are read", n, before, after-before)
				}
				if err == nil {
					t.Errorf("cancelled when it asked for the %d-th time: it succeeds", n)
				}
			}
			if most < files {
				t.Errorf("%d files were read in all", most)
			}
		})
	}
}

// Within one file, a walk stops at the next mention.
func TestCancelledMentions(t *testing.T) {
	d, err := document.New(uri.File("/a.nix"), 0, "x: [ "+strings.Repeat("x ", 100)+"]", document.UTF16)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	world := shape.World{Stop: func() bool { return seen == 10 }}
	world.Mentions(unitOf.Of(d), "x", func(*shape.Mention) { seen++ })
	if seen != 10 {
		t.Errorf("saw %d mentions", seen)
	}
}

// Wherever the check of a text is given up, nothing half done is left behind.
func TestCancelledCheck(t *testing.T) {
	text := "{ lib, unused }:\nlet a = undefined; in {\n" + strings.Repeat("  b.c = [ (a) ./nowhere ];\n  d = ''${a} '' + \"x\"; # gonix-ignore\n", 2000) + "}\n"
	check := func(ctx context.Context, d *document.Snapshot) string {
		s := newServer(context.Background(), Options{})
		s.view.Store(&view{config: config.Default(), enc: document.UTF16})
		data, err := protocol.Marshal(s.diagnostics(ctx, d.For(ctx)))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	fresh := func() *document.Snapshot {
		d, err := document.New(uri.File("/nowhere/a.nix"), 0, text, document.UTF16)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	want := check(context.Background(), fresh())
	d := fresh()
	asked := 0
	for n := 1; ; n += 1 + n/8 {
		ctx := newCountdown(context.Background(), n, func() {})
		got := check(ctx, d)
		if ctx.left > 0 {
			if got != want {
				t.Errorf("after all that was given up:\n got %s\nwant %s", got, want)
			}
			break
		}
		asked = n
	}
	if asked < 20 {
		t.Errorf("it asks %d times whether to go on", asked)
	}
}

// A key ends the check that is under way, and the answer is about the text as it is
// then.
func TestCheckGivesWay(t *testing.T) {
	c := connect(t, clientOptions{pull: true, settings: `{"eval":{"enable":false}}`})
	u := c.open("a.nix", "{ x = 1;\n"+strings.Repeat("  y.z = 2;\n", 7_000)+"}")
	c.edit(u, span(0, 0, 0, 0), " ")
	answered := make(chan string)
	go func() {
		report, err := c.Diagnostic(context.Background(), &protocol.DocumentDiagnosticParams{TextDocument: c.docID(u)})
		data, _ := protocol.Marshal(report)
		answered <- fmt.Sprint(string(data), err)
	}()
	c.edit(u, span(0, 0, 0, 0), "missing ")
	if got := <-answered; !strings.Contains(got, "undefined variable 'missing'") {
		t.Errorf("the answer is about an older text: %.300s", got)
	}
}
