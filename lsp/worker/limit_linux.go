package worker

import "golang.org/x/sys/unix"

// limitProcess has the system refuse the process more than so many bytes. It is a
// second line: when that fails, the process still looks after itself.
func limitProcess(bytes uint64) {
	unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: bytes, Max: bytes})
}
