package lsp

import (
	"context"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

// Edits that take long to know, or are large, are told when somebody wants them, and
// are what clients get at once that cannot ask.
func TestActionsAreResolved(t *testing.T) {
	text := "let\n  a = 1;\n  b = 2;\nin {\n  c = { x = 1; y = 2; " + strings.Repeat("z.z = 1; ", 1000) + "};\n}\n"
	actions := func(c *client) map[string]*protocol.CodeAction {
		u := c.open("a.nix", text)
		out := map[string]*protocol.CodeAction{}
		for _, r := range []protocol.Range{span(1, 2, 1, 2), span(4, 2, 4, 2)} {
			for _, only := range [][]protocol.CodeActionKind{nil, {"source.fixAll"}} {
				list, err := c.CodeAction(context.Background(), &protocol.CodeActionParams{
					TextDocument: c.docID(u), Range: r, Context: protocol.CodeActionContext{Only: only},
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range list {
					if a, ok := a.(*protocol.CodeAction); ok && a.Command.Command == "" {
						out[a.Title] = a
					}
				}
			}
		}
		return out
	}
	json := func(v any) string {
		data, err := protocol.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	dir := t.TempDir()
	settings := `{"eval":{"enable":false}}`
	atOnce := actions(connect(t, clientOptions{dir: dir, settings: settings}))
	c := connect(t, clientOptions{dir: dir, settings: settings, resolve: true})
	later := actions(c)
	if len(atOnce) != len(later) {
		t.Errorf("%d actions, and %d for a client that resolves them", len(atOnce), len(later))
	}
	resolved := 0
	for title, a := range later {
		if a.Edit == nil {
			resolved++
			var err error
			if a, err = c.CodeActionResolve(context.Background(), a); err != nil {
				t.Fatal(title, err)
			}
		}
		if want := atOnce[title]; want == nil || want.Edit == nil || json(a.Edit) != json(want.Edit) {
			t.Errorf("%s: got %.300s\nwant %.300s", title, json(a.Edit), json(want))
		}
	}
	for _, title := range []string{"Fix all unused-let problems in the file", "Fix all problems that have a safe fix"} {
		if a := later[title]; a == nil || a.Edit != nil {
			t.Errorf("%q comes with %v", title, a)
		}
	}
	if resolved < 3 {
		t.Errorf("%d of them had no edit", resolved)
	}
	c.edit(c.uri("a.nix"), span(0, 0, 0, 0), " ")
	if _, err := c.CodeActionResolve(context.Background(), later["Fix all unused-let problems in the file"]); err == nil {
		t.Error("an action is resolved for another text")
	}
}
