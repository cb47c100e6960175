package analysis

import (
	"fmt"

	"gonix.dev/gonix/parser/ast"
)

// Severity is how loudly a problem is reported.
type Severity uint8

// The severities; Off reports nothing.
const (
	Off Severity = iota
	Error
	Warning
	Information
	Hint
)

var severityNames = [...]string{Off: "off", Error: "error", Warning: "warning", Information: "information", Hint: "hint"}

// String returns the severity as it is written in settings.
func (s Severity) String() string { return severityNames[s] }

// ParseSeverity reads a severity as it is written in settings.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if n == name {
			return Severity(i), nil
		}
	}
	return Off, fmt.Errorf("%q is none of error, warning, information, hint, off", name)
}

// Diagnostic is one problem in a file.
type Diagnostic struct {
	ast.Span
	Code     string
	Severity Severity
	Msg      string
	// Unnecessary text may be faded out, Deprecated text struck through.
	Unnecessary, Deprecated bool
	Related                 []Related
	// Fixes are ways to mend it, the best first.
	Fixes []Fix
}

// Related is another place that a problem has to do with.
type Related struct {
	ast.Span
	Msg string
}

// Fix is a change that mends a problem.
type Fix struct {
	Title string
	Edits []Edit
	// Safe says that the meaning of the file stays as it is, so that all fixes of
	// a kind may be applied at once.
	Safe bool
}

// Edit replaces a span of the text. The edits of one fix do not overlap.
type Edit struct {
	ast.Span
	New string
}

// Rule is one kind of problem.
type Rule struct {
	Code     string
	Severity Severity // unless the user wants another
	Summary  string   // one sentence, for documentation

	// tolerant rules make sense of files with syntax errors, too.
	tolerant bool
	// world says that the rule looks at other files.
	world bool
	// evaluated rules find nothing by themselves: [CheckOptions] is told.
	evaluated bool
	// check looks at the file as a whole, visit at one node of the tree.
	check func(*pass)
	visit func(*pass, ast.Node)
}
