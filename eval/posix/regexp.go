package posix

import (
	"errors"
	"strings"
	"sync/atomic"
)

// Kind says why a pattern was refused.
type Kind uint8

// The kinds of error.
const (
	Invalid    Kind = iota // the pattern is malformed
	TooLarge               // the pattern needs too many states
	TooComplex             // matching took too many steps
)

// Error is an error in a pattern, or in matching it.
type Error struct {
	Pattern string
	Kind    Kind
	Reason  string // what is wrong, in our words
}

// Error is the message in Nix's words.
func (e *Error) Error() string {
	switch e.Kind {
	case TooLarge:
		return "memory limit exceeded by regular expression '" + e.Pattern + "'"
	case TooComplex:
		return "step limit exceeded by regular expression '" + e.Pattern + "'"
	}
	return "invalid regular expression '" + e.Pattern + "'"
}

var errComplex = errors.New("too many steps")

// Regexp is a compiled pattern. It may be used by several goroutines at once.
type Regexp struct {
	pattern string
	groups  int
	prog    *program
	eager   bool // use the table from the first step on; for tests
	scratch atomic.Pointer[machine]
}

// Compile compiles a pattern. An error is an *Error.
func Compile(pattern string) (*Regexp, error) {
	root, groups, err := parse(pattern)
	if err != nil {
		return nil, err
	}
	return &Regexp{pattern: pattern, groups: groups, prog: compile(root)}, nil
}

// Groups is the number of groups in the pattern.
func (re *Regexp) Groups() int { return re.groups }

// String is the pattern.
func (re *Regexp) String() string { return re.pattern }

// Match reports whether the pattern matches the whole subject. The bounds of
// group g, counted from 1, are appended to dst at 2*(g-1) and 2*(g-1)+1, both -1 if the
// group took no part. An error is an *Error of kind TooComplex.
func (re *Regexp) Match(subject string, dst []int) ([]int, bool, error) {
	m := re.machine()
	defer re.release(m)
	m.reset(re, subject, true)
	ok, err := m.attempt(0)
	if err != nil {
		return dst, false, re.tooComplex()
	}
	if !ok {
		return dst, false, nil
	}
	return append(dst, m.best[2:2*(re.groups+1)]...), true, nil
}

// Each calls f for every match in the subject from left to right, with the bounds of the
// match in loc[0] and loc[1] and those of group g in loc[2*g] and loc[2*g+1], -1
// if it took no part. f must not keep loc. An error is an *Error of kind TooComplex.
//
// After a match without a byte, another match is tried at the same place that has
// at least one; only if there is none does the search move on.
func (re *Regexp) Each(subject string, f func(loc []int)) error {
	m := re.machine()
	defer re.release(m)
	m.reset(re, subject, false)
	start := 0
	for {
		ok, err := m.search(start)
		if err != nil {
			return re.tooComplex()
		}
		if !ok {
			return nil
		}
		f(m.best[:2*(re.groups+1)])
		for m.best[0] == m.best[1] {
			start = m.best[1]
			if start == len(subject) {
				return nil
			}
			m.notNull = true
			ok, err := m.attempt(start)
			m.notNull = false
			if err != nil {
				return re.tooComplex()
			}
			if !ok {
				start++
				break
			}
			f(m.best[:2*(re.groups+1)])
		}
		if m.best[0] != m.best[1] {
			start = m.best[1]
		}
	}
}

// search finds the leftmost match at or after start.
func (m *machine) search(start int) (bool, error) {
	p := m.prog
	for {
		if !p.nullable {
			if p.firstOne >= 0 {
				i := strings.IndexByte(m.subject[start:], byte(p.firstOne))
				if i < 0 {
					return false, nil
				}
				start += i
			} else {
				for start < len(m.subject) && !p.first.has(m.subject[start]) {
					start++
				}
				if start == len(m.subject) {
					return false, nil
				}
			}
		}
		ok, err := m.attempt(start)
		if ok || err != nil || start == len(m.subject) {
			return ok, err
		}
		start++
	}
}

func (re *Regexp) machine() *machine {
	if m := re.scratch.Swap(nil); m != nil {
		return m
	}
	return new(machine)
}

// release keeps m for the next subject, without what a long one left behind.
func (re *Regexp) release(m *machine) {
	const big = 1 << 16
	m.subject = ""
	if cap(m.stack) > big {
		m.stack = nil
	}
	if len(m.seen) > big {
		m.seen, m.hits, m.undo = nil, nil, nil
	}
	re.scratch.Store(m)
}

func (re *Regexp) tooComplex() error {
	return &Error{Pattern: re.pattern, Kind: TooComplex, Reason: "too many steps"}
}
