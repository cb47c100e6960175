package cmd

import (
	"slices"
	"strings"

	"gonix.dev/gonix/eval"
)

// A short trace shows what somebody took the trouble to say (addErrorContext), and
// a few places of the user's own code. Deep inside a module system or a package
// set the frames next to the error are all in one file that the user did not
// write, and often on one line. So a place in another file comes before a further
// one in a file that was shown, calls and definitions come before the mechanics of
// builtins and branches, and no line is shown twice.

// shortTrace is how many places of a trace are shown unless all are asked for.
const shortTrace = 3

// frames chooses what to show of a trace, outermost first.
func (e *evalError) frames(trace []eval.Frame) (shown []traceLine, hidden int) {
	all := make([]eval.Frame, 0, len(trace))
	for _, f := range slices.Backward(trace) {
		if f.Msg != "" {
			all = append(all, f)
		}
	}
	if e.full {
		return foldRepeats(all), 0
	}
	places := e.choosePlaces(all)
	seen := make(map[eval.Frame]bool)
	for i, f := range all {
		switch {
		case seen[f]:
			continue
		case f.Forced || places[i]:
			shown = append(shown, traceLine{Frame: f})
		default:
			hidden++
		}
		seen[f] = true
	}
	return shown, hidden
}

// choosePlaces returns the indices of the frames whose places a short trace shows.
func (e *evalError) choosePlaces(all []eval.Frame) map[int]bool {
	type line struct {
		file string
		n    int
	}
	lines, files := make(map[line]bool), make(map[string]bool)
	mark := func(pos eval.Pos) {
		if at, ok := e.st.Position(pos); ok {
			lines[line{at.File.Name, at.Line}], files[at.File.Name] = true, true
		}
	}
	mark(e.err.Pos)
	chosen := make(map[int]bool)
	// choose takes the innermost frames that fit.
	choose := func(most int, fits func(f eval.Frame, file string) bool) {
		for i, f := range slices.Backward(all) {
			at, ok := e.st.Position(f.Pos)
			if len(chosen) >= most {
				return
			}
			if ok && !f.Forced && e.interesting(at) && !lines[line{at.File.Name, at.Line}] && fits(f, at.File.Name) {
				chosen[i] = true
				mark(f.Pos)
			}
		}
	}
	if e.err.Pos == 0 {
		choose(1, func(eval.Frame, string) bool { return true }) // where throw is
	}
	choose(shortTrace, func(f eval.Frame, file string) bool { return !mechanical(f) && !files[file] })
	choose(shortTrace, func(f eval.Frame, _ string) bool { return !mechanical(f) })
	choose(1, func(eval.Frame, string) bool { return true })
	return chosen
}

// mechanical reports whether a frame only says what the evaluator was doing at a
// place that the frames around it tell as well.
func mechanical(f eval.Frame) bool {
	return strings.HasPrefix(f.Msg, "while calling the '") || strings.HasPrefix(f.Msg, "while evaluating a branch condition")
}

// interesting reports whether a short trace shows a place: if it is in the user's
// own code, that is, below the working directory, or not in a file.
func (e *evalError) interesting(at eval.Position) bool {
	name := at.File.Name
	return !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "«nix-internal»") && !strings.HasPrefix(name, "<nix/") ||
		strings.HasPrefix(name, e.env.Dir+"/")
}
