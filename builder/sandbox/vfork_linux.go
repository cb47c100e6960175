//go:build linux && (amd64 || arm64)

package sandbox

// op is one system call of a program. The layout is known to the assembly.
type op struct {
	nr    uintptr
	args  [6]uintptr
	flags uintptr
}

const (
	opIgnore = 1 << iota // go on if the call fails
	opStore              // keep the result in state.acc
	opAcc                // the first argument is state.acc
)

// state is the memory that the child shares with its parent. The layout is
// known to the assembly.
type state struct {
	all    uint64  // signal mask with every signal blocked
	_      uint64  // the caller's signal mask
	_      uintptr // accumulator
	failed uintptr // address of the op that failed, or 0
	errno  uintptr // why
}

// vforkRun clones with the given flags and runs ops in the child, to the end or
// to the first error; the last op must be execve or exit_group. It returns the
// child's process id or a negated errno. Signals are blocked meanwhile, since a
// signal handler of Go's must not run in the child.
//
//go:noescape
func vforkRun(flags uintptr, ops *op, st *state) (pid int)
