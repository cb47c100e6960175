package lsp

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// publisher pushes diagnostics to clients that do not pull them, and, to all, what
// evaluation finds once typing pauses. Each text has
// at most one timer and one computation under way; typing on starts it anew.
type publisher struct {
	s       *Server
	mu      sync.Mutex
	stopped bool
	jobs    map[string]*pushJob
	sending sync.Mutex // so that what is sent last is what was found last
}

type pushJob struct {
	timer  *time.Timer
	cancel context.CancelFunc
}

func (p *publisher) init(s *Server) {
	p.s = s
	p.jobs = map[string]*pushJob{}
}

// schedule pushes the diagnostics of a text after a delay.
func (p *publisher) schedule(key string, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	if job := p.jobs[key]; job != nil {
		job.timer.Stop()
		job.cancel()
	}
	ctx, cancel := context.WithCancel(p.s.base)
	job := &pushJob{cancel: cancel}
	job.timer = time.AfterFunc(delay, func() {
		p.push(ctx, key)
		p.mu.Lock()
		if p.jobs[key] == job {
			delete(p.jobs, key)
		}
		p.mu.Unlock()
		cancel()
	})
	p.jobs[key] = job
}

func (p *publisher) push(ctx context.Context, key string) {
	defer func() {
		if r := recover(); r != nil {
			p.s.logf("panic in diagnostics of %s: %v", key, r)
		}
	}()
	v := p.s.view.Load()
	d := v.docs[key]
	if d == nil || ctx.Err() != nil {
		return
	}
	ctx = withView(ctx, v)
	d = d.For(ctx)
	// What was typed or set meanwhile has another push on its way.
	send := func(found []protocol.Diagnostic) bool {
		p.sending.Lock()
		defer p.sending.Unlock()
		if ctx.Err() != nil || !d.Same(p.s.view.Load().docs[key]) {
			return false
		}
		p.send(d.URI, protocol.NewOptional(d.Version), found)
		return true
	}
	found := []protocol.Diagnostic{}
	if !p.s.caps.pullDiagnostics {
		found = p.s.diagnostics(ctx, d)
		if !send(found) {
			return
		}
	}
	if cfg := v.settings(d.Path); !p.s.evaluates(v, d.Path) || !cfg.Eval.Diagnostics || !cfg.Diagnostics.Enable {
		return
	}
	select {
	case <-time.After(evaluationPause):
	case <-ctx.Done():
		return
	}
	p.s.settled.settle(d)
	more := []protocol.Diagnostic{}
	for _, problem := range p.s.optionProblems(ctx, d) {
		more = append(more, p.s.diagnostic(d, problem))
	}
	if problem, ok := p.s.evaluationProblems(ctx, d); ok {
		more = append(more, problem)
	}
	if len(more) > 0 {
		send(append(slices.Clip(found), more...))
	} else if p.s.caps.pullDiagnostics {
		send(found) // what was pushed before is mended
	}
}

func (p *publisher) send(u uri.URI, version protocol.Optional[int32], found []protocol.Diagnostic) {
	err := p.s.client.PublishDiagnostics(p.s.base, &protocol.PublishDiagnosticsParams{
		URI: u, Version: version, Diagnostics: found,
	})
	if err != nil && p.s.base.Err() == nil {
		p.s.logf("publish diagnostics: %v", err)
	}
}

// all pushes the diagnostics of all open texts.
func (p *publisher) all() {
	for key := range p.s.view.Load().docs {
		p.schedule(key, 0)
	}
}

// clear takes back what was pushed about a text.
func (p *publisher) clear(u uri.URI) {
	p.mu.Lock()
	if job := p.jobs[docKey(u)]; job != nil {
		job.timer.Stop()
		job.cancel()
		delete(p.jobs, docKey(u))
	}
	p.mu.Unlock()
	p.send(u, protocol.Optional[int32]{}, []protocol.Diagnostic{})
}

// stop ends all work; nothing is pushed after it.
func (p *publisher) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	for _, job := range p.jobs {
		job.timer.Stop()
		job.cancel()
	}
}
