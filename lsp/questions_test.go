package lsp

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// question is one of those that editors ask about a place.
type question struct {
	name string
	ask  func(context.Context) (any, error)
}

// questions are all that there are.
func (c *client) questions(u uri.URI, at protocol.Position) []question {
	doc := c.docID(u)
	place := protocol.TextDocumentPositionParams{TextDocument: doc, Position: at}
	r := protocol.Range{Start: at, End: protocol.Position{Line: at.Line + 3, Character: 3}}
	empty := protocol.Range{Start: at, End: at}
	return []question{
		{"hover", func(ctx context.Context) (any, error) {
			return c.Hover(ctx, &protocol.HoverParams{TextDocumentPositionParams: place})
		}},
		{"completion", func(ctx context.Context) (any, error) {
			return c.Completion(ctx, &protocol.CompletionParams{TextDocumentPositionParams: place})
		}},
		{"documentation", func(ctx context.Context) (any, error) {
			l, err := c.Completion(ctx, &protocol.CompletionParams{TextDocumentPositionParams: place})
			if err != nil {
				return nil, err
			}
			items := l.(*protocol.CompletionList).Items
			items = items[:min(3, len(items))]
			for i := range items {
				item, err := c.CompletionResolve(ctx, &items[i])
				if err != nil {
					return nil, err
				}
				items[i] = *item
			}
			return items, nil
		}},
		{"definition", func(ctx context.Context) (any, error) {
			return c.Definition(ctx, &protocol.DefinitionParams{TextDocumentPositionParams: place})
		}},
		{"declaration", func(ctx context.Context) (any, error) {
			return c.Declaration(ctx, &protocol.DeclarationParams{TextDocumentPositionParams: place})
		}},
		{"references", func(ctx context.Context) (any, error) {
			return c.References(ctx, &protocol.ReferenceParams{TextDocumentPositionParams: place, Context: protocol.ReferenceContext{IncludeDeclaration: true}})
		}},
		{"highlight", func(ctx context.Context) (any, error) {
			return c.DocumentHighlight(ctx, &protocol.DocumentHighlightParams{TextDocumentPositionParams: place})
		}},
		{"signature", func(ctx context.Context) (any, error) {
			return c.SignatureHelp(ctx, &protocol.SignatureHelpParams{TextDocumentPositionParams: place})
		}},
		{"prepare rename", func(ctx context.Context) (any, error) {
			return c.PrepareRename(ctx, &protocol.PrepareRenameParams{TextDocumentPositionParams: place})
		}},
		{"rename", func(ctx context.Context) (any, error) {
			return c.Rename(ctx, &protocol.RenameParams{TextDocumentPositionParams: place, NewName: "renamed"})
		}},
		{"calls", func(ctx context.Context) (any, error) {
			return c.PrepareCallHierarchy(ctx, &protocol.CallHierarchyPrepareParams{TextDocumentPositionParams: place})
		}},
		{"incoming calls", func(ctx context.Context) (any, error) {
			list, err := c.PrepareCallHierarchy(ctx, &protocol.CallHierarchyPrepareParams{TextDocumentPositionParams: place})
			if err != nil || len(list) == 0 {
				return nil, err
			}
			return c.IncomingCalls(ctx, &protocol.CallHierarchyIncomingCallsParams{Item: list[0]})
		}},
		{"outgoing calls", func(ctx context.Context) (any, error) {
			list, err := c.PrepareCallHierarchy(ctx, &protocol.CallHierarchyPrepareParams{TextDocumentPositionParams: place})
			if err != nil || len(list) == 0 {
				return nil, err
			}
			return c.OutgoingCalls(ctx, &protocol.CallHierarchyOutgoingCallsParams{Item: list[0]})
		}},
		{"actions", func(ctx context.Context) (any, error) {
			return c.CodeAction(ctx, &protocol.CodeActionParams{TextDocument: doc, Range: empty})
		}},
		{"actions of a range", func(ctx context.Context) (any, error) {
			return c.CodeAction(ctx, &protocol.CodeActionParams{TextDocument: doc, Range: r})
		}},
		{"fix all", func(ctx context.Context) (any, error) {
			return c.CodeAction(ctx, &protocol.CodeActionParams{TextDocument: doc, Range: empty, Context: protocol.CodeActionContext{Only: []protocol.CodeActionKind{"source.fixAll"}}})
		}},
		{"selections", func(ctx context.Context) (any, error) {
			return c.SelectionRange(ctx, &protocol.SelectionRangeParams{TextDocument: doc, Positions: []protocol.Position{at}})
		}},
		{"symbols", func(ctx context.Context) (any, error) {
			return c.DocumentSymbol(ctx, &protocol.DocumentSymbolParams{TextDocument: doc})
		}},
		{"folds", func(ctx context.Context) (any, error) {
			return c.FoldingRanges(ctx, &protocol.FoldingRangeParams{TextDocument: doc})
		}},
		{"links", func(ctx context.Context) (any, error) {
			return c.DocumentLink(ctx, &protocol.DocumentLinkParams{TextDocument: doc})
		}},
		{"tokens", func(ctx context.Context) (any, error) {
			x, err := c.SemanticTokensFull(ctx, &protocol.SemanticTokensParams{TextDocument: doc})
			if err != nil {
				return nil, err
			}
			return x.Data, nil
		}},
		{"tokens of a range", func(ctx context.Context) (any, error) {
			x, err := c.SemanticTokensRange(ctx, &protocol.SemanticTokensRangeParams{TextDocument: doc, Range: r})
			if err != nil {
				return nil, err
			}
			return x.Data, nil
		}},
		{"changes of tokens", func(ctx context.Context) (any, error) {
			_, err := c.SemanticTokensFullDelta(ctx, &protocol.SemanticTokensDeltaParams{TextDocument: doc, PreviousResultID: "1"})
			return nil, err // which there are depends on what was asked before
		}},
		{"new line", func(ctx context.Context) (any, error) {
			return c.OnTypeFormatting(ctx, &protocol.DocumentOnTypeFormattingParams{TextDocument: doc, Position: at, Ch: "\n"})
		}},
		{"semicolon", func(ctx context.Context) (any, error) {
			return c.OnTypeFormatting(ctx, &protocol.DocumentOnTypeFormattingParams{TextDocument: doc, Position: at, Ch: ";"})
		}},
		{"format a range", func(ctx context.Context) (any, error) {
			return c.RangeFormatting(ctx, &protocol.DocumentRangeFormattingParams{TextDocument: doc, Range: r})
		}},
		{"format", func(ctx context.Context) (any, error) {
			return c.Formatting(ctx, &protocol.DocumentFormattingParams{TextDocument: doc})
		}},
		{"lenses", func(ctx context.Context) (any, error) {
			return c.CodeLens(ctx, &protocol.CodeLensParams{TextDocument: doc})
		}},
		{"hints", func(ctx context.Context) (any, error) {
			return c.InlayHint(ctx, &protocol.InlayHintParams{TextDocument: doc, Range: r})
		}},
		{"diagnostics", func(ctx context.Context) (any, error) {
			return c.Diagnostic(ctx, &protocol.DocumentDiagnosticParams{TextDocument: doc})
		}},
	}
}

// versions are the numbers of texts in answers, which tell how often they were edited.
var versions = regexp.MustCompile(`"version":\d+`)

// everything asks every question there is about a place. None may be too much for the
// server.
func (c *client) everything(ctx context.Context, u uri.URI, p protocol.Position) error {
	for _, q := range c.questions(u, p) {
		var wire *jsonrpc2.Error
		if _, err := q.ask(ctx); errors.As(err, &wire) && wire.Code == jsonrpc2.InternalError {
			return fmt.Errorf("%s: %w", q.name, err)
		}
	}
	return nil
}
