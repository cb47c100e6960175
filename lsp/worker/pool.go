package worker

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
)

const (
	// maxProcesses bounds the processes of a pool.
	maxProcesses = 3
	// maxIdle is how long a process is kept that nobody asks, if others are asked.
	maxIdle = 5 * time.Minute
)

// Pool is a [Client] for each of the settings that requests come with, so that a
// project with another search path does not make the evaluator start afresh. There are
// at most maxProcesses; the one used longest ago serves settings that come on top. At
// rest they have together no more memory than one of them may take: those used longest
// ago end. So do those that are not needed for a while, but for the last one.
type Pool struct {
	// Command, Log and Loading are those of the clients; Loading is told whether any
	// of them loads something.
	Command []string
	Log     io.Writer
	Loading func(bool)

	idle time.Duration // maxIdle, unless a test wants another

	telling sync.Mutex // held to keep what Loading is told in order
	mu      sync.Mutex
	closed  bool
	members []*member // those used last come first
}

type member struct {
	Client
	settings Settings
	asked    int   // requests that wait for answers
	memory   int64 // in use after the last answer, in bytes
	loads    bool
	rest     *time.Timer
}

// Do is [Client.Do] of the client for the request's settings.
func (p *Pool) Do(ctx context.Context, req Request, texts map[string]string, limit time.Duration, memoryMB int) (*Response, error) {
	m, err := p.begin(req.Settings)
	if err != nil {
		return nil, err
	}
	resp, err := m.Do(ctx, req, texts, limit, memoryMB)
	p.end(m, resp, int64(memoryMB)<<20)
	return resp, err
}

// begin finds or makes the client for some settings.
func (p *Pool) begin(s Settings) (*member, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("closed")
	}
	i := slices.IndexFunc(p.members, func(m *member) bool { return sameSettings(m.settings, s) })
	var m *member
	switch {
	case i >= 0:
		m = p.members[i]
	case len(p.members) < maxProcesses:
		m = &member{}
		m.Command, m.Log = p.Command, p.Log
		m.Loading = func(is bool) { p.setLoading(m, is) }
		m.rest = time.AfterFunc(p.maxIdle(), func() { p.dropIdle(m) })
		i, p.members = len(p.members), append(p.members, m)
	default:
		if i = p.leastUseful(0); i < 0 {
			i = len(p.members) - 1
		}
		m = p.members[i]
	}
	m.settings = s
	m.asked++
	m.rest.Stop()
	p.members = slices.Insert(slices.Delete(p.members, i, i+1), 0, m)
	return m, nil
}

// end takes note of what an answer says.
func (p *Pool) end(m *member, resp *Response, memory int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.asked--
	m.rest.Reset(p.maxIdle())
	if resp == nil {
		return
	}
	m.memory = resp.Memory
	sum := int64(0)
	for _, m := range p.members {
		sum += m.memory
	}
	for sum > memory {
		i := p.leastUseful(1)
		if i < 0 {
			return
		}
		sum -= p.members[i].memory
		p.drop(i)
	}
}

// leastUseful returns the index of the client used longest ago, from an index on, that
// does nothing now; -1 if there is none.
func (p *Pool) leastUseful(from int) int {
	for i := len(p.members) - 1; i >= from; i-- {
		if m := p.members[i]; m.asked == 0 && !m.loads {
			return i
		}
	}
	return -1
}

func (p *Pool) maxIdle() time.Duration {
	if p.idle > 0 {
		return p.idle
	}
	return maxIdle
}

// dropIdle ends a client that rests, unless it is the one used last.
func (p *Pool) dropIdle(m *member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.members, m); i > 0 && m.asked == 0 {
		p.drop(i)
	}
}

// drop ends a client.
func (p *Pool) drop(i int) {
	m := p.members[i]
	p.members = slices.Delete(p.members, i, i+1)
	m.rest.Stop()
	m.Close()
}

// setLoading is told when a client begins and ends to load something.
func (p *Pool) setLoading(m *member, is bool) {
	p.telling.Lock()
	defer p.telling.Unlock()
	p.mu.Lock()
	before := slices.ContainsFunc(p.members, func(m *member) bool { return m.loads })
	m.loads = is
	after := slices.ContainsFunc(p.members, func(m *member) bool { return m.loads })
	p.mu.Unlock()
	if p.Loading != nil && before != after {
		p.Loading(after)
	}
}

// Stop ends what loads something now; the next request starts it again.
func (p *Pool) Stop() {
	p.mu.Lock()
	loading := slices.DeleteFunc(slices.Clone(p.members), func(m *member) bool { return !m.loads })
	p.mu.Unlock()
	for _, m := range loading {
		m.Stop()
	}
}

// Close ends all processes for good.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for len(p.members) > 0 {
		p.drop(len(p.members) - 1)
	}
}
