package analysis

import (
	"fmt"
	"path/filepath"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

var unusedLetRule = &Rule{
	Code:     "unused-let",
	Severity: Warning,
	Summary:  "Nothing that counts uses a `let` binding; being used by itself or by other unused bindings does not count.",
	check: func(p *pass) {
		for _, d := range p.scope.Defs {
			attr, ok := d.Node.(*ast.Attr)
			if !ok || d.Kind != scope.Let || d.Live() || d.Name[:min(1, len(d.Name))] == "_" {
				continue
			}
			fix := Fix{Title: fmt.Sprintf("Remove '%s'", d.Name), Safe: true, Edits: removeAll(p.file.Src, d, attr)}
			for _, n := range d.Names {
				p.report(Diagnostic{Span: n, Unnecessary: true, Msg: fmt.Sprintf("'%s' is never used", d.Name), Fixes: []Fix{fix}})
			}
		}
	},
}

// removeAll removes all bindings that build up a definition.
func removeAll(src string, d *scope.Def, first *ast.Attr) []Edit {
	if len(d.Names) == 1 {
		return []Edit{removeBinding(src, d.Scope.Node, first)}
	}
	var parts []*ast.Attr
	let, _ := d.Scope.Node.(*ast.Let)
	for _, b := range cursor.Bindings(d.Scope.Node) {
		if a, ok := b.(*ast.Attr); ok && len(a.Path) > 0 && !a.Path[0].Dynamic() && a.Path[0].Name == d.Name {
			parts = append(parts, a)
		}
	}
	if let != nil && len(parts) == len(let.Bindings) {
		return []Edit{{ast.Span{Start: let.Start, End: let.Body.Pos()}, ""}}
	}
	var out []Edit
	for _, a := range parts {
		out = append(out, Edit{withSpaceBefore(src, a.Span), ""})
	}
	return out
}

// removeBinding removes one binding of a let or set; the only one of a let takes
// the let along.
func removeBinding(src string, owner, binding ast.Node) Edit {
	if let, ok := owner.(*ast.Let); ok && len(let.Bindings) == 1 {
		return Edit{ast.Span{Start: let.Start, End: let.Body.Pos()}, ""}
	}
	return Edit{withSpaceBefore(src, binding.Range()), ""}
}

var unusedInheritRule = &Rule{
	Code:     "unused-inherit",
	Severity: Warning,
	Summary:  "Nothing uses a name that a `let` inherits.",
	check: func(p *pass) {
		for _, d := range p.scope.Defs {
			in, ok := d.Node.(*ast.Inherit)
			if !ok || d.Kind != scope.Let || d.Live() {
				continue
			}
			edit := removeBinding(p.file.Src, d.Scope.Node, in)
			if len(in.Names) > 1 {
				edit = Edit{withSpaceBefore(p.file.Src, d.Span()), ""}
			}
			p.report(Diagnostic{
				Span: d.Span(), Unnecessary: true, Msg: fmt.Sprintf("'%s' is never used", d.Name),
				Fixes: []Fix{{Title: fmt.Sprintf("Remove '%s'", d.Name), Safe: true, Edits: []Edit{edit}}},
			})
		}
	},
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
			used := false
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
