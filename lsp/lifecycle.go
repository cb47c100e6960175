package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.lsp.dev/jsonrpc2"
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

// maxTraced is how many bytes of a message's parameters are logged.
const maxTraced = 2000

// traceMessage reports a message that was dealt with to a client that asked for it:
// that it was, and when that is wanted, what it said.
func (s *Server) traceMessage(req *jsonrpc2.Request, took time.Duration, err error) {
	level := s.trace.Load()
	if level == nil || *level == protocol.TraceValueOff || req.Method() == protocol.MethodInitialize {
		return // before the answer to initialize nothing is to be sent
	}
	p := &protocol.LogTraceParams{Message: fmt.Sprintf("%s took %v", req.Method(), took.Round(time.Microsecond))}
	if *level == protocol.TraceValueVerbose {
		params := string(req.Params())
		if len(params) > maxTraced {
			params = strings.ToValidUTF8(params[:maxTraced], "") + fmt.Sprintf("... (%d bytes)", len(params))
		}
		if err != nil {
			params += "\nfailed: " + err.Error()
		}
		p.Verbose = &params
	}
	if err := s.client.LogTrace(s.base, p); err != nil {
		s.logf("$/logTrace: %v", err)
	}
}
