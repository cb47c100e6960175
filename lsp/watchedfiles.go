package lsp

import (
	"context"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
)

// DidChangeWatchedFiles hears of changes on disk. What depends on other files
// may be different now.
func (s *Server) DidChangeWatchedFiles(_ context.Context, p *protocol.DidChangeWatchedFilesParams) error {
	for _, c := range p.Changes {
		if path := document.PathOf(c.URI); path != "" {
			s.disk.forget(path)
		}
	}
	s.systems.forget()
	s.targets.forget()
	s.publisher.all()
	return nil
}
