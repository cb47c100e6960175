package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"go.lsp.dev/protocol"
)

// progressTokens are the running pieces of work that clients show and may
// cancel.
type progressTokens struct {
	mu      sync.Mutex
	next    int
	cancels map[string]context.CancelFunc
}

// progress is one piece of work that takes long enough to be shown.
type progress struct {
	s      *Server
	token  protocol.ProgressToken
	key    string
	cancel context.CancelFunc
}

// startProgress begins to show a piece of work: under the token that the request
// brought along, or else under a new one if the client can show it, or not at all. The returned
// context ends when the user cancels; end must be called.
func (s *Server) startProgress(ctx context.Context, token protocol.ProgressToken, title string) (context.Context, *progress) {
	ctx, cancel := context.WithCancel(ctx)
	p := &progress{s: s, token: token, cancel: cancel}
	if token == nil {
		if !s.caps.workDoneProgress {
			return ctx, &progress{cancel: cancel}
		}
		s.progress.mu.Lock()
		s.progress.next++
		p.key = fmt.Sprintf("gonix-%d", s.progress.next)
		if s.progress.cancels == nil {
			s.progress.cancels = map[string]context.CancelFunc{}
		}
		s.progress.cancels[p.key] = cancel
		s.progress.mu.Unlock()
		p.token = protocol.String(p.key)
		var err error
		waiting(ctx, func() {
			err = s.client.WorkDoneProgressCreate(ctx, &protocol.WorkDoneProgressCreateParams{Token: p.token})
		})
		if err != nil {
			p.token = nil // the client will not have it
		}
	}
	p.send(protocol.WorkDoneProgressBegin{Kind: "begin", Title: title, Cancellable: ref(p.key != "")})
	return ctx, p
}

// end stops showing the work.
func (p *progress) end(message string) {
	p.send(protocol.WorkDoneProgressEnd{Kind: "end", Message: &message})
	if p.key != "" {
		p.s.progress.mu.Lock()
		delete(p.s.progress.cancels, p.key)
		p.s.progress.mu.Unlock()
	}
	p.cancel()
}

func (p *progress) send(value any) {
	if p.token == nil {
		return
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = p.s.client.Progress(p.s.base, &protocol.ProgressParams{Token: p.token, Value: data})
	}
	if err != nil && p.s.base.Err() == nil {
		p.s.logf("$/progress: %v", err)
	}
}

// WorkDoneProgressCancel cancels a piece of work that the user has had enough
// of.
func (s *Server) WorkDoneProgressCancel(_ context.Context, p *protocol.WorkDoneProgressCancelParams) error {
	key, ok := p.Token.(protocol.String)
	if !ok {
		return nil
	}
	s.progress.mu.Lock()
	defer s.progress.mu.Unlock()
	if cancel := s.progress.cancels[string(key)]; cancel != nil {
		cancel()
	}
	return nil
}
