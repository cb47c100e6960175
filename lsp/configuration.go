package lsp

import (
	"context"
	"slices"

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
	s.setConfiguration(p.Settings, nil, nil)
	return nil
}

// fetchConfiguration asks for the gonix section, in general and for each folder of
// the workspace, and takes it when it comes.
func (s *Server) fetchConfiguration() {
	if !s.caps.configuration {
		return
	}
	round := s.asked.Add(1)
	go func() {
		section := "gonix"
		items := []protocol.ConfigurationItem{{Section: &section}}
		folders := s.view.Load().folders
		if len(folders) > 1 { // else the section is that of the one folder
			for _, f := range folders {
				items = append(items, protocol.ConfigurationItem{Section: &section, ScopeURI: &f.uri})
			}
		}
		answer, err := s.client.Configuration(s.base, &protocol.ConfigurationParams{Items: items})
		if err != nil {
			s.logf("workspace/configuration: %v", err)
			return
		}
		s.answered.Lock()
		defer s.answered.Unlock()
		if len(answer) == len(items) && round == s.asked.Load() { // else a newer answer is on its way
			s.setConfiguration(answer[0], folders, answer[1:])
		}
	}()
}

// setConfiguration lays settings over the defaults, so that a setting that was
// removed is back at its default. own are the settings of the folders.
func (s *Server) setConfiguration(general []byte, folders []folder, own []protocol.LSPAny) {
	read := func(settings []byte) (config.Config, bool) {
		cfg, err := config.Default().Merge(settings)
		if err != nil {
			s.logf("%v", err)
			s.client.LogMessage(s.base, &protocol.LogMessageParams{Type: protocol.MessageTypeWarning, Message: "gonix: " + err.Error()})
		}
		return cfg, err == nil
	}
	cfg, ok := read(general)
	if !ok {
		return
	}
	of := map[string]*config.Config{}
	for i, settings := range own {
		if c, ok := read(settings); ok {
			of[folders[i].path] = &c
		}
	}
	s.update(func(v *view) *view {
		return v.with(func(next *view) {
			next.config = cfg
			next.folders = slices.Clone(v.folders)
			for i := range next.folders {
				next.folders[i].config = of[next.folders[i].path]
			}
		})
	})
	s.systems.forget()
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
