package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

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
	told   time.Time // when the client last heard of it
}

type progressKey struct{}

// startProgress begins to show a piece of work: under the token that the request
// brought along, or else under a new one if the client can show it, or not at all. The returned
// context ends when the user cancels; end must be called.
func (s *Server) startProgress(ctx context.Context, token protocol.ProgressToken, title string) (context.Context, *progress) {
	return s.beginProgress(ctx, token, title, nil)
}

// startWalk is startProgress for what goes through the files of the workspace, so
// that it is known how much is done.
func (s *Server) startWalk(ctx context.Context, token protocol.ProgressToken, title string) (context.Context, *progress) {
	return s.beginProgress(ctx, token, title, ref(uint32(0)))
}

func (s *Server) beginProgress(ctx context.Context, token protocol.ProgressToken, title string, percentage *uint32) (context.Context, *progress) {
	ctx, cancel := context.WithCancel(ctx)
	p := &progress{s: s, token: token, cancel: cancel, told: time.Now()}
	ctx = context.WithValue(ctx, progressKey{}, p)
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
	p.send(protocol.WorkDoneProgressBegin{Kind: "begin", Title: title, Cancellable: ref(p.key != ""), Percentage: percentage})
	return ctx, p
}

// progressPause is how long a piece of work goes on before the client hears of it
// again.
const progressPause = 100 * time.Millisecond

// report tells how much of the work of a context is done, if that is shown.
func report(ctx context.Context, done, all int) {
	p, ok := ctx.Value(progressKey{}).(*progress)
	if !ok || p.token == nil || time.Since(p.told) < progressPause {
		return
	}
	p.told = time.Now()
	p.send(protocol.WorkDoneProgressReport{
		Kind: "report", Cancellable: ref(p.key != ""), Message: ref(fmt.Sprintf("%d of %d files", done, all)),
		Percentage: ref(uint32(100 * done / all)),
	})
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
