package cmd

import (
	"math"
	"runtime"
	"runtime/debug"
	"sync"
)

// firstCollection is the heap size, in bytes, from which an evaluating command
// collects garbage at all: most evaluations end before that, and what they make
// mostly lives until they end.
const firstCollection = 380 << 20

var deferCollectionOnce sync.Once

// deferCollection keeps the garbage collector off until the heap is large, and
// then leaves it to the usual pace. A GOGC or GOMEMLIMIT of the user stays.
func deferCollection(getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	deferCollectionOnce.Do(func() {
		// The limit makes the runtime collect once the heap has that size. That
		// first collection runs the finalizer, which restores normal operation.
		sentinel := new([16]byte)
		runtime.SetFinalizer(sentinel, func(*[16]byte) {
			debug.SetGCPercent(100)
			debug.SetMemoryLimit(math.MaxInt64)
		})
		debug.SetMemoryLimit(firstCollection)
		debug.SetGCPercent(-1)
	})
}
