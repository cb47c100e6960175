package lsp

import (
	"encoding/json"
	"time"

	"go.lsp.dev/protocol"
)

// Partial results are what a long request has found so far, for clients that show
// it meanwhile. They are sent in bunches, and what was sent is not said again in the
// answer.

// partialPause is how long results are gathered before they are sent.
const partialPause = 100 * time.Millisecond

// partial sends results of a request as they are found.
type partial[T any] struct {
	s     *Server
	token protocol.ProgressToken // nil: the client wants all at the end
	wrap  func([]T) any          // as the protocol has a bunch of results
	found []T
	last  time.Time
}

func newPartial[T any](s *Server, token protocol.ProgressToken, wrap func([]T) any) *partial[T] {
	return &partial[T]{s: s, token: token, wrap: wrap, found: []T{}, last: time.Now()}
}

// add takes what was found.
func (p *partial[T]) add(found ...T) {
	p.found = append(p.found, found...)
	if p.token != nil && len(p.found) > 0 && time.Since(p.last) >= partialPause {
		p.flush()
	}
}

// rest returns what is left for the answer.
func (p *partial[T]) rest() []T {
	if p.token != nil && len(p.found) > 0 {
		p.flush()
	}
	return p.found
}

func (p *partial[T]) flush() {
	data, err := json.Marshal(p.wrap(p.found))
	if err == nil {
		err = p.s.client.Progress(p.s.base, &protocol.ProgressParams{Token: p.token, Value: data})
	}
	if err != nil && p.s.base.Err() == nil {
		p.s.logf("partial results: %v", err)
	}
	p.found, p.last = []T{}, time.Now()
}
