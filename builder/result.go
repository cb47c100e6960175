package builder

import (
	"fmt"
	"time"

	"gonix.dev/gonix/store"
)

// Mode is what to do with outputs that exist.
type Mode uint8

// The modes.
const (
	Normal Mode = iota // leave them
	Check              // build again and compare
	Repair             // replace those whose contents are wrong
)

// Status is how a goal ended.
type Status uint8

// The statuses. Those before PermanentFailure are successes.
const (
	Built Status = iota
	Substituted
	AlreadyValid
	PermanentFailure
	InputRejected
	OutputRejected
	TransientFailure
	TimedOut
	MiscFailure
	DependencyFailed
	LogLimitExceeded
	NotDeterministic
	HashMismatch
	NoSubstituters
	Cancelled
)

var statusNames = [...]string{
	"built", "substituted", "already valid", "permanent failure", "input rejected", "output rejected",
	"transient failure", "timed out", "misc failure", "dependency failed", "log limit exceeded",
	"not deterministic", "hash mismatch", "no substituters", "cancelled",
}

func (s Status) String() string { return statusNames[s] }

// OK says whether the status is a success.
func (s Status) OK() bool { return s < PermanentFailure }

// Target is something to make valid: outputs of a derivation, or, if Drv is
// zero, a path.
type Target struct {
	Drv     store.Path
	Outputs []string // nil means all
	Path    store.Path
}

// Result is what became of a target.
type Result struct {
	Target  Target
	Status  Status
	Outputs map[string]store.Path // of a derivation, if Status is OK
	Err     error                 // *Failure if Status is not OK
	Start   time.Time             // of the build itself; zero if there was none
	Stop    time.Time
}

// Failure is a derivation or path that could not be made.
type Failure struct {
	Status Status
	Path   store.Path // the derivation, or the path
	Msg    string     // worded as Nix does, perhaps of several lines
	Err    error      // cause, or nil
	Told   bool       // the observer knows already
}

func (f *Failure) Error() string { return f.Msg }

func (f *Failure) Unwrap() error { return f.Err }

func failf(s Status, p store.Path, format string, args ...any) *Failure {
	err := fmt.Errorf(format, args...)
	return &Failure{Status: s, Path: p, Msg: err.Error(), Err: err}
}
