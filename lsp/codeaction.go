package lsp

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/action"
	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// inlineEdit is how many bytes an edit may have to be sent with its action to a client
// that can ask for it.
const inlineEdit = 4 << 10

// actionData tells later what an action was.
type actionData struct {
	URI     uri.URI `json:"uri"`
	Version int32   `json:"version"`
	Start   ast.Pos `json:"start"`
	End     ast.Pos `json:"end"`
	// Index is that among the actions of the place.
	Index int `json:"index"`
}

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
	for i, a := range s.actions(ctx, d, span, wanted(action.FixAll)) {
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
		item := &protocol.CodeAction{Title: a.Title, Kind: ref(protocol.CodeActionKind(a.Kind))}
		if s.caps.resolveEdits && (a.Later != nil || size(a.Edits) > inlineEdit) {
			if item.Data, err = json.Marshal(actionData{d.URI, d.Version, span.Start, span.End, i}); err != nil {
				return nil, err
			}
		} else {
			item.Edit = s.actionEdit(d, a)
		}
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

// CodeActionResolve adds the edit to an action.
func (s *Server) CodeActionResolve(ctx context.Context, p *protocol.CodeAction) (*protocol.CodeAction, error) {
	if p.Edit != nil || p.Data == nil {
		return p, nil
	}
	var data actionData
	if err := json.Unmarshal(p.Data, &data); err != nil {
		return nil, err
	}
	d, err := s.doc(ctx, data.URI)
	if err != nil {
		return nil, err
	}
	all := p.Kind != nil && *p.Kind == action.FixAll
	if d.Version == data.Version && int(data.End) <= len(d.Text) && 0 <= data.Start && data.Start <= data.End {
		list := s.actions(ctx, d, ast.Span{Start: data.Start, End: data.End}, all)
		if i := data.Index; 0 <= i && i < len(list) && list[i].Title == p.Title {
			p.Edit = s.actionEdit(d, list[i])
			return p, ctx.Err()
		}
	}
	return nil, jsonrpc2.Errorf(jsonrpc2.Code(protocol.LSPErrorCodesContentModified), "'%s' was offered for another text", p.Title)
}

// actions are the changes that make sense for a selection.
func (s *Server) actions(ctx context.Context, d *document.Snapshot, span ast.Span, all bool) []action.Action {
	return action.At(action.Request{
		File: d.File(), Scope: scopes.Of(d), Span: span, Name: d.Path, All: all, Stop: d.Stopped,
		Problems: append(slices.Clip(s.problems(ctx, d, &span)), s.options.of(d)...),
	})
}

// size is the length of all that edits put in.
func size(edits []analysis.Edit) (n int) {
	for _, e := range edits {
		n += len(e.New)
	}
	return n
}

func (s *Server) actionEdit(d *document.Snapshot, a action.Action) *protocol.WorkspaceEdit {
	edit := s.workspaceEdit([]*document.Snapshot{d}, map[*document.Snapshot][]analysis.Edit{d: a.Changes()})
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
