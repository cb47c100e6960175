package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.lsp.dev/protocol"
)

// Initialized registers for what the server wants to hear of, and asks for the
// configuration.
func (s *Server) Initialized(ctx context.Context, _ *protocol.InitializedParams) error {
	go func() {
		if regs := s.registrations(); len(regs) > 0 {
			if err := s.client.RegisterCapability(s.base, &protocol.RegistrationParams{Registrations: regs}); err != nil {
				s.logf("client/registerCapability: %v", err)
			}
		}
	}()
	s.fetchConfiguration()
	return nil
}

func (s *Server) registrations() (regs []protocol.Registration) {
	add := func(id, method string, options any) {
		data, err := json.Marshal(options)
		if err != nil {
			return
		}
		regs = append(regs, protocol.Registration{ID: id, Method: method, RegisterOptions: data})
	}
	if s.caps.registerWatchedFiles {
		type watcher struct {
			GlobPattern string `json:"globPattern"`
		}
		add("gonix-files", protocol.MethodWorkspaceDidChangeWatchedFiles, map[string][]watcher{
			"watchers": {{"**/*.nix"}, {"**/flake.lock"}},
		})
	}
	if s.caps.registerConfiguration {
		add("gonix-settings", protocol.MethodWorkspaceDidChangeConfiguration, map[string]string{"section": "gonix"})
	}
	return regs
}

// Shutdown announces the end: nothing but exit is taken after it.
func (s *Server) Shutdown(context.Context) error {
	s.state.Store(stateShutdown)
	return nil
}

// Exit ends the connection, and with it the process that serves it.
func (s *Server) Exit(context.Context) error {
	s.exit.Do(func() { close(s.exited) })
	return nil
}

// SetTrace switches the log of calls that goes to the client.
func (s *Server) SetTrace(_ context.Context, p *protocol.SetTraceParams) error {
	s.trace.Store(&p.Value)
	return nil
}

// traceCall reports one answered request to a client that asked for it.
func (s *Server) traceCall(method string, took time.Duration, err error) {
	level := s.trace.Load()
	if level == nil || *level == protocol.TraceValueOff {
		return
	}
	p := &protocol.LogTraceParams{Message: fmt.Sprintf("%s took %v", method, took.Round(time.Microsecond))}
	if *level == protocol.TraceValueVerbose {
		p.Verbose = ref(fmt.Sprintf("%d texts open, error: %v", len(s.view.Load().docs), err))
	}
	if err := s.client.LogTrace(s.base, p); err != nil {
		s.logf("$/logTrace: %v", err)
	}
}
