package cmd

import (
	"fmt"
	"slices"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/parser/excerpt"
)

// evalError is an error of evaluation, laid out like Nix's: first what was being
// done, outermost first, then what went wrong, each with its place.
type evalError struct {
	env  *Env
	st   *eval.State
	err  *eval.Error
	full bool // the whole trace
}

func (e *evalError) Unwrap() error { return e.err }

// Error is meant to follow "error:", which goes before the trace, if there is
// one, and again before the message. All lines are indented by its width.
func (e *evalError) Error() string {
	trace, at := e.err.Trace, e.err.Pos
	if e.full {
		trace, at = e.placedByTrace()
	}
	frames, hidden := e.frames(trace)
	var b strings.Builder
	for _, f := range frames {
		if f.omitted > 0 {
			fmt.Fprintf(&b, "\n(%d duplicate frames omitted)\n", f.omitted)
			continue
		}
		b.WriteString("\n… " + f.Msg + "\n")
		e.place(&b, f.Pos, "  ")
	}
	if hidden > 0 && len(frames) > 0 {
		b.WriteString("\n(stack trace truncated; use '--show-trace' to show the full, detailed trace)\n")
	}
	if len(frames) > 0 {
		b.WriteString("\nerror: ")
	}
	b.WriteString(e.err.Msg + "\n")
	e.place(&b, at, "")
	e.cycle(&b)
	if s := e.err.Suggestions; len(s) > 0 {
		b.WriteString("Did you mean " + oneOf(s) + "?\n")
	}
	lines := strings.Split(strings.TrimRight(b.String(), " \t\n"), "\n")
	for i, line := range lines {
		if i > 0 && line != "" {
			line = "       " + line
		}
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.Join(lines, "\n")
}

// placedByTrace returns the trace and the place of the error without the places
// that the call of a builtin around them has told already.
func (e *evalError) placedByTrace() ([]eval.Frame, eval.Pos) {
	trace := slices.Clone(e.err.Trace)
	at, inner := e.err.Pos, 0 // since the last call of a builtin
	for k := range trace {
		if !strings.HasPrefix(trace[k].Msg, "while calling the '") {
			continue
		}
		call := trace[k].Pos
		if inner == 0 && at == call {
			at = 0
		}
		for i := inner; i < k; i++ {
			if trace[i].Pos == call {
				trace[i].Pos = 0
			}
		}
		inner = k + 1
	}
	return trace, at
}

// oneOf joins names: a, one of a or b, one of a, b or c.
func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return "one of " + strings.Join(names[:last], ", ") + " or " + names[last]
}

// traceLine is a frame as it is shown, or a number of frames that are not.
type traceLine struct {
	eval.Frame
	omitted int
}

// foldRepeats replaces runs of more than a few frames that were there before by
// their number.
func foldRepeats(all []eval.Frame) []traceLine {
	const few = 5
	var shown, run []traceLine
	seen := make(map[eval.Frame]bool)
	flush := func() {
		if len(run) > few {
			shown = append(shown, traceLine{omitted: len(run)})
		} else {
			shown = append(shown, run...)
		}
		run = nil
	}
	for _, f := range all {
		if seen[f] {
			run = append(run, traceLine{Frame: f})
			continue
		}
		flush()
		seen[f] = true
		shown = append(shown, traceLine{Frame: f})
	}
	flush()
	return shown
}

// place adds where something is, with the source lines around it.
func (e *evalError) place(b *strings.Builder, pos eval.Pos, indent string) {
	at, ok := e.st.Position(pos)
	if !ok {
		return
	}
	fmt.Fprintf(b, "%sat %s:%d:%d:\n", indent, at.File.Name, at.Line, at.Column)
	for _, line := range excerpt.Lines(at.File.Src, at.Line, at.Column) {
		b.WriteString(line + "\n")
	}
}

// cycle shows the definitions that an infinite recursion goes through.
func (e *evalError) cycle(b *strings.Builder) {
	const most = 10
	var last string
	n := 0
	for i := len(e.err.Cycle) - 1; i >= 0; i-- {
		at, ok := e.st.Position(e.err.Cycle[i])
		if !ok {
			continue
		}
		line := strings.TrimSpace(at.File.Line(at.Line))
		entry := fmt.Sprintf("%s:%d:%d: %s", at.File.Name, at.Line, at.Column, line)
		if entry == last {
			continue
		}
		last = entry
		if n++; n > most {
			b.WriteString("  ...\n")
			break
		}
		if n == 1 {
			b.WriteString("these definitions need one another:\n")
		}
		b.WriteString("  " + entry + "\n")
	}
}
