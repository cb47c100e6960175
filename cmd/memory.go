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
	// heapPoll is how often the heap is looked at.
	heapPoll = 4 * time.Millisecond
)

var deferCollectionOnce sync.Once

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
	deferCollectionOnce.Do(func() {
		debug.SetGCPercent(noCollection)
		heapReserved = prefaultHeap(heapSize)
		go paceCollections()
	})
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

func paceCollections() {
	next := uint64(firstCollection)
	if m := machineMemory(); m > 0 {
		next = min(next, m/4)
	}
	for {
		time.Sleep(heapPoll)
		if heapSize() < next {
			continue
		}
		runtime.GC()
		live := heapSize()
		if live >= largeHeap {
			debug.SetGCPercent(100)
			return
		}
		next = live + max(collectionStep, live/2)
	}
}
