package lsp

import (
	"sync"
	"time"
)

// linkTargets remembers which files links lead to. Editors ask for the links of a text
// after every change, and those of a large file are ten thousand files to look at. What
// is known is believed for a while, and then looked at again, a few files at a time.
type linkTargets struct {
	mu    sync.Mutex
	files map[string]foundFile // by what the link says
}

type foundFile struct {
	path    string // empty if there is none
	checked time.Time
}

const (
	// targetsFresh is how long what was found is believed without a look.
	targetsFresh = 5 * time.Second
	// maxRechecked is how many files of those that are known one request looks at.
	maxRechecked = 500
	// maxTargets bounds what is remembered.
	maxTargets = 50_000
)

// forget drops all that is known, because files changed.
func (t *linkTargets) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.files = nil
}

// ask returns a function that returns the files which paths lead to, or nothing, for
// one request.
func (t *linkTargets) ask() func(path string) string {
	now, rechecked := time.Now(), 0
	return func(path string) string {
		t.mu.Lock()
		known, ok := t.files[path]
		t.mu.Unlock()
		if ok && now.Sub(known.checked) > targetsFresh && rechecked < maxRechecked {
			rechecked++
			ok = false
		}
		if ok {
			return known.path
		}
		file, _ := fileToOpen(path)
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.files == nil || len(t.files) >= maxTargets {
			t.files = map[string]foundFile{}
		}
		t.files[path] = foundFile{file, now}
		return file
	}
}
