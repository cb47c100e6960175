package lsp

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/action"
	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/document"
)

// CodeAction offers quick fixes and refactorings for a selection.
func (s *Server) CodeAction(ctx context.Context, p *protocol.CodeActionParams) ([]protocol.CommandOrCodeAction, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	out := []protocol.CommandOrCodeAction{}
	wanted := func(kind string) bool {
		if len(p.Context.Only) == 0 {
			// Fixing everything at once is for those who ask for it.
			return kind != action.FixAll
		}
		return slices.ContainsFunc(p.Context.Only, func(only protocol.CodeActionKind) bool {
			return only == "" || kind == string(only) || strings.HasPrefix(kind, string(only)+".")
		})
	}
	span := spanOf(d, p.Range)
	list := action.At(action.Request{
		File: d.File(), Scope: scopes.Of(d), Span: span, Name: d.Path,
		Problems: append(slices.Clip(s.problems(ctx, d, &span)), s.options.of(d)...), All: wanted(action.FixAll),
	})
	for _, a := range list {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !wanted(a.Kind) {
			continue
		}
		if a.Create != nil {
			if _, err := os.Lstat(a.Create.Path); err == nil || !s.caps.createFiles {
				continue // it would overwrite something
			}
		}
		item := &protocol.CodeAction{Title: a.Title, Kind: ref(protocol.CodeActionKind(a.Kind)), Edit: s.actionEdit(d, a)}
		if a.Preferred {
			item.IsPreferred = ref(true)
		}
		if a.Problem != nil {
			item.Diagnostics = []protocol.Diagnostic{s.diagnostic(d, *a.Problem)}
		}
		out = append(out, item)
	}
	if url, ok := s.docsAt(ctx, d, span.Start); ok && wanted(action.Rewrite) {
		arg, _ := json.Marshal(url)
		out = append(out, &protocol.CodeAction{
			Title: "Open the documentation on noogle.dev", Kind: ref(protocol.CodeActionKind("")),
			Command: protocol.Command{Title: "Open documentation", Command: cmdOpen, Arguments: []protocol.LSPAny{arg}},
		})
	}
	return out, nil
}

func (s *Server) actionEdit(d *document.Snapshot, a action.Action) *protocol.WorkspaceEdit {
	edit := s.workspaceEdit([]*document.Snapshot{d}, map[*document.Snapshot][]analysis.Edit{d: a.Edits})
	if a.Create != nil {
		u := uri.File(a.Create.Path)
		create := &protocol.CreateFile{Kind: "create", URI: u}
		fill := &protocol.TextDocumentEdit{
			TextDocument: protocol.OptionalVersionedTextDocumentIdentifier{TextDocumentIdentifier: protocol.TextDocumentIdentifier{URI: u}},
			Edits:        []protocol.TextDocumentEditElement{&protocol.TextEdit{NewText: a.Create.Text}},
		}
		edit.DocumentChanges = append([]protocol.DocumentChange{create, fill}, edit.DocumentChanges...)
	}
	return edit
}
