package lsp

import (
	"context"
	"sync"
)

// checks are the searches for problems that requests wait for, by the text. They give
// way when it changes; those of the publisher are in its own hands.
type checks struct {
	mu      sync.Mutex
	running map[string]map[*check]bool
}

type check struct{ cancel context.CancelFunc }

// begin returns a context for one search, which is cancelled when the text changes;
// end must be called.
func (c *checks) begin(ctx context.Context, key string) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	mine := &check{cancel}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		c.running = map[string]map[*check]bool{}
	}
	if c.running[key] == nil {
		c.running[key] = map[*check]bool{}
	}
	c.running[key][mine] = true
	return ctx, func() {
		cancel()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.running[key], mine)
		if len(c.running[key]) == 0 {
			delete(c.running, key)
		}
	}
}

// interrupt ends the searches in a text.
func (c *checks) interrupt(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for check := range c.running[key] {
		check.cancel()
	}
}
