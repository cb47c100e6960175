package cmd

import (
	"encoding/json"
	"fmt"
	"runtime"
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

// shortTrace is how many lines of trace are shown unless all are asked for.
const shortTrace = 3

func (e *evalError) Unwrap() error { return e.err }

// Error is meant to follow "error: ".
func (e *evalError) Error() string {
	frames, hidden := e.frames()
	var b strings.Builder
	if len(frames) > 0 {
		for _, f := range frames {
			b.WriteString("\n       … " + indent(f.Msg, "         "))
			e.place(&b, f.Pos, "         ")
		}
		b.WriteString("\n")
		if hidden > 0 {
			b.WriteString("\n       (stack trace truncated; use '--show-trace' to show the full, detailed trace)\n")
		}
		b.WriteString("\n       error: ")
	}
	b.WriteString(indent(e.err.Msg, "       "))
	e.place(&b, e.err.Pos, "       ")
	e.cycle(&b)
	if s := e.err.Suggestions; len(s) > 0 {
		b.WriteString("\n       Did you mean " + oneOf(s) + "?")
	}
	return b.String()
}

// oneOf joins names: a, one of a or b, one of a, b or c.
func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return "one of " + strings.Join(names[:last], ", ") + " or " + names[last]
}

// frames chooses what to show of the trace, outermost first.
func (e *evalError) frames() (shown []eval.Frame, hidden int) {
	all := e.err.Trace
	seen := make(map[eval.Frame]bool)
	for i := len(all) - 1; i >= 0; i-- {
		f := all[i]
		if f.Msg == "" {
			continue
		}
		if seen[f] {
			continue
		}
		seen[f] = true
		if !e.full && !f.Forced && !e.interesting(f) {
			hidden++
			continue
		}
		shown = append(shown, f)
	}
	if e.full {
		return shown, 0
	}
	// Of the places in the user's own code the innermost tell most.
	plain := 0
	for i := len(shown) - 1; i >= 0; i-- {
		if shown[i].Forced {
			continue
		}
		if plain++; plain > shortTrace {
			shown = append(shown[:i], shown[i+1:]...)
			hidden++
		}
	}
	return shown, hidden
}

// interesting reports whether a short trace shows a frame: if it is in the
// user's own code, that is, below the working directory, or not in a file.
func (e *evalError) interesting(f eval.Frame) bool {
	at, ok := e.st.Position(f.Pos)
	if !ok {
		return false
	}
	name := at.File.Name
	return !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "«nix-internal»") && !strings.HasPrefix(name, "<nix/") ||
		strings.HasPrefix(name, e.env.Dir+"/")
}

// place adds where something is, with the source lines around it.
func (e *evalError) place(b *strings.Builder, pos eval.Pos, indent string) {
	at, ok := e.st.Position(pos)
	if !ok {
		return
	}
	fmt.Fprintf(b, "\n%sat %s:%d:%d:", indent, at.File.Name, at.Line, at.Column)
	for _, line := range excerpt.Lines(at.File.Src, at.Line, at.Column) {
		b.WriteString("\n" + indent + "   " + line)
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
			b.WriteString("\n         ...")
			break
		}
		if n == 1 {
			b.WriteString("\n       these definitions need one another:")
		}
		b.WriteString("\n         " + entry)
	}
}

func indent(s, by string) string { return strings.ReplaceAll(s, "\n", "\n"+by) }

// printStats prints what an evaluation counted.
func printStats(env *Env, st *eval.State) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	out, err := json.MarshalIndent(map[string]any{
		"nrThunks":        st.Stats.Thunks,
		"nrFunctionCalls": st.Stats.Calls,
		"nrPrimOpCalls":   st.Stats.PrimOpCalls,
		"nrLookups":       st.Stats.Lookups,
		"nrOpUpdates":     st.Stats.Updates,
		"files":           st.Stats.Files,
		"sourceBytes":     st.Stats.SourceBytes,
		"heap":            map[string]any{"bytes": m.TotalAlloc, "collections": m.NumGC, "fromSystem": m.Sys},
	}, "", "  ")
	if err == nil {
		fmt.Fprintf(env.Stderr, "%s\n", out)
	}
}
