package analysis

import (
	"fmt"
	"path/filepath"
	"slices"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

var unusedLetRule = &Rule{
	Code:     "unused-let",
	Severity: Warning,
	Summary:  "Nothing that counts uses a `let` binding; being used by itself or by other unused bindings does not count.",
	check: func(p *pass) {
		p.unusedDefs(func(d *scope.Def) bool {
			_, attr := d.Node.(*ast.Attr)
			return attr && d.Name[:min(1, len(d.Name))] != "_"
		})
	},
}

var unusedInheritRule = &Rule{
	Code:     "unused-inherit",
	Severity: Warning,
	Summary:  "Nothing uses a name that a `let` inherits.",
	check: func(p *pass) {
		p.unusedDefs(func(d *scope.Def) bool {
			_, inherit := d.Node.(*ast.Inherit)
			return inherit
		})
	},
}

// unusedDefs reports the definitions in lets that nothing uses, if want is true for
// them.
func (p *pass) unusedDefs(want func(*scope.Def) bool) {
	inside := p.usedInside()
	for _, d := range p.scope.Defs {
		if d.Kind != scope.Let || d.Live() || inside[d] || !want(d) {
			continue
		}
		fix := p.removal(d)
		for _, n := range d.Names {
			p.report(Diagnostic{Span: n, Unnecessary: true, Msg: fmt.Sprintf("'%s' is never used", d.Name), Fixes: []Fix{fix}})
		}
	}
}

// usedInside returns the definitions that only something inside of an unused one
// uses: they go with it, and need not be mentioned.
func (p *pass) usedInside() map[*scope.Def]bool {
	if p.inside != nil {
		return p.inside
	}
	type step struct{ def, root *scope.Def }
	var work []step
	owned := map[*scope.Def][]*scope.Use{}
	for _, u := range p.scope.Uses {
		if u.Owner != nil && !u.Owner.Live() && u.Def != nil && !u.Def.Live() {
			owned[u.Owner] = append(owned[u.Owner], u)
		}
	}
	for owner := range owned {
		work = append(work, step{owner, owner})
	}
	used := map[*scope.Def]bool{}
	p.inside = used
	for len(work) > 0 {
		at := work[len(work)-1]
		work = work[:len(work)-1]
		around := at.root.Node.Range()
		for _, u := range owned[at.def] {
			if d := u.Def; !used[d] && d.Scope.Start >= around.Start && d.Scope.End <= around.End {
				used[d] = true
				work = append(work, step{d, at.root})
			}
		}
	}
	return used
}

// removal removes an unused definition of a let, and the unused ones that use it.
func (p *pass) removal(d *scope.Def) Fix {
	gone := map[*scope.Def]bool{d: true}
	list := []*scope.Def{d}
	for i := 0; i < len(list); i++ {
		for _, u := range list[i].Uses {
			if u.Owner != nil && !gone[u.Owner] {
				gone[u.Owner] = true
				list = append(list, u.Owner)
			}
		}
	}
	title := fmt.Sprintf("Remove '%s'", d.Name)
	if len(list) > 1 {
		title += " and what uses it"
	}
	var edits []Edit
	done := map[*scope.Scope]bool{}
	for _, d := range list {
		if !done[d.Scope] {
			done[d.Scope] = true
			edits = append(edits, p.removeFrom(d.Scope, gone)...)
		}
	}
	// What is inside of something else that goes, goes with it.
	edits = slices.DeleteFunc(edits, func(e Edit) bool {
		return slices.ContainsFunc(edits, func(o Edit) bool { return o != e && o.Start <= e.Start && e.End <= o.End })
	})
	return Fix{Title: title, Safe: true, Edits: edits}
}

// removeFrom removes definitions from the let that a scope is; all of them take the
// let along.
func (p *pass) removeFrom(s *scope.Scope, gone map[*scope.Def]bool) []Edit {
	var edits []Edit
	left := 0
	remove := func(n ast.Node) { edits = append(edits, Edit{withSpaceBefore(p.file.Src, n.Range()), ""}) }
	for _, b := range cursor.Bindings(s.Node) {
		switch b := b.(type) {
		case *ast.Attr:
			if len(b.Path) > 0 && !b.Path[0].Dynamic() && gone[s.Lookup(b.Path[0].Name)] {
				remove(b)
				continue
			}
		case *ast.Inherit:
			var names []ast.Node
			for _, n := range b.Names {
				if !n.Dynamic() && gone[s.Lookup(n.Name)] {
					names = append(names, n)
				}
			}
			if len(names) > 0 && len(names) == len(b.Names) {
				remove(b)
				continue
			}
			for _, n := range names {
				remove(n)
			}
		}
		left++
	}
	if let, ok := s.Node.(*ast.Let); ok && left == 0 {
		return []Edit{{ast.Span{Start: let.Start, End: let.Body.Pos()}, ""}}
	}
	return edits
}

// removeBinding removes one binding of a let or set; the only one of a let takes
// the let along.
func removeBinding(src string, owner, binding ast.Node) Edit {
	if let, ok := owner.(*ast.Let); ok && len(let.Bindings) == 1 {
		return Edit{ast.Span{Start: let.Start, End: let.Body.Pos()}, ""}
	}
	return Edit{withSpaceBefore(src, binding.Range()), ""}
}

// conventional are arguments that callers pass to every module, overlay or
// package, and that files name by habit. Where more may come (...), naming one
// that is not needed harms nobody.
var conventional = map[string]bool{
	"config": true, "lib": true, "pkgs": true, "options": true, "modulesPath": true, "utils": true,
	"self": true, "inputs": true, "system": true, "specialArgs": true, "nixpkgs": true, "name": true,
	"osConfig": true, "nodes": true, "hostPkgs": true, "stdenv": true, "extendModules": true, "moduleType": true,
}

var unusedFormalRule = &Rule{
	Code:     "unused-formal",
	Severity: Warning,
	Summary:  "A function does not use an argument that it takes out of its set. Module arguments before `...` are exempt.",
	visit: func(p *pass, n ast.Node) {
		l, ok := n.(*ast.Lambda)
		if !ok || l.Formals == nil {
			return
		}
		flake := p.isFlakeOutputs()
		if l.Arg != nil {
			if d := p.scope.DefAt(l.Arg.Start); d != nil && len(d.Uses) > 0 {
				return // all of the arguments are used through it
			}
		}
		for i, f := range l.Formals.List {
			d := p.scope.DefAt(f.Name.Start)
			if d == nil || len(d.Uses) > 0 || f.Name.Name == "" || f.Name.Name[0] == '_' {
				continue
			}
			diag := Diagnostic{Span: f.Name.Span, Unnecessary: true, Msg: fmt.Sprintf("argument '%s' is never used", f.Name.Name)}
			switch {
			case flake && f.Name.Name == "self":
				if !l.Formals.Ellipsis {
					continue
				}
				diag.Severity = Hint // a habit
			case flake && !l.Formals.Ellipsis:
				if root, ok := p.file.Root.(*ast.AttrSet); ok && FlakeInputs(root)[f.Name.Name] != nil {
					continue // outputs must take what is passed
				}
			case !flake && l.Formals.Ellipsis && conventional[f.Name.Name]:
				continue
			}
			// Callers may pass it: only where others may come does nothing change.
			diag.Fixes = []Fix{{Title: fmt.Sprintf("Remove the argument '%s'", f.Name.Name), Safe: l.Formals.Ellipsis, Edits: []Edit{removeFormal(l.Formals, i)}}}
			p.report(diag)
		}
	},
}

// removeFormal removes the i-th formal and the comma that it leaves behind.
func removeFormal(fs *ast.Formals, i int) Edit {
	f := fs.List[i]
	switch {
	case i > 0:
		return Edit{ast.Span{Start: fs.List[i-1].End, End: f.End}, ""}
	case len(fs.List) > 1:
		return Edit{ast.Span{Start: f.Start, End: fs.List[1].Start}, ""}
	case fs.Ellipsis:
		return Edit{ast.Span{Start: f.Start, End: fs.EllipsisPos}, ""}
	}
	return Edit{ast.Span{Start: fs.Start, End: fs.End}, "{ }"}
}

// isFlakeOutputs reports whether the node being visited is the outputs function
// of a flake, which is passed itself and all inputs.
func (p *pass) isFlakeOutputs() bool {
	if filepath.Base(p.opts.Path) != "flake.nix" || len(p.parents) != 2 {
		return false
	}
	attr, ok := p.parent().(*ast.Attr)
	return ok && len(attr.Path) == 1 && attr.Path[0].Name == "outputs"
}

var unusedArgRule = &Rule{
	Code:     "unused-argument-set",
	Severity: Hint,
	Summary:  "The name in `name@{ ... }:` is never used.",
	visit: func(p *pass, n ast.Node) {
		l, ok := n.(*ast.Lambda)
		if !ok || l.Formals == nil || l.Arg == nil {
			return
		}
		d := p.scope.DefAt(l.Arg.Start)
		if d == nil || len(d.Uses) > 0 || len(l.Arg.Name) > 0 && l.Arg.Name[0] == '_' {
			return
		}
		edit := Edit{ast.Span{Start: l.Formals.End, End: l.Arg.End}, ""}
		if l.Formals.ArgFirst {
			edit.Span = ast.Span{Start: l.Arg.Start, End: l.Formals.Start}
		}
		p.report(Diagnostic{
			Span: l.Arg.Span, Unnecessary: true, Msg: fmt.Sprintf("'%s' is never used", l.Arg.Name),
			Fixes: []Fix{{Title: fmt.Sprintf("Remove '%s'", l.Arg.Name), Safe: true, Edits: []Edit{edit}}},
		})
	},
}

var unusedWithRule = &Rule{
	Code:     "unused-with",
	Severity: Warning,
	Summary:  "A `with` provides no name: all names below it are defined otherwise.",
	check: func(p *pass) {
		for _, s := range p.scope.Scopes {
			w, ok := s.Node.(*ast.With)
			if !ok || s.Used > 0 {
				continue
			}
			p.report(Diagnostic{
				Span: ast.Span{Start: w.Start, End: w.Start + 4}, Unnecessary: true, Msg: "this `with` provides no name",
				Fixes: []Fix{{Title: "Remove the with", Safe: true, Edits: []Edit{{ast.Span{Start: w.Start, End: w.Body.Pos()}, ""}}}},
			})
		}
	},
}

var unusedRecRule = &Rule{
	Code:     "unused-rec",
	Severity: Warning,
	Summary:  "No attribute of a `rec` set uses another.",
	check: func(p *pass) {
		for _, s := range p.scope.Scopes {
			set, ok := s.Node.(*ast.AttrSet)
			if !ok || !set.Rec {
				continue
			}
			used := s.Lookup("__overrides") != nil // which Nix lets a rec set have
			for _, d := range s.Defs {
				used = used || len(d.Uses) > 0
			}
			if used {
				continue
			}
			p.report(Diagnostic{
				Span: ast.Span{Start: set.Start, End: set.Start + 3}, Unnecessary: true, Msg: "this set does not refer to itself: `rec` is not needed",
				Fixes: []Fix{{Title: "Remove rec", Safe: true, Edits: []Edit{{ast.Span{Start: set.Start, End: set.Open}, ""}}}},
			})
		}
	},
}
