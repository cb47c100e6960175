package worker

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// ErrMemory is returned by [Run] when evaluation takes more memory than it may.
var ErrMemory = errors.New("evaluation takes too much memory")

// An evaluation makes much and drops little: Go's usual pace would have it help the
// collector over and over. So memory is looked at while an evaluation runs, and
// collections are started from there; at rest nothing is looked at.
const (
	// memoryPoll is how often memory is looked at while an evaluation runs.
	memoryPoll = 10 * time.Millisecond
	// collectionStep is how many bytes the heap may grow between collections.
	collectionStep = 192 << 20
	// headroom is how many bytes the system lets the process have above its limit,
	// for what is not heap.
	headroom = 512 << 20
	// noCollection is a GOGC that starts no collection by itself.
	noCollection = 100_000
	// longRest is how long after an evaluation free memory goes back to the system.
	longRest = 10 * time.Second
)

// memory keeps a process within a limit.
type memory struct {
	limit   uint64 // bytes
	next    uint64 // size of the heap at which to collect
	samples []metrics.Sample
}

func newMemory(limitMB int) *memory {
	debug.SetGCPercent(noCollection)
	// Near its limit the process had better collect than die.
	debug.SetMemoryLimit(int64(limitMB) << 20 / 10 * 9)
	// One step of an evaluation may take more than all there is: then the system
	// has to say no.
	limitProcess(uint64(limitMB)<<20 + headroom)
	return &memory{
		limit: uint64(limitMB) << 20, next: collectionStep,
		samples: []metrics.Sample{
			{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
			{Name: "/memory/classes/heap/objects:bytes"},
		},
	}
}

// check looks at the memory, and fails when it is too much.
func (m *memory) check() error {
	if m.used() > m.limit {
		return ErrMemory
	}
	if m.samples[2].Value.Uint64() > m.next {
		m.collect()
	}
	return nil
}

// used returns how much is in use.
func (m *memory) used() uint64 {
	metrics.Read(m.samples)
	return m.samples[0].Value.Uint64() - m.samples[1].Value.Uint64()
}

func (m *memory) collect() {
	runtime.GC()
	m.pace()
}

// release gives what is free back to the system.
func (m *memory) release() {
	debug.FreeOSMemory()
	m.pace()
}

func (m *memory) pace() {
	metrics.Read(m.samples)
	m.next = m.samples[2].Value.Uint64() + collectionStep
}

// watch waits for an answer, and looks at the memory meanwhile.
func (m *memory) watch(ctx context.Context, done <-chan *Response) (*Response, error) {
	tick := time.NewTicker(memoryPoll)
	defer tick.Stop()
	for {
		select {
		case resp := <-done:
			return resp, nil
		case <-ctx.Done():
			return nil, nil
		case <-tick.C:
			if err := m.check(); err != nil {
				return nil, err
			}
		}
	}
}
