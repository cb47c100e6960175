//go:build !linux

package worker

// limitProcess does nothing where the system has no such limit.
func limitProcess(uint64) {}
