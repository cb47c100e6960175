//go:build !linux

package lsp

import "context"

// waitExit waits until a process is gone, and reports whether that, rather than
// the context, ended the wait.
func waitExit(ctx context.Context, pid int) bool { return pollExit(ctx, pid) }
