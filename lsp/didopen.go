package lsp

import (
	"context"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
)

// DidOpen takes over a text from the disk.
func (s *Server) DidOpen(_ context.Context, p *protocol.DidOpenTextDocumentParams) error {
	v := s.view.Load()
	d, err := document.New(p.TextDocument.URI, p.TextDocument.Version, p.TextDocument.Text, v.enc)
	if err != nil {
		return err
	}
	d.Open = true
	s.setDoc(d)
	s.publisher.schedule(docKey(d.URI), 0)
	return nil
}

// setDoc makes a snapshot the current one of its text.
func (s *Server) setDoc(d *document.Snapshot) {
	s.update(func(v *view) *view { return v.withDoc(docKey(d.URI), d) })
}
