package lsp

import (
	"context"
	"errors"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/formatter"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// Formatting formats a text, by edits that leave alone what stays as it is. A text
// with syntax errors is left as it is: the diagnostics say why.
func (s *Server) Formatting(ctx context.Context, p *protocol.DocumentFormattingParams) ([]protocol.TextEdit, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	return formatEdits(ctx, d, ast.Span{Start: 0, End: ast.Pos(len(d.Text))})
}

// RangeFormatting formats the code in a range: the smallest expressions or
// bindings that enclose it.
func (s *Server) RangeFormatting(ctx context.Context, p *protocol.DocumentRangeFormattingParams) ([]protocol.TextEdit, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	return formatEdits(ctx, d, spanOf(d, p.Range))
}

// RangesFormatting formats the code in several ranges. Where they share code, it
// is formatted once.
func (s *Server) RangesFormatting(ctx context.Context, p *protocol.DocumentRangesFormattingParams) ([]protocol.TextEdit, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	out := []protocol.TextEdit{}
	done := map[protocol.Range]bool{}
	for _, r := range p.Ranges {
		edits, err := formatEdits(ctx, d, spanOf(d, r))
		if err != nil {
			return nil, err
		}
		for _, e := range edits {
			if !done[e.Range] {
				done[e.Range] = true
				out = append(out, e)
			}
		}
	}
	return out, nil
}

func formatEdits(ctx context.Context, d *document.Snapshot, within ast.Span) ([]protocol.TextEdit, error) {
	edits, err := formatter.Edits(ctx, lossless.Of(d), formatter.Options{}, within)
	var syntax *formatter.SyntaxError
	if errors.As(err, &syntax) {
		return []protocol.TextEdit{}, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]protocol.TextEdit, 0, len(edits))
	for _, e := range edits {
		out = append(out, protocol.TextEdit{Range: rangeOf(d, ast.Span{Start: e.Start, End: e.End}), NewText: e.New})
	}
	return out, nil
}
