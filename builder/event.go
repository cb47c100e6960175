package builder

import (
	"os"
	"sync/atomic"

	"gonix.dev/gonix/store"
)

// Action says what an Event tells.
type Action uint8

// The actions.
const (
	Message Action = iota // Text, or Err if that is set, at Level
	Start                 // activity ID of Type begins
	Stop                  // activity ID has ended
	Report                // activity ID has a result of Type
)

// Level is how important a message is, as in Nix.
type Level uint8

// The levels.
const (
	LevelError Level = iota
	LevelWarn
	LevelNotice
	LevelInfo
	LevelTalkative
	LevelChatty
	LevelDebug
	LevelVomit
)

// Types of activities, with Nix's numbers.
const (
	ActCopyPath     = 100
	ActFileTransfer = 101
	ActRealise      = 102
	ActCopyPaths    = 103
	ActBuilds       = 104
	ActBuild        = 105
	ActSubstitute   = 108
	ActPostBuild    = 110
	ActBuildWaiting = 111
)

// Types of results, with Nix's numbers.
const (
	ResBuildLogLine     = 101
	ResSetPhase         = 104
	ResProgress         = 105 // done, expected, running, failed
	ResSetExpected      = 106
	ResPostBuildLogLine = 107
)

// Event is one thing that happened. Fields are strings and int64s, as Nix's
// internal-json has them.
type Event struct {
	Action Action
	Level  Level
	Type   int
	ID     uint64
	Parent uint64
	Text   string
	Fields []any
	Err    error

	// For says what waits for an activity that starts: from what was asked for down
	// to what needs it at once. Nix has no such thing.
	For []store.Path
}

// Observer receives events. It may be called by several goroutines at once.
type Observer func(Event)

var lastActivity atomic.Uint64

// newActivity returns an id that no other activity of this machine has at the
// same time.
func newActivity() uint64 {
	return uint64(os.Getpid())<<32 + lastActivity.Add(1)
}

// activity is a running one.
type activity struct {
	id      uint64
	observe Observer
}

func (o Observer) start(level Level, typ int, parent uint64, text string, fields ...any) activity {
	return o.startFor(nil, level, typ, parent, text, fields...)
}

func (o Observer) startFor(waiting []store.Path, level Level, typ int, parent uint64, text string, fields ...any) activity {
	a := activity{newActivity(), o}
	o(Event{Action: Start, Level: level, Type: typ, ID: a.id, Parent: parent, Text: text, Fields: fields, For: waiting})
	return a
}

func (a activity) report(typ int, fields ...any) {
	a.observe(Event{Action: Report, Type: typ, ID: a.id, Fields: fields})
}

func (a activity) stop() {
	if a.id != 0 {
		a.observe(Event{Action: Stop, ID: a.id})
	}
}

func (o Observer) message(level Level, text string) {
	o(Event{Action: Message, Level: level, Text: text})
}

func (o Observer) fail(err error) {
	o(Event{Action: Message, Level: LevelError, Text: err.Error(), Err: err})
}
