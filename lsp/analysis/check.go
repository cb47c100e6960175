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
	// Near limits [CheckWorld] to what touches a span; nil for all of the file.
	Near *ast.Span
	// Stop is asked now and then, unless it is nil. Once it says so, checks return
	// soon, and without what they would have found.
	Stop func() bool
}

// World is what [CheckWorld] may ask about other files.
type World struct {
	// Exists reports whether a path exists.
	Exists func(path string) bool
	// Parse returns the syntax tree of another file, or nil.
	Parse func(path string) *ast.File
}

// pass is one run over one file.
type pass struct {
	file    *ast.File
	scope   *scope.Info
	opts    Options
	world   World
	rule    *Rule
	parents []ast.Node // of the node that is being visited, the root first
	out     []Diagnostic
	steps   int  // nodes since Options.Stop was asked
	ended   bool // since it said so

	keySets map[*ast.AttrSet]keySet // what was asked of them so far
	inside  map[*scope.Def]bool     // what usedInside found; nil if nobody has asked
}

// parent returns the node around the one that is being visited, or nil.
func (p *pass) parent() ast.Node {
	if len(p.parents) == 0 {
		return nil
	}
	return p.parents[len(p.parents)-1]
}

// report adds a finding of the current rule.
func (p *pass) report(d Diagnostic) {
	if d.Code == "" {
		d.Code = p.rule.Code
	}
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
	syntaxRule, duplicateRule,
	undefinedRule, missingBuiltinsRule, unknownBuiltinRule,
	unknownAttrRule, missingArgRule, unexpectedArgRule, notFunctionRule,
	unusedLetRule, unusedInheritRule, unusedFormalRule, unusedArgRule, unusedWithRule, unusedRecRule,
	withShadowRule, shadowedGlobalRule, mergeRecRule, suspiciousOrRule,
	urlRule, legacyLetRule, deprecatedRule, needlessBuiltinsRule,
	emptyLetRule, emptyInheritRule, redundantParenRule, numberRule,
	pathRule, importArgRule, flakeRule, unknownOptionRule, optionTypeRule,
}

// Check finds the problems that the file alone shows, in order of their place.
// Severities are those of the rules; see [WithSeverities].
func Check(f *ast.File, info *scope.Info, opts Options) []Diagnostic {
	p := &pass{file: f, scope: info, opts: opts}
	p.run(func(r *Rule) bool { return !r.world && (r.tolerant || len(f.Errors) == 0) })
	return p.finish()
}

// CheckWorld finds the problems that depend on other files. Its findings are not
// among those of [Check].
func CheckWorld(f *ast.File, info *scope.Info, opts Options, world World) []Diagnostic {
	if len(f.Errors) > 0 || opts.Path == "" {
		return nil
	}
	p := &pass{file: f, scope: info, opts: opts, world: world}
	p.run(func(r *Rule) bool { return r.world })
	return p.finish()
}

func (p *pass) run(want func(*Rule) bool) {
	var visitors []*Rule
	for _, r := range rules {
		if !want(r) {
			continue
		}
		if p.ended = p.ended || p.opts.Stop != nil && p.opts.Stop(); p.ended {
			return
		}
		if r.check != nil {
			p.rule = r
			r.check(p)
		}
		if r.visit != nil {
			visitors = append(visitors, r)
		}
	}
	if len(visitors) > 0 {
		p.walk(p.file.Root, visitors)
	}
}

// walk visits all nodes once, for all rules together.
func (p *pass) walk(n ast.Node, visitors []*Rule) {
	if p.far(n) {
		return
	}
	for _, r := range visitors {
		p.rule = r
		r.visit(p, n)
	}
	p.parents = append(p.parents, n)
	for c := range ast.Children(n) {
		p.walk(c, visitors)
	}
	p.parents = p.parents[:len(p.parents)-1]
}

// stopAfter is how many nodes are visited before Options.Stop is asked again.
const stopAfter = 1 << 10

// far reports whether nobody asks for what is in a node, or for anything any more.
func (p *pass) far(n ast.Node) bool {
	if p.steps++; p.steps == stopAfter && p.opts.Stop != nil {
		p.steps, p.ended = 0, p.ended || p.opts.Stop()
	}
	if p.ended {
		return true
	}
	near := p.opts.Near
	return near != nil && (n.Pos() > near.End || n.Stop() < near.Start)
}

func (p *pass) finish() []Diagnostic {
	out := suppress(p.file, p.out)
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
