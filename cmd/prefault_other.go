//go:build !linux

package cmd

// prefaultHeap does nothing where the kernel cannot make memory present ahead.
func prefaultHeap(heap func() uint64) heapCounts { return heapCounts{} }

// machineMemory is not known.
func machineMemory() uint64 { return 0 }
