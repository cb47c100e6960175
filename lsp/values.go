package lsp

import (
	"context"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/shape"
	"gonix.dev/gonix/parser/ast"
)

func (s *Server) evaluatedAttrs(ctx context.Context, pl place) ([]candidate, bool) { return nil, false }
func (s *Server) evaluatedDoc(ctx context.Context, data completionData) string { return "" }
func (s *Server) hoverValue(ctx context.Context, d *document.Snapshot, path []ast.Node, m *shape.Mention) string { return "" }
func (s *Server) optionCandidates(ctx context.Context, pl place, prefix []string) ([]candidate, bool) { return nil, false }
func (s *Server) optionHover(ctx context.Context, d *document.Snapshot, path []ast.Node, off ast.Pos) (string, ast.Span, bool) { return "", ast.Span{}, false }
