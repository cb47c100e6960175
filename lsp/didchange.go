package lsp

import (
	"context"
	"fmt"
	"time"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
)

// DidChange makes the next snapshot of an open text.
func (s *Server) DidChange(_ context.Context, p *protocol.DidChangeTextDocumentParams) error {
	v := s.view.Load()
	key := docKey(p.TextDocument.URI)
	d := v.docs[key]
	if d == nil {
		return fmt.Errorf("%s is not open", p.TextDocument.URI)
	}
	changes := make([]document.Change, 0, len(p.ContentChanges))
	for _, c := range p.ContentChanges {
		switch c := c.(type) {
		case *protocol.TextDocumentContentChangePartial:
			changes = append(changes, document.Change{
				Range: &[2]document.Position{document.Position(c.Range.Start), document.Position(c.Range.End)},
				Text:  c.Text,
			})
		case *protocol.TextDocumentContentChangeWholeDocument:
			changes = append(changes, document.Change{Text: c.Text})
		}
	}
	next, err := d.Apply(p.TextDocument.Version, changes)
	if err != nil {
		return err
	}
	s.setDoc(next)
	s.checks.interrupt(key)
	s.typed.Store(time.Now().UnixNano())
	s.publisher.schedule(key, time.Duration(v.settings(next.Path).Diagnostics.DelayMS)*time.Millisecond)
	return nil
}
