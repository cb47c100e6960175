package analysis

import (
	"slices"
	"sort"
	"strings"

	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser"
)

// Apply makes edits to a text. They must not overlap; of several insertions at
// one place the first comes first.
func Apply(src string, edits []Edit) string {
	edits = slices.Clone(edits)
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].Start < edits[j].Start })
	var b strings.Builder
	at := 0
	for _, e := range edits {
		if int(e.Start) < at {
			continue
		}
		b.WriteString(src[at:e.Start])
		b.WriteString(e.New)
		at = int(e.End)
	}
	b.WriteString(src[at:])
	return b.String()
}

// FixAll mends all problems that want is true for, as far as they have a fix for
// which ok is true, and returns the text. What one fix makes possible, such as
// removing a binding that only a removed one used, is done, too.
func FixAll(src string, opts Options, want func(Diagnostic) bool, ok func(Fix) bool) string {
	// Each round removes a layer; a text in which they never end is left as it is
	// after the last.
	for range 50 {
		f := parser.ParseUntil(opts.Stop, opts.Path, src, parser.PipeOperators|parser.KeepComments)
		found := Check(f, scope.ResolveUntil(opts.Stop, f), opts)
		if opts.Stop != nil && opts.Stop() {
			return src
		}
		var edits []Edit
		for _, d := range found {
			if !want(d) || len(d.Fixes) == 0 || !ok(d.Fixes[0]) {
				continue
			}
			if !slices.ContainsFunc(d.Fixes[0].Edits, func(e Edit) bool { return touches(edits, e) }) {
				edits = append(edits, d.Fixes[0].Edits...)
			}
		}
		if len(edits) == 0 {
			return src
		}
		src = Apply(src, edits)
	}
	return src
}

func touches(edits []Edit, e Edit) bool {
	for _, x := range edits {
		if x.Start <= e.End && e.Start <= x.End {
			return true
		}
	}
	return false
}
