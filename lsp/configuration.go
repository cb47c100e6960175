package lsp

import (
	"context"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/config"
)

// DidChangeConfiguration takes new settings. A client that can be asked is
// asked, since many send nothing of use along.
func (s *Server) DidChangeConfiguration(_ context.Context, p *protocol.DidChangeConfigurationParams) error {
	if s.caps.configuration {
		s.fetchConfiguration()
		return nil
	}
	s.setConfiguration(p.Settings)
	return nil
}

// fetchConfiguration asks for the gonix section, and takes it when it comes.
func (s *Server) fetchConfiguration() {
	if !s.caps.configuration {
		return
	}
	go func() {
		section := "gonix"
		answer, err := s.client.Configuration(s.base, &protocol.ConfigurationParams{
			Items: []protocol.ConfigurationItem{{Section: &section}},
		})
		if err != nil {
			s.logf("workspace/configuration: %v", err)
			return
		}
		if len(answer) == 1 {
			s.setConfiguration(answer[0])
		}
	}()
}

// setConfiguration lays settings over the defaults, so that a setting that was
// removed is back at its default.
func (s *Server) setConfiguration(settings []byte) {
	cfg, err := config.Default().Merge(settings)
	if err != nil {
		s.logf("%v", err)
		s.client.LogMessage(s.base, &protocol.LogMessageParams{Type: protocol.MessageTypeWarning, Message: "gonix: " + err.Error()})
		return
	}
	s.update(func(v *view) *view { return v.with(func(next *view) { next.config = cfg }) })
	s.publisher.all()
	s.refresh()
}

// refresh has the client ask again for what it shows.
func (s *Server) refresh() {
	go func() {
		ask := func(can bool, f func(context.Context) error) {
			if can && s.base.Err() == nil {
				if err := f(s.base); err != nil {
					s.logf("refresh: %v", err)
				}
			}
		}
		ask(s.caps.refreshDiagnostics && s.caps.pullDiagnostics, s.client.DiagnosticRefresh)
		ask(s.caps.refreshTokens, s.client.SemanticTokensRefresh)
		ask(s.caps.refreshHints, s.client.InlayHintRefresh)
		ask(s.caps.refreshLenses, s.client.CodeLensRefresh)
	}()
}
