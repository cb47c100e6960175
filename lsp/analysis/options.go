package analysis

import (
	"fmt"
	"sort"

	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// Which options there are only evaluation knows, so that these rules find nothing
// by themselves: [CheckOptions] is given what was found.

var unknownOptionRule = &Rule{
	Code:      "unknown-option",
	Severity:  Error,
	Summary:   "A module sets an option that no module declares.",
	evaluated: true,
}

var optionTypeRule = &Rule{
	Code:      "option-type",
	Severity:  Error,
	Summary:   "A module sets an option to a value that the option's type does not take.",
	evaluated: true,
}

// OptionProblem is what evaluation says about the definition of an option.
type OptionProblem struct {
	ast.Span // of the name, or of the value
	// Unknown says that there is no such option; else the value does not fit.
	Unknown bool
	Msg     string
	// Near is the name of an option that may be meant instead.
	Near string
}

// CheckOptions makes diagnostics of what evaluation found, without those that the
// file suppresses.
func CheckOptions(f *ast.File, found []OptionProblem) []Diagnostic {
	var out []Diagnostic
	for _, p := range found {
		rule := optionTypeRule
		if p.Unknown {
			rule = unknownOptionRule
		}
		d := Diagnostic{Span: p.Span, Code: rule.Code, Severity: rule.Severity, Msg: p.Msg}
		if p.Near != "" {
			d.Fixes = []Fix{{Title: fmt.Sprintf("Change to '%s'", p.Near), Edits: []Edit{{p.Span, quote.Identifier(p.Near)}}}}
		}
		out = append(out, d)
	}
	out = suppress(f, out)
	sort.SliceStable(out, func(i, j int) bool { return out[i].Start < out[j].Start })
	return out
}
