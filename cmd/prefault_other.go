//go:build !linux

package cmd

// prefaultHeap does nothing where the kernel cannot make memory present ahead.
func prefaultHeap(until <-chan struct{}) heapCounts { return heapCounts{} }

// machineMemory is not known.
func machineMemory() uint64 { return 0 }
