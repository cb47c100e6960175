package cmd

import (
	"fmt"
	"io"
	"sync"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/closure"
)

// copyProgress shows how a copy gets on: one line that changes on a terminal, a
// line for each path elsewhere.
type copyProgress struct {
	w        io.Writer
	live     bool
	src, dst store.Source

	mu          sync.Mutex
	paths, done int
	size, moved int64
	start, last time.Time
	shown       bool
}

func newCopyProgress(env *Env, src, dst store.Source) *copyProgress {
	return &copyProgress{w: env.Stderr, live: terminal(env.Stderr) && env.Getenv("TERM") != "dumb", src: src, dst: dst}
}

func (p *copyProgress) event(e closure.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case closure.Planned:
		p.paths, p.size, p.start = e.N, e.Size, time.Now()
		if e.N > 0 {
			fmt.Fprintf(p.w, "copying %s (%s) from '%s' to '%s'\n", count(e.N, "path"), byteSize(e.Size), p.src.URI(), p.dst.URI())
		}
	case closure.Started:
		if !p.live {
			fmt.Fprintf(p.w, "copying path '%s' (%s)\n", p.src.StoreDir().Format(e.Path), byteSize(e.Size))
		}
	case closure.Moved:
		p.moved += e.Size
		p.draw(false)
	case closure.Done:
		p.done++
		p.draw(p.done == p.paths)
	}
}

// draw shows the line, ten times a second at most.
func (p *copyProgress) draw(always bool) {
	now := time.Now()
	if !p.live || !always && now.Sub(p.last) < 100*time.Millisecond {
		return
	}
	p.last, p.shown = now, true
	rate := int64(float64(p.moved) / max(now.Sub(p.start).Seconds(), 0.001))
	fmt.Fprintf(p.w, "\r\x1b[K[%d/%d paths, %s of %s, %s/s]", p.done, p.paths, byteSize(p.moved), byteSize(p.size), byteSize(rate))
}

// finish removes the line.
func (p *copyProgress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
