package lsp

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"go.lsp.dev/protocol"
)

// An option that is declared in an editor only is known once typing pauses, and
// half a word that is typed on does not take the others away.
func TestOptionsOfUnsavedTexts(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/options.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := connect(t, clientOptions{dir: dir, options: realOptions("nixpkgs=" + filepath.Join(dir, "nixpkgs"))})
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "nixpkgs/") {
			c.write(f.Name, string(f.Data))
		}
	}
	const declare = "{ lib, ... }: { options.mine.own = lib.mkOption { }; }\n"
	c.write("declare.nix", "{ }\n")
	text := "{\n  imports = [ ./declare.nix ];\n  mine.o = 1;\n}\n"
	c.write("configuration.nix", text)
	decl := c.open("declare.nix", "{ }\n")
	conf := c.open("configuration.nix", text)
	labels := func() (out []string) {
		r, err := c.Completion(context.Background(), &protocol.CompletionParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: c.docID(conf), Position: pos(2, 8),
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range r.(*protocol.CompletionList).Items {
			out = append(out, item.Label)
		}
		return out
	}
	if got := labels(); len(got) != 0 {
		t.Errorf("options before there are any: %q", got)
	}
	c.edit(decl, span(0, 0, 1, 0), declare)
	known := func() bool {
		got := labels()
		return len(got) == 1 && got[0] == "own"
	}
	for deadline := time.Now().Add(time.Minute); !known(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the option is not known")
		}
	}
	c.edit(decl, span(0, 0, 0, 1), "{{")
	if !known() {
		t.Error("the option is not known any more")
	}
	if data, err := os.ReadFile(filepath.Join(dir, "declare.nix")); err != nil || string(data) != "{ }\n" {
		t.Errorf("the file on disk is %q, %v", data, err)
	}
}
