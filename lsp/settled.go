package lsp

import (
	"os"
	"sync"

	"gonix.dev/gonix/lsp/document"
)

// settledTexts are the texts of modules as they were when typing last paused and
// they made sense. Options are looked up in these: what modules declare rarely
// changes with a key, and half a word is no module.
type settledTexts struct {
	mu    sync.Mutex
	texts map[string]string
}

// settle takes the text for what it says, if it says anything.
func (t *settledTexts) settle(d *document.Snapshot) {
	if d.Path == "" || len(d.File().Errors) > 0 {
		return
	}
	for _, u := range scopes.Of(d).Uses {
		if u.Undefined() {
			return
		}
	}
	if d.Stopped() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.texts == nil {
		t.texts = map[string]string{}
	}
	t.texts[docKey(d.URI)] = d.Text
}

// text returns the settled text of an open document; ok is false when what is on
// disk counts.
func (t *settledTexts) text(d *document.Snapshot) (text string, ok bool) {
	t.mu.Lock()
	text, ok = t.texts[docKey(d.URI)]
	t.mu.Unlock()
	if ok {
		return text, true
	}
	if _, err := os.Lstat(d.Path); err == nil {
		return "", false
	}
	return d.Text, len(d.File().Errors) == 0
}

// drop forgets a text that was closed.
func (t *settledTexts) drop(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.texts, key)
}
