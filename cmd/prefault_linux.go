package cmd

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// heapReserve is how much of the heap is made present ahead of its use.
	heapReserve = 768 << 20
	// prefaultLead is how far ahead of the evaluation that happens. One that has not
	// used half of that may not need more.
	prefaultLead = 8 << 20
	prefaultStep = 2 << 20
	// prefaultPoll is how often the heap is looked at.
	prefaultPoll = time.Millisecond
)

// prefaultHeap has another processor take the page faults of an evaluation, which
// otherwise are a quarter of its time. The heap gets a piece of address space at
// once, and what evaluation will use next is made present shortly before.
//
// Nothing depends on it: where the kernel cannot do that, or the runtime uses other
// addresses, pages are faulted in as ever. It ends when until is closed, and returns what
// this adds to the counts of the heap.
func prefaultHeap(until <-chan struct{}) heapCounts {
	if runtime.NumCPU() < 2 {
		return heapCounts{}
	}
	b := make([]byte, heapReserve)
	base := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	runtime.KeepAlive(b)
	b = nil
	runtime.GC() // gives the space to the heap
	go func() {
		watch := heapWatch{often: prefaultPoll, until: until}
		for done := uint64(0); done < heapReserve; {
			ahead := heapSize()
			if ahead >= prefaultLead/2 {
				ahead += prefaultLead
			}
			if done > ahead {
				if _, ok := watch.next(); !ok {
					return
				}
				continue
			}
			if _, _, errno := unix.RawSyscall(unix.SYS_MADVISE, base+uintptr(done), prefaultStep, unix.MADV_POPULATE_WRITE); errno != 0 {
				return
			}
			done += prefaultStep
		}
	}()
	return heapCounts{allocated: heapReserve, collections: 1}
}

// machineMemory is the size of the machine's memory in bytes, 0 if it is not known.
func machineMemory() uint64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return uint64(info.Totalram) * uint64(info.Unit)
}
