package eval

import "fmt"

// ErrorKind sorts errors by what caused them.
type ErrorKind uint8

const (
	// ErrEval is any evaluation error without a kind of its own.
	ErrEval ErrorKind = iota
	// ErrType is a value of the wrong type.
	ErrType
	// ErrThrow is builtins.throw; tryEval catches it.
	ErrThrow
	// ErrAssert is a failed assertion; tryEval catches it.
	ErrAssert
	// ErrAbort is builtins.abort.
	ErrAbort
	// ErrUndefined is a variable that nothing defines.
	ErrUndefined
	// ErrMissingAttr is an attribute that a set lacks.
	ErrMissingAttr
	// ErrRecursion is an infinite recursion or a call depth past the limit.
	ErrRecursion
	// ErrSyntax is a file that does not parse.
	ErrSyntax
	// ErrRestricted is something that pure or restricted evaluation forbids.
	ErrRestricted
	// ErrCancelled is an evaluation stopped by its caller.
	ErrCancelled
	// ErrUnsupported is something gonix cannot do yet.
	ErrUnsupported
)

// Frame is one line of a trace.
type Frame struct {
	Pos Pos
	Msg string
	// Forced says that the user asked for this line (builtins.addErrorContext),
	// so that it shows in short traces too.
	Forced bool
}

// Error is what evaluation fails with. Positions are resolved by
// [State.Position].
type Error struct {
	Kind ErrorKind
	Msg  string
	Pos  Pos
	// Trace tells what was being done, innermost first.
	Trace []Frame
	// Suggestions are names that may have been meant.
	Suggestions []string
	// Cycle is the definitions that an infinite recursion goes through.
	Cycle []Pos
	// Incomplete says of a syntax error that more input might mend it.
	Incomplete bool
	// Cause is the error underneath, if any.
	Cause error

	cycleOf   *thunk // the thunk that waits for itself, until the trace has passed it
	cycleSlot *Value // likewise, the slot
	dropped   int    // frames left out of Trace
}

func (e *Error) Error() string { return e.Msg }

func (e *Error) Unwrap() error { return e.Cause }

// maxTrace bounds the frames that an error keeps: deep recursions would
// otherwise carry tens of thousands.
const maxTrace = 100_000

// AddTrace adds a line about what was being done, and returns e.
func (e *Error) AddTrace(pos Pos, format string, args ...any) *Error {
	if len(e.Trace) >= maxTrace {
		e.dropped++
		return e
	}
	msg := format
	if len(args) > 0 {
		msg = fmt.Sprintf(format, args...)
	}
	e.Trace = append(e.Trace, Frame{Pos: pos, Msg: msg})
	return e
}

// Errorf makes an error at a position, 0 for none.
func (st *State) Errorf(kind ErrorKind, pos Pos, format string, args ...any) *Error {
	return &Error{Kind: kind, Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

// caught reports whether tryEval turns the error into a result.
func (e *Error) caught() bool { return e.Kind == ErrThrow || e.Kind == ErrAssert }
