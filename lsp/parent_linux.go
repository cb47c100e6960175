package lsp

import (
	"context"

	"golang.org/x/sys/unix"
)

// waitExit waits until a process is gone, and reports whether that, rather than
// the context, ended the wait. It sleeps in the kernel meanwhile.
func waitExit(ctx context.Context, pid int) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err == unix.ESRCH || pollExit(ctx, pid)
	}
	wake := make([]int, 2)
	if err := unix.Pipe2(wake, unix.O_CLOEXEC); err != nil {
		unix.Close(fd)
		return pollExit(ctx, pid)
	}
	stop := context.AfterFunc(ctx, func() { unix.Close(wake[1]) })
	defer func() {
		if stop() {
			unix.Close(wake[1])
		}
		unix.Close(wake[0])
		unix.Close(fd)
	}()
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(wake[0]), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return pollExit(ctx, pid)
		}
		if fds[0].Revents != 0 {
			return true
		}
		if fds[1].Revents != 0 {
			return false
		}
	}
}
