package lsp

import (
	"context"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
)

// DidClose gives a text back to the disk.
func (s *Server) DidClose(_ context.Context, p *protocol.DidCloseTextDocumentParams) error {
	key := docKey(p.TextDocument.URI)
	d := s.view.Load().docs[key]
	if d == nil {
		return nil
	}
	s.update(func(v *view) *view { return v.withDoc(key, nil) })
	s.tokens.drop(key)
	s.settled.drop(key)
	s.options.drop(key)
	s.publisher.clear(d.URI)
	return nil
}

// DidSave knows that the disk has changed before any watcher tells.
func (s *Server) DidSave(_ context.Context, p *protocol.DidSaveTextDocumentParams) error {
	if path := document.PathOf(p.TextDocument.URI); path != "" {
		s.disk.forget(path)
		s.systems.forget()
	}
	return nil
}
