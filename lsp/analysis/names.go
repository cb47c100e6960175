package analysis

import (
	"fmt"
	"sort"

	"gonix.dev/gonix/internal/suggest"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

var undefinedRule = &Rule{
	Code:     "undefined-name",
	Severity: Error,
	Summary:  "Nothing defines a name, and no `with` is around that might.",
	tolerant: true,
	check: func(p *pass) {
		open := OpenComment(p.file)
		suggested := map[suggestion]string{}
		for _, u := range p.scope.Uses {
			if !u.Undefined() || scope.IsBuiltin(u.Name) || u.Name == "or" || open >= 0 && u.Start >= open {
				continue
			}
			d := Diagnostic{Span: u.Span, Msg: fmt.Sprintf("undefined variable '%s'", u.Name)}
			about := suggestion{u.Name, u.Scope}
			near, known := suggested[about]
			if !known && len(suggested) < maxSuggested {
				near = nearest(u.Name, u.Scope)
				suggested[about] = near
			}
			if near != "" {
				d.Msg += fmt.Sprintf("; did you mean '%s'?", near)
				if !u.Inherit {
					d.Fixes = []Fix{{Title: fmt.Sprintf("Change to '%s'", near), Edits: []Edit{{u.Span, near}}}}
				}
			}
			p.report(d)
		}
	},
}

// suggestion is what a name that nobody defines is replaced by.
type suggestion struct {
	name  string
	scope *scope.Scope
}

// maxSuggested bounds for how many names others are suggested: each is compared with all
// that are visible.
const maxSuggested = 100

// nearest returns the visible name that a misspelt one is closest to, or "".
func nearest(name string, s *scope.Scope) string {
	limit := 1 + len(name)/4
	if len(name) < 3 {
		return ""
	}
	best, bestDist := "", limit+1
	for ; s != nil; s = s.Parent {
		for _, d := range s.Defs {
			if dist := distance(name, d.Name, limit); dist < bestDist && d.Name != name {
				best, bestDist = d.Name, dist
			}
		}
	}
	return best
}

// distance is suggest.Distance, without the work where the lengths tell already
// that it is more than limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	return suggest.Distance(a, b)
}

var missingBuiltinsRule = &Rule{
	Code:     "missing-builtins",
	Severity: Error,
	Summary:  "A builtin that is no global is used without `builtins.`.",
	check: func(p *pass) {
		for _, u := range p.scope.Uses {
			if !u.Undefined() || !scope.IsBuiltin(u.Name) {
				continue
			}
			d := Diagnostic{Span: u.Span, Msg: fmt.Sprintf("undefined variable '%s'; it is an attribute of 'builtins'", u.Name)}
			if !u.Inherit && u.Scope != nil && definesGlobally(u.Scope, "builtins") {
				d.Fixes = []Fix{{Title: fmt.Sprintf("Change to builtins.%s", u.Name), Safe: true, Edits: []Edit{{u.Span, "builtins." + u.Name}}}}
			}
			p.report(d)
		}
	},
}

// definesGlobally reports whether a name means the global of that name.
func definesGlobally(s *scope.Scope, name string) bool {
	def, _ := s.Find(name)
	return def != nil && def.Kind == scope.Global
}

// builtinsSelect returns the attribute of `builtins.attr`, if n is that.
func (p *pass) builtinsSelect(n ast.Node) (*ast.Select, *ast.AttrName) {
	sel, ok := n.(*ast.Select)
	if !ok || len(sel.Path) == 0 || sel.Path[0].Dynamic() {
		return nil, nil
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok || id.Name != "builtins" {
		return nil, nil
	}
	if u := p.scope.UseAt(id.Start); u == nil || u.Def == nil || u.Def.Kind != scope.Global {
		return nil, nil
	}
	return sel, sel.Path[0]
}

var unknownBuiltinRule = &Rule{
	Code:     "unknown-builtin",
	Severity: Warning,
	Summary:  "`builtins` has no such attribute in Nix 2.36.",
	visit: func(p *pass, n ast.Node) {
		sel, attr := p.builtinsSelect(n)
		if sel == nil || sel.Default != nil || scope.IsBuiltin(attr.Name) {
			return
		}
		d := Diagnostic{Span: attr.Span, Msg: fmt.Sprintf("builtins has no attribute '%s'", attr.Name)}
		best, bestDist := "", 3
		for _, b := range scope.Builtins {
			if dist := distance(attr.Name, b, 2); dist < bestDist {
				best, bestDist = b, dist
			}
		}
		if best != "" {
			d.Msg += fmt.Sprintf("; did you mean '%s'?", best)
			d.Fixes = []Fix{{Title: fmt.Sprintf("Change to '%s'", best), Edits: []Edit{{attr.Span, best}}}}
		}
		p.report(d)
	},
}

var needlessBuiltinsRule = &Rule{
	Code:     "needless-builtins",
	Severity: Hint,
	Summary:  "A global is spelt with `builtins.`, or a builtin with two underscores.",
	visit: func(p *pass, n ast.Node) {
		if id, ok := n.(*ast.Ident); ok && len(id.Name) > 2 && id.Name[:2] == "__" {
			u := p.scope.UseAt(id.Start)
			if u == nil || u.Def == nil || u.Def.Kind != scope.Global || !definesGlobally(u.Scope, "builtins") {
				return
			}
			plain := "builtins." + id.Name[2:]
			p.report(Diagnostic{
				Span: id.Span, Msg: fmt.Sprintf("'%s' is an old name of %s", id.Name, plain), Deprecated: true,
				Fixes: []Fix{{Title: "Change to " + plain, Safe: true, Edits: []Edit{{id.Span, plain}}}},
			})
			return
		}
		if let, ok := n.(*ast.Let); ok {
			p.needlessInherit(let)
			return
		}
		sel, attr := p.builtinsSelect(n)
		if sel == nil || len(sel.Path) > 1 || sel.Default != nil || attr.Quoted || !isPlainGlobal(attr.Name) {
			return
		}
		u := p.scope.UseAt(sel.X.Pos())
		if !definesGlobally(u.Scope, attr.Name) {
			return // the plain name means something else here
		}
		p.report(Diagnostic{
			Span: ast.Span{Start: sel.Start, End: attr.Start}, Unnecessary: true,
			Msg:   fmt.Sprintf("'%s' is known without 'builtins.'", attr.Name),
			Fixes: []Fix{{Title: fmt.Sprintf("Change to %s", attr.Name), Safe: true, Edits: []Edit{{ast.Span{Start: sel.Start, End: attr.Start}, ""}}}},
		})
	},
}

// needlessInherit reports a global that a let inherits from builtins.
func (p *pass) needlessInherit(let *ast.Let) {
	for _, b := range let.Bindings {
		in, ok := b.(*ast.Inherit)
		if !ok {
			continue
		}
		from, ok := cursor.Unparen(in.From).(*ast.Ident)
		if !ok || from.Name != "builtins" {
			continue
		}
		around := p.parentScope(let)
		if around == nil || !definesGlobally(around, "builtins") {
			return
		}
		for _, n := range in.Names {
			if n.Dynamic() || !isPlainGlobal(n.Name) || !definesGlobally(around, n.Name) {
				continue
			}
			edit := removeBinding(p.file.Src, let, in)
			if len(in.Names) > 1 {
				edit = Edit{withSpaceBefore(p.file.Src, n.Span), ""}
			}
			p.report(Diagnostic{
				Span: n.Span, Unnecessary: true, Msg: fmt.Sprintf("'%s' is known without 'builtins'", n.Name),
				Fixes: []Fix{{Title: fmt.Sprintf("Remove '%s'", n.Name), Safe: true, Edits: []Edit{edit}}},
			})
		}
	}
}

// parentScope returns the scope around a let.
func (p *pass) parentScope(let *ast.Let) *scope.Scope {
	for _, s := range p.scope.Scopes {
		if s.Node == ast.Node(let) {
			return s.Parent
		}
	}
	return nil
}

func isPlainGlobal(name string) bool {
	i := sort.SearchStrings(scope.Globals, name)
	return i < len(scope.Globals) && scope.Globals[i] == name
}

// operators are the names of the variables that Nix makes calls of where it reads
// operators.
var operators = map[string]string{
	"__sub": "`-`", "__mul": "`*`", "__div": "`/`", "__lessThan": "`<` and its kin",
}

var shadowedGlobalRule = &Rule{
	Code:     "shadowed-global",
	Severity: Hint,
	Summary:  "A `let` or an argument takes the name of a global of the language.",
	check: func(p *pass) {
		for _, d := range p.scope.Defs {
			if means := operators[d.Name]; means != "" && len(d.Names) > 0 {
				p.report(Diagnostic{Span: d.Span(), Severity: Warning, Msg: fmt.Sprintf("Nix reads %s as a call of '%s': this changes what it does", means, d.Name)})
				continue
			}
			if !isPlainGlobal(d.Name) || d.Kind == scope.Rec || d.Inherits != nil || d.From != nil {
				continue
			}
			severity := Hint
			switch d.Name {
			case "true", "false", "null", "builtins":
				severity = Warning
			default:
				if d.Kind == scope.Formal {
					continue // callPackage passes fetchTarball and the like
				}
			}
			p.report(Diagnostic{Span: d.Span(), Severity: severity, Msg: fmt.Sprintf("this hides the global '%s'", d.Name)})
		}
	},
}

var deprecatedRule = &Rule{
	Code:     "deprecated-builtin",
	Severity: Hint,
	Summary:  "A builtin that Nix keeps for old code only.",
	check: func(p *pass) {
		for _, u := range p.scope.Uses {
			if u.Def != nil && u.Def.Kind == scope.Global && u.Name == "isNull" && !u.Inherit {
				p.report(Diagnostic{Span: u.Span, Deprecated: true, Msg: "'isNull e' is deprecated: write 'e == null'"})
			}
		}
	},
	visit: func(p *pass, n ast.Node) {
		if _, attr := p.builtinsSelect(n); attr != nil {
			switch attr.Name {
			case "toPath":
				p.report(Diagnostic{Span: attr.Span, Deprecated: true, Msg: "'builtins.toPath' is deprecated: write '/. + s'"})
			case "isNull":
				p.report(Diagnostic{Span: attr.Span, Deprecated: true, Msg: "'isNull e' is deprecated: write 'e == null'"})
			}
		}
	},
}
