package lsp

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// parentPoll is how often a process is looked for where the system cannot tell
// of its end.
const parentPoll = 30 * time.Second

func pollExit(ctx context.Context, pid int) bool {
	tick := time.NewTicker(parentPoll)
	defer tick.Stop()
	for {
		p, err := os.FindProcess(pid)
		if err != nil {
			return true
		}
		if err := p.Signal(syscall.Signal(0)); errors.Is(err, os.ErrProcessDone) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}
