package cmd

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// buildLimits are how many processes and how many bytes of memory one build may
// have before it endangers the machine rather than itself.
func buildLimits() (processes uint64, memory int64) {
	if b, err := os.ReadFile("/proc/sys/kernel/pid_max"); err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64); err == nil {
			processes = min(max(n/4, 1024), 32768)
		}
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int64
		if n, err := fmt.Sscanf(string(b), "MemTotal: %d kB", &kib); n == 1 && err == nil {
			memory = kib * 1024 / 16 * 15
		}
	}
	return processes, memory
}
