package lsp

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// shortRest is a pause between two keystrokes: garbage is collected then rather
	// than in the way of the next one.
	shortRest = 3 * time.Millisecond
	// longRest is a pause of the user's: what is free goes back to the system.
	longRest = 10 * time.Second
	// worthCollecting is how many bytes of garbage a short rest is used for.
	worthCollecting = 32 << 20
)

// rest uses the pauses between messages to tidy up. Once it has, nothing runs until
// the next message.
type rest struct {
	// busy reports whether somebody waits for an answer; nil is never.
	busy func() bool

	mu      sync.Mutex
	stopped bool
	timer   *time.Timer
	long    bool   // the timer is for the long rest
	at      uint64 // bytes allocated before the last collection
}

// disturb is called for each message.
func (r *rest) disturb() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	r.long = false
	if r.timer == nil {
		r.timer = time.AfterFunc(shortRest, r.tidy)
		return
	}
	r.timer.Reset(shortRest)
}

func (r *rest) tidy() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	if r.busy != nil && r.busy() {
		r.timer.Reset(shortRest)
		return
	}
	if r.long {
		debug.FreeOSMemory()
		r.at = allocated()
		return
	}
	r.long = true
	r.timer.Reset(longRest)
	if total := allocated(); total-r.at > worthCollecting {
		r.at = total
		// Beside the lock: whoever comes now must not wait for it.
		go runtime.GC()
	}
}

func (r *rest) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	if r.timer != nil {
		r.timer.Stop()
	}
}

// allocated is how many bytes the process has allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
