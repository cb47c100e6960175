package analysis

import (
	"slices"
	"sort"

	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// Options is what a check knows beyond the file.
type Options struct {
	// Path of the file, for rules that look at where it lies and at paths in it;
	// empty for texts that are not files.
	Path string
	// Exists reports whether a path exists; nil leaves such rules out.
	Exists func(path string) bool
}

// pass is one run over one file.
type pass struct {
	file  *ast.File
	scope *scope.Info
	opts  Options
	rule  *Rule
	out   []Diagnostic
}

// report adds a finding of the current rule.
func (p *pass) report(d Diagnostic) {
	d.Code = p.rule.Code
	if d.Severity == Off {
		d.Severity = p.rule.Severity
	}
	p.out = append(p.out, d)
}

// text returns the source of a node.
func (p *pass) text(n ast.Node) string {
	r := n.Range()
	return p.file.Src[r.Start:r.End]
}

// Rules are all kinds of problem, in the order of the documentation.
func Rules() []*Rule { return slices.Clone(rules) }

var rules = []*Rule{
	syntaxRule,
}

// Check finds the problems of a file, in order of their place. Severities are
// those of the rules; see [WithSeverities].
func Check(f *ast.File, info *scope.Info, opts Options) []Diagnostic {
	p := &pass{file: f, scope: info, opts: opts}
	for _, r := range rules {
		if r.check != nil {
			p.rule = r
			r.check(p)
		}
	}
	out := p.out
	sort.SliceStable(out, func(i, j int) bool { return out[i].Start < out[j].Start })
	return out
}

// WithSeverities gives findings the severities that the user wants, by code, and
// leaves those out that are off.
func WithSeverities(found []Diagnostic, want map[string]string) []Diagnostic {
	if len(want) == 0 {
		return found
	}
	out := make([]Diagnostic, 0, len(found))
	for _, d := range found {
		if name, ok := want[d.Code]; ok {
			if s, err := ParseSeverity(name); err == nil {
				d.Severity = s
			}
		}
		if d.Severity != Off {
			out = append(out, d)
		}
	}
	return out
}
