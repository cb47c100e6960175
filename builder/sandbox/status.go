package sandbox

import (
	"fmt"
	"time"
)

// Status is how a process ended.
type Status struct {
	Code       int // exit status; meaningless after a signal
	Signal     int // the signal that killed it, or 0
	SignalName string
	User       time.Duration // CPU time of the tree
	System     time.Duration
}

// OK says that the process ended with exit status 0.
func (s Status) OK() bool { return s.Signal == 0 && s.Code == 0 }

// String words the status as Nix does.
func (s Status) String() string {
	switch {
	case s.Signal != 0:
		return fmt.Sprintf("failed due to signal %d (%s)", s.Signal, s.SignalName)
	case s.Code != 0:
		return fmt.Sprintf("failed with exit code %d", s.Code)
	}
	return "succeeded"
}

// Support tells what works on this machine.
type Support struct {
	Namespaces     bool // sandboxed builds work
	UserNamespaces bool // ... and as a normal user
	Err            error
}
