package lsp

import "sync"

// tokenResults are the semantic tokens that clients hold, to send only what
// changed.
type tokenResults struct {
	mu   sync.Mutex
	next int
	docs map[string]tokenResult
}

type tokenResult struct {
	id   string
	data []uint32
}

func (t *tokenResults) drop(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.docs, key)
}
