package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

// partialOf are the payloads that came under a token.
func (c *client) partialOf(token string) (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.progress {
		if text, ok := strings.CutPrefix(p, token+" "); ok {
			out = append(out, text)
		}
	}
	return out
}

// Who gives a token gets the results under it, and none in the answer.
func TestPartialResults(t *testing.T) {
	c := connect(t, clientOptions{pull: true})
	c.write("b.nix", "(import ./a.nix).value")
	c.write("c.nix", "{ x = (import ./a.nix).value; }")
	u := c.open("a.nix", "{ value = 1; }")
	ctx := context.Background()
	token := protocol.PartialResultParams{PartialResultToken: protocol.String("part")}
	params := &protocol.ReferenceParams{
		TextDocumentPositionParams: protocol.TextDocumentPositionParams{TextDocument: c.docID(u), Position: pos(0, 3)},
		Context:                    protocol.ReferenceContext{IncludeDeclaration: true},
	}
	whole, err := c.References(ctx, params)
	if err != nil || len(whole) != 3 {
		t.Fatalf("%v, %v", whole, err)
	}
	params.PartialResultParams = token
	if left, err := c.References(ctx, params); err != nil || len(left) != 0 {
		t.Errorf("the answer repeats %v, %v", left, err)
	}
	var found []protocol.Location
	c.waitFor("partial results", func() bool {
		found = nil
		for _, text := range c.partialOf("part") {
			var bunch []protocol.Location
			if err := json.Unmarshal([]byte(text), &bunch); err != nil {
				t.Fatal(err)
			}
			found = append(found, bunch...)
		}
		return len(found) == len(whole)
	})
	if fmt.Sprint(found) != fmt.Sprint(whole) {
		t.Errorf("got %v, want %v", found, whole)
	}
}

// TestWorkspaceDiagnosticsAtOnce: reports come in the answer, whatever the client can.
func TestWorkspaceDiagnosticsAtOnce(t *testing.T) {
	c := connect(t, clientOptions{pull: true})
	c.write("b.nix", "1")
	c.open("a.nix", "2")
	report, err := c.DiagnosticWorkspace(context.Background(), &protocol.WorkspaceDiagnosticParams{
		PartialResultParams: protocol.PartialResultParams{PartialResultToken: protocol.String("checks")},
	})
	if err != nil || len(report.Items) != 2 || len(c.partialOf("checks")) > 0 {
		t.Errorf("%v, %v, and %v before", report, err, c.partialOf("checks"))
	}
}

// told is a client that keeps its progress.
type told struct {
	protocol.UnimplementedClient
	values []string
}

func (c *told) Progress(_ context.Context, p *protocol.ProgressParams) error {
	c.values = append(c.values, string(p.Value))
	return nil
}

func TestProgressReports(t *testing.T) {
	c := &told{}
	s := &Server{base: context.Background(), client: c}
	ctx, p := s.startWalk(context.Background(), protocol.String("token"), "Walking")
	report(ctx, 1, 4) // too soon
	p.told = p.told.Add(-2 * progressPause)
	report(ctx, 2, 4)
	p.end("")
	report(context.Background(), 3, 4)
	want := []string{`"kind":"begin"`, `"percentage":50`, `"kind":"end"`}
	if len(c.values) != len(want) || !strings.Contains(c.values[0], `"percentage":0`) {
		t.Fatalf("told %q", c.values)
	}
	for i, w := range want {
		if !strings.Contains(c.values[i], w) {
			t.Errorf("%s lacks %s", c.values[i], w)
		}
	}
}

// The range that completion replaces is said once to clients that know defaults.
func TestCompletionDefaults(t *testing.T) {
	for _, defaults := range []bool{false, true} {
		c := connect(t, clientOptions{defaults: defaults})
		u := c.open("a.nix", `let value = { "odd name" = 1; valid = 2; }; in value.x`)
		r, err := c.Completion(context.Background(), &protocol.CompletionParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
			TextDocument: c.docID(u), Position: pos(0, 53),
		}})
		if err != nil {
			t.Fatal(err)
		}
		list := r.(*protocol.CompletionList)
		if len(list.Items) != 2 || defaults != (list.ItemDefaults != nil) {
			t.Fatalf("defaults %t: %+v", defaults, list)
		}
		for _, item := range list.Items {
			text, ok := item.TextEditText.Get()
			if (item.TextEdit == nil) != defaults || ok != (defaults && item.Label == "odd name") || ok && text != `"odd name"` {
				t.Errorf("defaults %t: %+v", defaults, item)
			}
		}
		if edit, ok := list.Items[0].TextEdit.(*protocol.TextEdit); ok && edit.Range != span(0, 53, 0, 54) || defaults && *list.ItemDefaults.EditRange.(*protocol.Range) != span(0, 53, 0, 54) {
			t.Errorf("defaults %t: another range: %+v", defaults, list)
		}
	}
}
