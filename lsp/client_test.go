package lsp

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// client is an editor: it keeps what the server told it.
type client struct {
	protocol.UnimplementedClient
	protocol.Server // typed calls to the server

	t    testing.TB
	dir  string
	conn jsonrpc2.Conn
	init *protocol.InitializeResult
	done chan error

	mu       sync.Mutex
	changed  *sync.Cond
	pushed   map[uri.URI]*protocol.PublishDiagnosticsParams
	settings string
	scoped   map[uri.URI]string // settings of folders
	progress []string
	versions map[uri.URI]int32
	trace    []string
	messages []string
	applied  []protocol.ApplyWorkspaceEditParams
}

type clientOptions struct {
	dir      string
	settings string
	pull     bool
	encoding []protocol.PositionEncodingKind
	defaults bool // the client knows defaults of completion items
	resolve  bool // the client asks for the edits of code actions
	options  Options
}

// connect starts a server and an editor that talks to it.
func connect(t testing.TB, o clientOptions) *client {
	t.Helper()
	if o.dir == "" {
		o.dir = t.TempDir()
	}
	here, there := net.Pipe()
	c := &client{
		t: t, dir: o.dir, settings: o.settings, done: make(chan error, 1),
		pushed: map[uri.URI]*protocol.PublishDiagnosticsParams{}, versions: map[uri.URI]int32{},
	}
	c.changed = sync.NewCond(&c.mu)
	if o.options.Version == "" {
		o.options.Version = "test"
	}
	if o.options.Log == nil {
		o.options.Log = testLog{t}
	}
	go func() { c.done <- Serve(context.Background(), there, o.options) }()
	c.conn = jsonrpc2.NewConn(jsonrpc2.NewHeaderStream(here), jsonrpc2.WithCodec(codec{}))
	handle := protocol.ClientHandler(c, jsonrpc2.MethodNotFoundHandler)
	beside := protocol.Handlers(handle)
	c.conn.Go(context.Background(), func(ctx context.Context, req *jsonrpc2.Request) (any, error) {
		if req.Method() == protocol.MethodTextDocumentPublishDiagnostics {
			return handle(ctx, req) // in order: the last is what counts
		}
		return beside(ctx, req)
	})
	c.Server = protocol.ServerDispatcher(c.conn)
	yes := ref(true)
	caps := protocol.ClientCapabilities{
		General: &protocol.GeneralClientCapabilities{PositionEncodings: o.encoding},
		Window:  &protocol.WindowClientCapabilities{WorkDoneProgress: yes},
		Workspace: &protocol.WorkspaceClientCapabilities{
			Configuration: yes,
			WorkspaceEdit: &protocol.WorkspaceEditClientCapabilities{
				DocumentChanges:    yes,
				ResourceOperations: []protocol.ResourceOperationKind{protocol.ResourceOperationKindCreate},
			},
		},
		TextDocument: &protocol.TextDocumentClientCapabilities{
			Hover:              &protocol.HoverClientCapabilities{ContentFormat: []protocol.MarkupKind{protocol.MarkupKindMarkdown}},
			DocumentSymbol:     &protocol.DocumentSymbolClientCapabilities{HierarchicalDocumentSymbolSupport: yes},
			PublishDiagnostics: &protocol.PublishDiagnosticsClientCapabilities{DiagnosticsCapabilities: protocol.DiagnosticsCapabilities{RelatedInformation: yes}},
			Completion: &protocol.CompletionClientCapabilities{
				CompletionItem: &protocol.ClientCompletionItemOptions{SnippetSupport: yes},
			},
		},
	}
	if o.defaults {
		caps.TextDocument.Completion.CompletionList = &protocol.CompletionListCapabilities{ItemDefaults: []string{"data", "editRange"}}
	}
	if o.resolve {
		caps.TextDocument.CodeAction = &protocol.CodeActionClientCapabilities{
			DataSupport: yes, ResolveSupport: protocol.ClientCodeActionResolveOptions{Properties: []string{"edit"}},
		}
	}
	if o.pull {
		caps.TextDocument.Diagnostic = &protocol.DiagnosticClientCapabilities{}
	}
	params := &protocol.InitializeParams{Capabilities: caps, ProcessID: ref(int32(os.Getpid()))}
	if o.settings != "" {
		// Editors say them at once, too: what is asked for comes when it comes.
		params.InitializationOptions = protocol.LSPAny(o.settings)
	}
	params.WorkspaceFolders = protocol.NewNullable([]protocol.WorkspaceFolder{{URI: uri.File(o.dir), Name: "test"}})
	var err error
	if c.init, err = c.Initialize(context.Background(), params); err != nil {
		t.Fatal(err)
	}
	if err := c.Initialized(context.Background(), &protocol.InitializedParams{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Shutdown(context.Background())
		c.Exit(context.Background())
		select {
		case <-c.done:
		case <-time.After(30 * time.Second):
			t.Error("the server does not exit")
		}
		here.Close()
	})
	return c
}

type testLog struct{ testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	defer func() { recover() }() // the test may be over
	l.Logf("server: %s", p)
	return len(p), nil
}

// uri returns the URI of a file of the workspace.
func (c *client) uri(name string) uri.URI { return uri.File(filepath.Join(c.dir, name)) }

// write puts a file on disk.
func (c *client) write(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		c.t.Fatal(err)
	}
}

// open opens a text.
func (c *client) open(name, text string) uri.URI {
	c.t.Helper()
	u := c.uri(name)
	c.versions[u] = 1
	err := c.DidOpen(context.Background(), &protocol.DidOpenTextDocumentParams{TextDocument: protocol.TextDocumentItem{
		URI: u, LanguageID: "nix", Version: 1, Text: text,
	}})
	if err != nil {
		c.t.Fatal(err)
	}
	return u
}

// edit replaces a range of an open text.
func (c *client) edit(u uri.URI, r protocol.Range, text string) {
	c.t.Helper()
	c.versions[u]++
	err := c.DidChange(context.Background(), &protocol.DidChangeTextDocumentParams{
		TextDocument: protocol.VersionedTextDocumentIdentifier{
			TextDocumentIdentifier: protocol.TextDocumentIdentifier{URI: u}, Version: c.versions[u],
		},
		ContentChanges: []protocol.TextDocumentContentChangeEvent{&protocol.TextDocumentContentChangePartial{Range: r, Text: text}},
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// waitDiagnostics waits for the pushed diagnostics of the current version.
func (c *client) waitDiagnostics(u uri.URI) []protocol.Diagnostic {
	c.t.Helper()
	deadline := time.AfterFunc(30*time.Second, func() { c.changed.Broadcast() })
	defer deadline.Stop()
	start := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if p := c.pushed[u]; p != nil {
			if v, ok := p.Version.Get(); ok && v == c.versions[u] {
				return p.Diagnostics
			}
		}
		if time.Since(start) > 30*time.Second {
			c.t.Fatalf("no diagnostics for version %d of %s", c.versions[u], u)
		}
		c.changed.Wait()
	}
}

func (c *client) PublishDiagnostics(_ context.Context, p *protocol.PublishDiagnosticsParams) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pushed[p.URI] = p
	c.changed.Broadcast()
	return nil
}

func (c *client) Configuration(_ context.Context, p *protocol.ConfigurationParams) ([]protocol.LSPAny, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]protocol.LSPAny, len(p.Items))
	for i, item := range p.Items {
		text := c.settings
		if item.ScopeURI != nil && c.scoped[*item.ScopeURI] != "" {
			text = c.scoped[*item.ScopeURI]
		}
		if text == "" {
			text = "null"
		}
		out[i] = protocol.LSPAny(text)
	}
	return out, nil
}

func (c *client) WorkDoneProgressCreate(context.Context, *protocol.WorkDoneProgressCreateParams) error {
	return nil
}

func (c *client) Progress(_ context.Context, p *protocol.ProgressParams) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.progress = append(c.progress, fmt.Sprintf("%v %s", p.Token, p.Value))
	return nil
}

func (c *client) LogTrace(_ context.Context, p *protocol.LogTraceParams) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trace = append(c.trace, p.Message)
	c.changed.Broadcast()
	return nil
}

func (c *client) LogMessage(_ context.Context, p *protocol.LogMessageParams) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = append(c.messages, p.Message)
	return nil
}

// waitFor waits for a condition that the server brings about in its own time.
func (c *client) waitFor(what string, ok func() bool) {
	c.t.Helper()
	for start := time.Now(); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			c.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (c *client) RegisterCapability(context.Context, *protocol.RegistrationParams) error { return nil }

func (c *client) ApplyEdit(_ context.Context, p *protocol.ApplyWorkspaceEditParams) (*protocol.ApplyWorkspaceEditResult, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.applied = append(c.applied, *p)
	return &protocol.ApplyWorkspaceEditResult{Applied: true}, nil
}

func (c *client) docID(u uri.URI) protocol.TextDocumentIdentifier {
	return protocol.TextDocumentIdentifier{URI: u}
}

func pos(line, char uint32) protocol.Position { return protocol.Position{Line: line, Character: char} }

func span(l1, c1, l2, c2 uint32) protocol.Range {
	return protocol.Range{Start: pos(l1, c1), End: pos(l2, c2)}
}
