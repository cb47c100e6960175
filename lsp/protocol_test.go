package lsp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

func TestLifecycle(t *testing.T) {
	c := connect(t, clientOptions{})
	if c.init.ServerInfo.Name != "gonix" || c.init.Capabilities.PositionEncoding != protocol.PositionEncodingKindUTF16 {
		t.Errorf("unexpected greeting: %+v", c.init)
	}
	u := c.open("a.nix", "{ a = ; }")
	if got := c.waitDiagnostics(u); len(got) != 1 || got[0].Severity != protocol.DiagnosticSeverityError {
		t.Errorf("diagnostics of a broken file: %+v", got)
	}
	c.edit(u, span(0, 6, 0, 6), "1")
	if got := c.waitDiagnostics(u); len(got) != 0 {
		t.Errorf("diagnostics of the mended file: %+v", got)
	}
	if _, err := c.Initialize(context.Background(), &protocol.InitializeParams{}); err == nil {
		t.Error("a second initialize is answered")
	}
	if err := c.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Hover(context.Background(), &protocol.HoverParams{}); err == nil {
		t.Error("a request after shutdown is answered")
	}
}

func TestEncodings(t *testing.T) {
	tests := []struct {
		offer []protocol.PositionEncodingKind
		want  protocol.PositionEncodingKind
		col   uint32 // of the error in `"é😀" }`
	}{
		{nil, "utf-16", 6},
		{[]protocol.PositionEncodingKind{"utf-16", "utf-8"}, "utf-8", 9},
		{[]protocol.PositionEncodingKind{"utf-32"}, "utf-32", 5},
		{[]protocol.PositionEncodingKind{"utf-32", "utf-16"}, "utf-16", 6},
	}
	for _, tt := range tests {
		c := connect(t, clientOptions{encoding: tt.offer})
		if got := c.init.Capabilities.PositionEncoding; got != tt.want {
			t.Errorf("offered %v: %v, want %v", tt.offer, got, tt.want)
		}
		u := c.open("a.nix", "\"é😀\" }")
		if got := c.waitDiagnostics(u); len(got) == 0 || got[0].Range.Start.Character != tt.col {
			t.Errorf("%v: error at %+v, want column %d", tt.want, got, tt.col)
		}
	}
}

func TestPullDiagnostics(t *testing.T) {
	c := connect(t, clientOptions{pull: true})
	c.write("other.nix", "{ x = }")
	u := c.open("a.nix", "[ 1")
	ctx := context.Background()
	full, err := c.Diagnostic(ctx, &protocol.DocumentDiagnosticParams{TextDocument: c.docID(u)})
	if err != nil {
		t.Fatal(err)
	}
	report := full.(*protocol.RelatedFullDocumentDiagnosticReport)
	if len(report.Items) != 1 {
		t.Fatalf("got %+v", report)
	}
	again, err := c.Diagnostic(ctx, &protocol.DocumentDiagnosticParams{TextDocument: c.docID(u), PreviousResultID: report.ResultID})
	if _, ok := again.(*protocol.RelatedUnchangedDocumentDiagnosticReport); !ok {
		t.Errorf("second report: %T, %v", again, err)
	}
	all, err := c.DiagnosticWorkspace(ctx, &protocol.WorkspaceDiagnosticParams{PreviousResultIds: []protocol.PreviousResultId{{URI: u, Value: *report.ResultID}}})
	if err != nil || len(all.Items) != 2 {
		t.Fatalf("workspace: %+v, %v", all, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pushed) != 0 {
		t.Error("diagnostics were pushed to a client that pulls")
	}
}

func TestConfiguration(t *testing.T) {
	c := connect(t, clientOptions{settings: `{"diagnostics":{"enable":false}}`})
	u := c.open("a.nix", "{ a = ; }")
	// The settings come when they come: their arrival pushes again.
	for len(c.waitDiagnostics(u)) > 0 {
		time.Sleep(5 * time.Millisecond)
	}
	c.mu.Lock()
	c.settings = `{"diagnostics":{"severity":{"syntax-error":"hint"}}}`
	c.mu.Unlock()
	if err := c.DidChangeConfiguration(context.Background(), &protocol.DidChangeConfigurationParams{Settings: protocol.LSPAny("null")}); err != nil {
		t.Fatal(err)
	}
	for {
		if got := c.waitDiagnostics(u); len(got) == 1 && got[0].Severity == protocol.DiagnosticSeverityHint {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestTrace(t *testing.T) {
	c := connect(t, clientOptions{pull: true})
	u := c.open("a.nix", "{ }")
	ctx := context.Background()
	c.SetTrace(ctx, &protocol.SetTraceParams{Value: protocol.TraceValueMessages})
	if _, err := c.Diagnostic(ctx, &protocol.DocumentDiagnosticParams{TextDocument: c.docID(u)}); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.trace) == 0 {
		c.changed.Wait()
	}
	if !strings.Contains(c.trace[0], "textDocument/diagnostic took") {
		t.Errorf("trace: %q", c.trace)
	}
}

// raw is a client that writes bytes.
type raw struct {
	t    *testing.T
	conn interface {
		io.ReadWriteCloser
		SetReadDeadline(time.Time) error
	}
	in   *bufio.Reader
	done chan error
}

func connectRaw(t *testing.T) *raw {
	here, there := net.Pipe()
	r := &raw{t: t, conn: here, in: bufio.NewReader(here), done: make(chan error, 1)}
	go func() { r.done <- Serve(context.Background(), there, Options{}) }()
	t.Cleanup(func() { here.Close() })
	return r
}

func (r *raw) send(body string) {
	fmt.Fprintf(r.conn, "Content-Length: %d\r\n\r\n%s", len(body), body)
}

// recv reads one message and returns its members.
func (r *raw) recv() map[string]json.RawMessage {
	r.t.Helper()
	r.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	n := 0
	for {
		line, err := r.in.ReadString('\n')
		if err != nil {
			r.t.Fatal(err)
		}
		if line == "\r\n" {
			break
		}
		fmt.Sscanf(line, "Content-Length: %d", &n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r.in, body); err != nil {
		r.t.Fatal(err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		r.t.Fatalf("%v in %s", err, body)
	}
	return m
}

// Nothing a client sends ends the session, short of closing it.
func TestMalformedMessages(t *testing.T) {
	r := connectRaw(t)
	go func() {
		for _, rubbish := range []string{
			"", "{", "nonsense", "5", "[]", "{}", `{"jsonrpc":"2.0"}`, `{"jsonrpc":"2.0","id":7}`,
			`{"jsonrpc":"2.0","method":5,"id":7}`, `{"jsonrpc":"1.0","method":"initialize","id":1}`,
			`{"jsonrpc":"2.0","method":"initialize","id":{}}`, `[1,2]`, "\xff\xfe",
			`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{}}}`,
			`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":7}`,
			`{"jsonrpc":"2.0","method":"no/such","id":8}`,
			`{"jsonrpc":"2.0","id":99,"result":null}`,
			strings.Repeat("[", 20000),
		} {
			r.send(rubbish)
		}
		io.WriteString(r.conn, "Content-Length: -5\r\n\r\n")
		io.WriteString(r.conn, "Content-Length: many\r\n\r\n")
		io.WriteString(r.conn, "no header at all\r\n")
		io.WriteString(r.conn, strings.Repeat("x", 100_000)+"\r\n\r\n")
		r.send(`{"jsonrpc":"2.0","method":"initialize","id":1000,"params":{"capabilities":{},"processId":null,"rootUri":null}}`)
		r.send(`{"jsonrpc":"2.0","method":"initialized","params":{}}`)
		r.send(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":7}}`)
		r.send(`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///none","version":3},"contentChanges":[]}}`)
		r.send(`{"jsonrpc":"2.0","method":"textDocument/hover","id":1001,"params":{"textDocument":{"uri":"file:///none"},"position":{"line":-1,"character":1e99}}}`)
		r.send(`{"jsonrpc":"2.0","method":"textDocument/hover","id":1002,"params":{"textDocument":{"uri":":::"},"position":{"line":1,"character":1}}}`)
		r.send(`{"jsonrpc":"2.0","method":"shutdown","id":1003}`)
		r.send(`{"jsonrpc":"2.0","method":"exit"}`)
	}()
	for {
		m := r.recv()
		switch string(m["id"]) {
		case "1000":
			if m["result"] == nil {
				t.Fatalf("initialize failed: %s", m["error"])
			}
		case "1001", "1002":
			if m["error"] == nil {
				t.Errorf("bad request %s was answered with %s", m["id"], m["result"])
			}
		case "1003":
			if err := <-r.done; err != nil {
				t.Errorf("after shutdown and exit: %v", err)
			}
			return
		}
	}
}

func TestClientGoesAway(t *testing.T) {
	r := connectRaw(t)
	r.conn.Close()
	select {
	case err := <-r.done:
		if !errors.Is(err, ErrAborted) {
			t.Errorf("got %v, want %v", err, ErrAborted)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the server stays")
	}
}

// A request that waits behind others is answered as soon as it is cancelled.
func TestCancel(t *testing.T) {
	s := &Server{opts: Options{Log: io.Discard}, slots: make(chan struct{}, 1), exited: make(chan struct{})}
	s.view.Store(&view{})
	s.state.Store(stateRunning)
	s.slots <- struct{}{} // somebody computes, forever
	here, there := net.Pipe()
	server := jsonrpc2.NewConn(jsonrpc2.NewHeaderStream(there), jsonrpc2.WithCodec(codec{}))
	server.Go(context.Background(), s.handle)
	_, conn, client := protocol.NewClient(context.Background(), protocol.UnimplementedClient{}, jsonrpc2.NewHeaderStream(here))
	ctx, cancel := context.WithCancel(context.Background())
	answered := make(chan error)
	go func() {
		_, err := client.Hover(ctx, &protocol.HoverParams{})
		answered <- err
	}()
	time.Sleep(10 * time.Millisecond)
	cancel()
	if err := <-answered; err == nil {
		t.Error("a cancelled request was answered")
	}
	// The server lets go of it, too.
	for {
		s.calls.mu.Lock()
		n := len(s.calls.pending)
		s.calls.mu.Unlock()
		if n == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	here.Close()
	<-conn.Done()
}

// Diagnostics of a large text that are pulled while somebody types come when typing
// pauses, and not at all when they are cancelled.
func TestPullWaitsForPause(t *testing.T) {
	text := "{ a = b; }\n" + strings.Repeat("# long\n", atOnce/6)
	for _, tt := range []struct {
		delay  int
		cancel bool
	}{{1, false}, {600_000, true}} {
		c := connect(t, clientOptions{pull: true, settings: fmt.Sprintf(`{"eval":{"enable":false},"diagnostics":{"delayMs":%d}}`, tt.delay)})
		u := c.open("a.nix", text)
		c.edit(u, span(0, 0, 0, 0), " ")
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if tt.cancel {
			time.AfterFunc(10*time.Millisecond, cancel)
		}
		report, err := c.Diagnostic(ctx, &protocol.DocumentDiagnosticParams{TextDocument: c.docID(u)})
		if tt.cancel {
			if err == nil {
				t.Error("a cancelled request is answered")
			}
			continue
		}
		full, ok := report.(*protocol.RelatedFullDocumentDiagnosticReport)
		if err != nil || !ok || len(full.Items) != 1 {
			t.Errorf("got %v, %v", report, err)
		}
	}
}
