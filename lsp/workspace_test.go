package lsp

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

func names(t *testing.T, c *client, query string) string {
	t.Helper()
	found, err := c.Symbols(context.Background(), &protocol.WorkspaceSymbolParams{Query: query})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range found.(protocol.SymbolInformationSlice) {
		out = append(out, s.Name)
	}
	return strings.Join(out, " ")
}

// Roots come and go; what is in several of them is there once.
func TestWorkspaceFolders(t *testing.T) {
	c := connect(t, clientOptions{settings: `{"eval":{"enable":false}}`})
	other := t.TempDir()
	c.write("a.nix", "{ nearby = 1; }")
	c.write("deep/b.nix", "{ nearby2 = 1; }")
	c.write(".hidden/c.nix", "{ nearby3 = 1; }")
	(&client{t: t, dir: other}).write("d.nix", "{ nearby4 = 1; }")
	change := func(event protocol.WorkspaceFoldersChangeEvent) {
		t.Helper()
		if err := c.DidChangeWorkspaceFolders(context.Background(), &protocol.DidChangeWorkspaceFoldersParams{Event: event}); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, c, "nearby"); got != "nearby nearby2" {
		t.Errorf("one root: %q", got)
	}
	folders := []protocol.WorkspaceFolder{
		{URI: uri.File(other), Name: "other"}, {URI: uri.File(filepath.Join(c.dir, "deep")), Name: "inner"},
	}
	change(protocol.WorkspaceFoldersChangeEvent{Added: folders})
	if got := names(t, c, "nearby"); got != "nearby nearby2 nearby4" {
		t.Errorf("three roots: %q", got)
	}
	change(protocol.WorkspaceFoldersChangeEvent{Removed: []protocol.WorkspaceFolder{{URI: uri.File(c.dir)}, folders[0]}})
	if got := names(t, c, "nearby"); got != "nearby2" {
		t.Errorf("the inner root: %q", got)
	}
}

// What other files say is looked at again when the editor tells that they changed.
func TestWatchedFiles(t *testing.T) {
	c := connect(t, clientOptions{settings: `{"eval":{"enable":false}}`})
	u := c.open("a.nix", "import ./b.nix")
	codes := func() string {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.pushed[u] == nil {
			return "none"
		}
		var out []string
		for _, d := range c.pushed[u].Diagnostics {
			out = append(out, fmt.Sprint(d.Code))
		}
		return strings.Join(out, " ")
	}
	c.waitFor("a path that is not there", func() bool { return codes() == "path-not-found" })
	c.write("b.nix", "1")
	if err := c.DidChangeWatchedFiles(context.Background(), &protocol.DidChangeWatchedFilesParams{
		Changes: []protocol.FileEvent{{URI: c.uri("b.nix"), Type: protocol.FileChangeTypeCreated}},
	}); err != nil {
		t.Fatal(err)
	}
	c.waitFor("the path to be there", func() bool { return codes() == "" })
}

// Work on the whole workspace shows its progress under the token of the request.
func TestProgress(t *testing.T) {
	c := connect(t, clientOptions{pull: true, settings: `{"eval":{"enable":false}}`})
	c.write("a.nix", "{ }")
	_, err := c.DiagnosticWorkspace(context.Background(), &protocol.WorkspaceDiagnosticParams{
		WorkDoneProgressParams: protocol.WorkDoneProgressParams{WorkDoneToken: protocol.String("mine")},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.waitFor("begin and end", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		all := strings.Join(c.progress, "\n")
		return strings.Contains(all, `mine {"kind":"begin"`) && strings.Contains(all, `mine {"kind":"end"`)
	})
}

// Settings that make no sense are reported, and change nothing.
func TestSettingsThatMakeNoSense(t *testing.T) {
	c := connect(t, clientOptions{settings: `{"eval":{"timeLimitMs":-1,"enable":false},"diagnostics":{"enable":false}}`})
	c.waitFor("a message", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return strings.Contains(strings.Join(c.messages, "\n"), "eval.timeLimitMs: -1 is less than 1")
	})
	if got := c.waitDiagnostics(c.open("a.nix", "{ a = ; }")); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
}

// What the server registers for is what it announces nowhere else.
func TestRegistration(t *testing.T) {
	s := &Server{}
	if got := s.registrations(); len(got) != 0 {
		t.Errorf("a client that cannot is asked for %+v", got)
	}
	s.caps.registerConfiguration, s.caps.registerWatchedFiles = true, true
	var methods []string
	for _, r := range s.registrations() {
		methods = append(methods, r.Method)
	}
	if got := strings.Join(methods, " "); got != "workspace/didChangeWatchedFiles workspace/didChangeConfiguration" {
		t.Errorf("registered: %s", got)
	}
}

// Texts that are no UTF-8 get positions all the same, each stray byte a character.
func TestInvalidUTF8(t *testing.T) {
	for enc, want := range map[protocol.PositionEncodingKind]uint32{"utf-8": 9, "utf-16": 7, "utf-32": 6} {
		c := connect(t, clientOptions{encoding: []protocol.PositionEncodingKind{enc}, settings: `{"eval":{"enable":false}}`})
		c.write("bad.nix", "\"\xff\xc3😀\" }")
		all, err := c.Diagnostic(context.Background(), &protocol.DocumentDiagnosticParams{TextDocument: c.docID(c.uri("bad.nix"))})
		if err != nil {
			t.Fatal(err)
		}
		items := all.(*protocol.RelatedFullDocumentDiagnosticReport).Items
		if len(items) != 1 || items[0].Range.Start.Character != want {
			t.Errorf("%s: %+v, want an error at %d", enc, items, want)
		}
	}
}
