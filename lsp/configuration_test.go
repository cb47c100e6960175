package lsp

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// Each folder of a workspace has its own settings, from the moment it is added, and
// changes of them take effect without a restart.
func TestSettingsOfFolders(t *testing.T) {
	c := connect(t, clientOptions{settings: `{"diagnostics":{"severity":{"unused-let":"error"}}}`})
	second := t.TempDir()
	c.mu.Lock()
	c.scoped = map[uri.URI]string{uri.File(second): `{"diagnostics":{"severity":{"unused-let":"hint"}}}`}
	c.mu.Unlock()
	ctx := context.Background()
	const text = "let a = 1; in 2"
	here := c.open("a.nix", text)
	c.dir = second
	there := c.open("b.nix", text)
	severity := func(u uri.URI, want protocol.DiagnosticSeverity) {
		t.Helper()
		c.waitFor("the severity of a setting", func() bool {
			got := c.waitDiagnostics(u)
			return len(got) == 1 && got[0].Severity == want
		})
	}
	severity(here, protocol.DiagnosticSeverityError)
	severity(there, protocol.DiagnosticSeverityError) // of no folder: in general

	added := protocol.WorkspaceFolder{URI: uri.File(second), Name: filepath.Base(second)}
	if err := c.DidChangeWorkspaceFolders(ctx, &protocol.DidChangeWorkspaceFoldersParams{Event: protocol.WorkspaceFoldersChangeEvent{Added: []protocol.WorkspaceFolder{added}}}); err != nil {
		t.Fatal(err)
	}
	severity(there, protocol.DiagnosticSeverityHint)
	severity(here, protocol.DiagnosticSeverityError)

	c.mu.Lock()
	c.settings, c.scoped[uri.File(second)] = `{"diagnostics":{"severity":{"unused-let":"information"}}}`, `{}`
	c.mu.Unlock()
	if err := c.DidChangeConfiguration(ctx, &protocol.DidChangeConfigurationParams{Settings: protocol.LSPAny("null")}); err != nil {
		t.Fatal(err)
	}
	severity(here, protocol.DiagnosticSeverityInformation)
	severity(there, protocol.DiagnosticSeverityWarning) // the default

	if err := c.DidChangeWorkspaceFolders(ctx, &protocol.DidChangeWorkspaceFoldersParams{Event: protocol.WorkspaceFoldersChangeEvent{Removed: []protocol.WorkspaceFolder{added}}}); err != nil {
		t.Fatal(err)
	}
	severity(there, protocol.DiagnosticSeverityInformation)
}

// A change of a setting that evaluation depends on is seen by what is evaluated next.
func TestSettingsOfEvaluation(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	c := connect(t, clientOptions{pull: true, settings: `{"eval":{"nixPath":["nixpkgs=` + one + `"]}}`, options: realOptions()})
	for i, dir := range []string{one, two} {
		c.dir = dir
		c.write("default.nix", []string{"{ }: { answer = 111; }", "{ }: { answer = 222; }"}[i])
	}
	c.dir = t.TempDir()
	u := c.open("a.nix", "{ pkgs }: pkgs.answer")
	shows := func(want string) {
		t.Helper()
		c.waitFor("the value "+want, func() bool {
			hover, err := c.Hover(context.Background(), &protocol.HoverParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
				TextDocument: c.docID(u), Position: pos(0, 17),
			}})
			if err != nil {
				t.Fatal(err)
			}
			return hover != nil && strings.Contains(hover.Contents.(*protocol.MarkupContent).Value, want)
		})
	}
	change := func(settings string) {
		t.Helper()
		c.mu.Lock()
		c.settings = settings
		c.mu.Unlock()
		if err := c.DidChangeConfiguration(context.Background(), &protocol.DidChangeConfigurationParams{Settings: protocol.LSPAny("null")}); err != nil {
			t.Fatal(err)
		}
	}
	shows("111")
	change(`{"eval":{"nixPath":["nixpkgs=` + two + `"]}}`)
	shows("222")
	change(`{"eval":{"enable":false}}`)
	c.waitFor("no value", func() bool {
		hover, err := c.Hover(context.Background(), &protocol.HoverParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: c.docID(u), Position: pos(0, 17),
		}})
		return err == nil && (hover == nil || !strings.Contains(hover.Contents.(*protocol.MarkupContent).Value, "222"))
	})
}

// Folders that mean other packages are evaluated beside each other.
func TestFoldersWithOtherPackages(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	c := connect(t, clientOptions{dir: first, pull: true, options: realOptions()})
	c.mu.Lock()
	c.scoped = map[uri.URI]string{}
	for i, dir := range []string{first, second} {
		c.dir = dir
		c.write("packages/default.nix", []string{"{ }: { answer = 111; }", "{ }: { answer = 222; }"}[i])
		c.scoped[uri.File(dir)] = `{"eval":{"nixPath":["nixpkgs=` + dir + `/packages"]}}`
	}
	c.mu.Unlock()
	added := protocol.WorkspaceFolder{URI: uri.File(second), Name: "second"}
	ctx := context.Background()
	if err := c.DidChangeWorkspaceFolders(ctx, &protocol.DidChangeWorkspaceFoldersParams{Event: protocol.WorkspaceFoldersChangeEvent{Added: []protocol.WorkspaceFolder{added}}}); err != nil {
		t.Fatal(err)
	}
	var open [2]uri.URI
	for i, dir := range []string{first, second} {
		c.dir = dir
		open[i] = c.open("a.nix", "{ pkgs }: pkgs.answer")
	}
	for range 3 {
		for i, want := range []string{"111", "222"} {
			c.waitFor("the value "+want, func() bool {
				hover, err := c.Hover(ctx, &protocol.HoverParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
					TextDocument: c.docID(open[i]), Position: pos(0, 17),
				}})
				if err != nil {
					t.Fatal(err)
				}
				return hover != nil && strings.Contains(hover.Contents.(*protocol.MarkupContent).Value, want)
			})
		}
	}
}
