package lsp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

var versionRE = regexp.MustCompile(`"version":\d+`)

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func allAnswers(t *testing.T, c *client, u uri.URI, at protocol.Position, order *rand.Rand, slow func(string, time.Duration, time.Duration)) map[string]string {
	ctx := context.Background()
	doc := c.docID(u)
	place := protocol.TextDocumentPositionParams{TextDocument: doc, Position: at}
	r := protocol.Range{Start: at, End: protocol.Position{Line: at.Line + 3, Character: 3}}
	empty := protocol.Range{Start: at, End: at}
	out := map[string]string{}
	type q struct {
		name string
		ask  func() (any, error)
	}
	qs := []q{
		{"hover", func() (any, error) { return c.Hover(ctx, &protocol.HoverParams{TextDocumentPositionParams: place}) }},
		{"completion", func() (any, error) {
			return c.Completion(ctx, &protocol.CompletionParams{TextDocumentPositionParams: place})
		}},
		{"resolve", func() (any, error) {
			l, err := c.Completion(ctx, &protocol.CompletionParams{TextDocumentPositionParams: place})
			if err != nil {
				return nil, err
			}
			var all []any
			if l, ok := l.(*protocol.CompletionList); ok {
				for _, i := range l.Items[:min(3, len(l.Items))] {
					x, err := c.CompletionResolve(ctx, &i)
					if err != nil {
						return nil, err
					}
					all = append(all, fmt.Sprint(x.Documentation))
					if m, ok := x.Documentation.(*protocol.MarkupContent); ok && m != nil {
						all[len(all)-1] = m.Value
					}
				}
			}
			return fmt.Sprint(all), nil
		}},
		{"definition", func() (any, error) { return c.Definition(ctx, &protocol.DefinitionParams{TextDocumentPositionParams: place}) }},
		{"declaration", func() (any, error) { return c.Declaration(ctx, &protocol.DeclarationParams{TextDocumentPositionParams: place}) }},
		{"references", func() (any, error) { return c.References(ctx, &protocol.ReferenceParams{TextDocumentPositionParams: place, Context: protocol.ReferenceContext{IncludeDeclaration: true}}) }},
		{"highlight", func() (any, error) { return c.DocumentHighlight(ctx, &protocol.DocumentHighlightParams{TextDocumentPositionParams: place}) }},
		{"signature", func() (any, error) { return c.SignatureHelp(ctx, &protocol.SignatureHelpParams{TextDocumentPositionParams: place}) }},
		{"prepareRename", func() (any, error) { return c.PrepareRename(ctx, &protocol.PrepareRenameParams{TextDocumentPositionParams: place}) }},
		{"rename", func() (any, error) { return c.Rename(ctx, &protocol.RenameParams{TextDocumentPositionParams: place, NewName: "renamed"}) }},
		{"calls", func() (any, error) {
			l, err := c.PrepareCallHierarchy(ctx, &protocol.CallHierarchyPrepareParams{TextDocumentPositionParams: place})
			if err != nil || len(l) == 0 {
				return nil, err
			}
			in, err := c.IncomingCalls(ctx, &protocol.CallHierarchyIncomingCallsParams{Item: l[0]})
			if err != nil {
				return nil, err
			}
			o, err := c.OutgoingCalls(ctx, &protocol.CallHierarchyOutgoingCallsParams{Item: l[0]})
			a, _ := protocol.Marshal(in)
			b, _ := protocol.Marshal(o)
			return string(a) + string(b), err
		}},
		{"actions", func() (any, error) { return c.CodeAction(ctx, &protocol.CodeActionParams{TextDocument: doc, Range: empty}) }},
		{"actionsOfRange", func() (any, error) { return c.CodeAction(ctx, &protocol.CodeActionParams{TextDocument: doc, Range: r}) }},
		{"fixAll", func() (any, error) {
			return c.CodeAction(ctx, &protocol.CodeActionParams{TextDocument: doc, Range: empty, Context: protocol.CodeActionContext{Only: []protocol.CodeActionKind{"source.fixAll"}}})
		}},
		{"selection", func() (any, error) { return c.SelectionRange(ctx, &protocol.SelectionRangeParams{TextDocument: doc, Positions: []protocol.Position{at}}) }},
		{"symbols", func() (any, error) { return c.DocumentSymbol(ctx, &protocol.DocumentSymbolParams{TextDocument: doc}) }},
		{"folds", func() (any, error) { return c.FoldingRanges(ctx, &protocol.FoldingRangeParams{TextDocument: doc}) }},
		{"links", func() (any, error) { return c.DocumentLink(ctx, &protocol.DocumentLinkParams{TextDocument: doc}) }},
		{"tokens", func() (any, error) {
			x, err := c.SemanticTokensFull(ctx, &protocol.SemanticTokensParams{TextDocument: doc})
			if err != nil {
				return nil, err
			}
			return x.Data, nil
		}},
		{"tokensRange", func() (any, error) {
			x, err := c.SemanticTokensRange(ctx, &protocol.SemanticTokensRangeParams{TextDocument: doc, Range: r})
			if err != nil {
				return nil, err
			}
			return x.Data, nil
		}},
		{"ontype\n", func() (any, error) { return c.OnTypeFormatting(ctx, &protocol.DocumentOnTypeFormattingParams{TextDocument: doc, Position: at, Ch: "\n"}) }},
		{"ontype;", func() (any, error) { return c.OnTypeFormatting(ctx, &protocol.DocumentOnTypeFormattingParams{TextDocument: doc, Position: at, Ch: ";"}) }},
		{"rangefmt", func() (any, error) { return c.RangeFormatting(ctx, &protocol.DocumentRangeFormattingParams{TextDocument: doc, Range: r}) }},
		{"fmt", func() (any, error) { return c.Formatting(ctx, &protocol.DocumentFormattingParams{TextDocument: doc}) }},
		{"lens", func() (any, error) { return c.CodeLens(ctx, &protocol.CodeLensParams{TextDocument: doc}) }},
		{"hints", func() (any, error) { return c.InlayHint(ctx, &protocol.InlayHintParams{TextDocument: doc, Range: r}) }},
		{"diagnostics", func() (any, error) { return c.Diagnostic(ctx, &protocol.DocumentDiagnosticParams{TextDocument: doc}) }},
	}
	order.Shuffle(len(qs), func(i, j int) { qs[i], qs[j] = qs[j], qs[i] })
	for _, q := range qs {
		start, w := cpu(), time.Now()
		v, err := q.ask()
		if slow != nil {
			slow(q.name, cpu()-start, time.Since(w))
		}
		if err != nil {
			out[q.name] = "error " + err.Error()
			if strings.Contains(err.Error(), "internal error") {
				t.Errorf("%s: %v", q.name, err)
			}
			continue
		}
		data, err := protocol.Marshal(v)
		if err != nil {
			t.Fatal(q.name, err)
		}
		out[q.name] = versionRE.ReplaceAllString(string(data), "")
	}
	return out
}

func TestZZFuzz(t *testing.T) {
	files := strings.Fields(os.Getenv("ZZ_FILES"))
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("ZZ_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	keys := 40
	if s := os.Getenv("ZZ_KEYS"); s != "" {
		fmt.Sscan(s, &keys)
	}
	worst := map[string]time.Duration{}
	where := map[string]string{}
	fails := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(seed, uint64(len(data))))
		settings := `{"eval":{"enable":false}}`
		dir := t.TempDir()
		a := connect(t, clientOptions{dir: dir, pull: true, settings: settings})
		a.dir = "/"
		p := &typist{client: a, text: strings.ToValidUTF8(string(data), "?"), rnd: rnd}
		p.u = a.open(file, p.text)
		slow := func(name string, d, w time.Duration) {
			if min(d, w) > worst[name] {
				worst[name] = min(d, w)
				where[name] = file
			}
		}
		for n := range keys {
			p.key()
			if rnd.IntN(3) > 0 {
				continue
			}
			off := p.near
			if rnd.IntN(3) == 0 {
				off = rnd.IntN(len(p.text) + 1)
				for off > 0 && off < len(p.text) && p.text[off]&0xC0 == 0x80 {
					off--
				}
			}
			at := p.position(off)
			got := allAnswers(t, a, p.u, at, rnd, slow)
			b := connect(t, clientOptions{dir: dir, pull: true, settings: settings})
			b.dir = "/"
			want := allAnswers(t, b, b.open(file, p.text), at, rnd, nil)
			b.Shutdown(context.Background())
			b.Exit(context.Background())
			for name := range want {
				if got[name] != want[name] {
					i := 0
					for i < min(len(got[name]), len(want[name])) && got[name][i] == want[name][i] {
						i++
					}
					around := func(s string) string { return s[max(0, i-200):min(len(s), i+200)] }
					os.WriteFile(fmt.Sprintf("/tmp/lsp2-fail-%d.nix", fails), []byte(p.text), 0o666)
					fails++
					t.Errorf("%s seed %d: %d edits: other %s at %v\n got ...%s...\nwant ...%s...", file, seed, n, name, at, around(got[name]), around(want[name]))
					if fails > 8 {
						t.FailNow()
					}
				}
			}
		}
	}
	var names []string
	for n := range worst {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return int(worst[b] - worst[a]) })
	for _, n := range names[:min(14, len(names))] {
		fmt.Println("slowest", n, worst[n], where[n])
	}
}
