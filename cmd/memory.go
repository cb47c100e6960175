package cmd

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// An evaluation makes much and drops little, and it does so on one processor.
// Go's usual pace would have it stop and help the collector over and over. So
// collections are started here instead, by how much the heap has grown, and run on
// the processors that evaluation leaves idle; the evaluator never waits for them.
// What comes after the evaluation, such as hours of building, has Go's usual pace.
const (
	// firstCollection is the heap size, in bytes, before which nothing is
	// collected: most evaluations end sooner.
	firstCollection = 640 << 20
	// collectionStep is how much the heap may grow between collections at least.
	collectionStep = 110 << 20
	// largeHeap is the size from which on Go's usual pace is right.
	largeHeap = 1 << 30
	// noCollection is a GOGC that never starts a collection by itself below
	// 4 GiB, so that collections started here need no help.
	noCollection = 100_000
	// heapPoll is how often the heap of a running evaluation is looked at, and
	// idlePoll how often that of one that waits, as the prompt does for its user.
	heapPoll = 4 * time.Millisecond
	idlePoll = 64 * time.Millisecond
	// standstill is how little the heap grows between looks, in bytes, when it stands
	// still: looking makes garbage, too.
	standstill = 64 << 10
	// patience is after how many such looks there are fewer: an evaluation that only
	// waits for a processor goes on at once.
	patience = 50
	// worthReturning is how large a heap is given back to the system at once when
	// its evaluation is over.
	worthReturning = 64 << 20
)

// collector is the state of the process's collector, of which there is one.
var collector struct {
	sync.Mutex
	begun   bool          // collections have been deferred, once for all
	resumed chan struct{} // closed when they are not deferred any more
}

// heapReserved is what the heap counts because of space reserved for it.
var heapReserved heapCounts

// heapCounts is what the heap has done so far.
type heapCounts struct {
	allocated   uint64 // bytes, garbage included
	inUse       uint64 // bytes of memory
	collections uint32
}

// countHeap counts what evaluation has made of the heap.
func countHeap() heapCounts {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return heapCounts{
		allocated:   m.TotalAlloc - heapReserved.allocated,
		inUse:       m.HeapInuse + m.StackInuse,
		collections: m.NumGC - heapReserved.collections,
	}
}

// deferCollection makes the garbage collector leave evaluation alone. A GOGC or
// GOMEMLIMIT of the user stays.
func deferCollection(getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	collector.Lock()
	defer collector.Unlock()
	if collector.begun {
		return
	}
	collector.begun, collector.resumed = true, make(chan struct{})
	debug.SetGCPercent(noCollection)
	heapReserved = prefaultHeap(collector.resumed)
	go paceCollections(collector.resumed)
}

// resumeCollection ends what deferCollection began: the evaluation is over, and
// nothing refers to it any more.
func resumeCollection() {
	collector.Lock()
	defer collector.Unlock()
	if collector.resumed == nil {
		return
	}
	close(collector.resumed)
	collector.resumed = nil
	debug.SetGCPercent(100)
	if heapSize() > worthReturning {
		go debug.FreeOSMemory()
	}
}

// serverCollection sets the pace of the collector for the language server: each
// keystroke in a large file drops a tree, and is better collected in the pause after
// it than in the way of the next one. The server does so by itself.
func serverCollection(getenv func(string) string) {
	if getenv("GOGC") == "" && getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(200)
	}
}

// heapSize is the number of bytes in objects, dead ones included.
func heapSize() uint64 {
	sample := [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample[:])
	return sample[0].Value.Uint64()
}

// heapWatch looks at the heap again and again: more and more seldom while it does not
// grow, so that a process that waits for something sleeps.
type heapWatch struct {
	often time.Duration   // pause between looks while the heap grows
	until <-chan struct{} // closed when nobody need look any more
	pause time.Duration
	still int // looks since the heap has grown
	size  uint64
}

// next is the heap's size after a pause; ok is false if it does not matter any more.
func (w *heapWatch) next() (size uint64, ok bool) {
	select {
	case <-w.until:
		return 0, false
	case <-time.After(max(w.pause, w.often)):
	}
	size = heapSize()
	switch {
	case size >= w.size+standstill:
		w.pause, w.still = w.often, 0
	case w.still < patience:
		w.still++
	default:
		w.pause = min(2*max(w.pause, w.often), idlePoll)
	}
	w.size = size
	return size, true
}

func paceCollections(until <-chan struct{}) {
	next := uint64(firstCollection)
	if m := machineMemory(); m > 0 {
		next = min(next, m/4)
	}
	watch := heapWatch{often: heapPoll, until: until}
	for {
		size, ok := watch.next()
		if !ok {
			return
		}
		if size < next {
			continue
		}
		runtime.GC()
		live := heapSize()
		if live >= largeHeap {
			collector.Lock()
			defer collector.Unlock()
			if collector.resumed != nil {
				debug.SetGCPercent(100)
			}
			return
		}
		next = live + max(collectionStep, live/2)
	}
}
