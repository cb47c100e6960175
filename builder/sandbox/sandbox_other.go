//go:build !linux || (!amd64 && !arm64)

package sandbox

import "os"

// Process is a started process tree.
type Process struct{ Pid int }

// Start starts the process that spec describes.
func Start(spec *Spec) (*Process, error) { return nil, ErrUnsupported }

// Kill kills the whole tree.
func (p *Process) Kill() {}

// Wait waits for the first process to end.
func (p *Process) Wait() (Status, error) { return Status{}, ErrUnsupported }

// Limits bound what a process tree may have.
type Limits struct{ Processes, Memory int64 }

// Cgroup is a control group.
type Cgroup struct{}

// NewCgroup makes a control group.
func NewCgroup(Limits) (*Cgroup, error) { return nil, ErrUnsupported }

// Close removes the group.
func (c *Cgroup) Close() {}

// Probe tells what works here.
func Probe() Support { return Support{Err: ErrUnsupported} }

// OpenPTY opens a pseudo terminal.
func OpenPTY() (master, slave *os.File, err error) { return nil, nil, ErrUnsupported }
