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

// partial sends places as they are found.
type partial struct {
	s     *Server
	token protocol.ProgressToken // nil: the client wants all at the end
	found []protocol.Location
	last  time.Time
}

func newPartial(s *Server, token protocol.ProgressToken) *partial {
	return &partial{s: s, token: token, found: []protocol.Location{}, last: time.Now()}
}

// add takes what was found.
func (p *partial) add(found protocol.Location) {
	p.found = append(p.found, found)
	if p.token != nil && time.Since(p.last) >= partialPause {
		p.flush()
	}
}

// rest returns what is left for the answer.
func (p *partial) rest() []protocol.Location {
	if p.token != nil && len(p.found) > 0 {
		p.flush()
	}
	return p.found
}

func (p *partial) flush() {
	data, err := json.Marshal(p.found)
	if err == nil {
		err = p.s.client.Progress(p.s.base, &protocol.ProgressParams{Token: p.token, Value: data})
	}
	if err != nil && p.s.base.Err() == nil {
		p.s.logf("partial results: %v", err)
	}
	p.found, p.last = []protocol.Location{}, time.Now()
}
