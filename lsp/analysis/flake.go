package analysis

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gonix.dev/gonix/eval/flakeref"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
)

// The attributes that a flake may have, and that one of its inputs may have.
var (
	flakeAttrs = []string{"description", "inputs", "nixConfig", "outputs"}
	inputAttrs = []string{"dir", "flake", "follows", "host", "id", "inputs", "lastModified", "narHash", "owner", "ref", "repo", "rev", "revCount", "shallow", "submodules", "type", "url", "path"}
)

// The outputs that tools look for, those of them that are sets by system, and the
// usual systems.
var (
	flakeOutputs = []string{
		"apps", "bundlers", "checks", "darwinConfigurations", "devShells", "formatter", "homeConfigurations", "hydraJobs",
		"legacyPackages", "lib", "nixosConfigurations", "nixosModules", "overlays", "packages", "templates",
	}
	bySystem = []string{"apps", "bundlers", "checks", "devShells", "formatter", "legacyPackages", "packages"}
	systems  = []string{"aarch64-darwin", "aarch64-linux", "x86_64-darwin", "x86_64-linux"}
)

// FlakeOutputs returns what outputs there may be below a path of outputs.
func FlakeOutputs(path []string) []string {
	switch {
	case len(path) == 0:
		return slices.Clone(flakeOutputs)
	case len(path) == 1 && slices.Contains(bySystem, path[0]):
		return slices.Clone(systems)
	case len(path) == 1 && (path[0] == "overlays" || path[0] == "nixosModules" || path[0] == "templates"), len(path) == 2 && slices.Contains(bySystem, path[0]) && path[0] != "formatter" && path[0] != "checks":
		return []string{"default"}
	}
	return nil
}

// FlakeAttrs returns the names of the attributes that a flake.nix may have.
func FlakeAttrs() []string { return slices.Clone(flakeAttrs) }

// FlakeInputAttrs returns the names of the attributes that an input may have.
func FlakeInputAttrs() []string { return slices.Clone(inputAttrs) }

var flakeRule = &Rule{
	Code:     "flake",
	Severity: Error,
	Summary:  "A flake.nix has attributes that flakes do not have, follows inputs that are not there, or its outputs do not take its inputs.",
	check: func(p *pass) {
		if filepath.Base(p.opts.Path) != "flake.nix" {
			return
		}
		root, ok := p.file.Root.(*ast.AttrSet)
		if !ok {
			p.report(Diagnostic{Span: p.file.Root.Range(), Msg: "a flake must be an attribute set"})
			return
		}
		inputs := FlakeInputs(root)
		hasOutputs := false
		for _, b := range root.Bindings {
			a, ok := b.(*ast.Attr)
			if !ok || len(a.Path) == 0 || a.Path[0].Dynamic() {
				continue
			}
			name := a.Path[0].Name
			hasOutputs = hasOutputs || name == "outputs"
			if !slices.Contains(flakeAttrs, name) {
				p.report(Diagnostic{Span: a.Path[0].Span, Msg: fmt.Sprintf("flakes have no attribute '%s'; they have %s", name, quoteAll(flakeAttrs))})
			}
			if name == "outputs" && len(a.Path) == 1 {
				switch v := cursor.Unparen(a.Value).(type) {
				case *ast.Lambda:
					p.flakeOutputs(v, inputs)
				case *ast.AttrSet, *ast.List, *ast.String, *ast.IndString:
					p.report(Diagnostic{Span: a.Path[0].Span, Msg: "'outputs' must be a function of the inputs"})
				}
			}
		}
		if !hasOutputs {
			p.report(Diagnostic{Span: ast.Span{Start: root.Open, End: root.Open + 1}, Msg: "the flake has no attribute 'outputs'"})
		}
		for name, in := range inputs {
			for _, f := range in.Follows {
				first, _, _ := strings.Cut(f.Target, "/")
				if first != "" && inputs[first] == nil {
					p.report(Diagnostic{Span: f.Span, Msg: fmt.Sprintf("there is no input '%s' to follow", first)})
				}
			}
			if msg := wrongURL(in); msg != "" {
				p.report(Diagnostic{Span: in.URLSpan, Msg: msg})
			}
			for _, unknown := range in.Unknown {
				p.report(Diagnostic{Span: unknown.Span, Msg: fmt.Sprintf("input '%s' has an unsupported attribute '%s'", name, unknown.Name)})
			}
		}
	},
}

// wrongURL says what is wrong with the url of an input; "" when nothing is.
func wrongURL(in *FlakeInput) string {
	switch {
	case in.URLSpan == ast.Span{}:
		return ""
	case in.URL == "":
		return "inputs are read without evaluating them: the url must be a plain string"
	case strings.HasPrefix(in.URL, ".") || strings.HasPrefix(in.URL, "/"):
		return "" // a path
	}
	if _, err := flakeref.Parse(in.URL); err != nil {
		return fmt.Sprintf("'%s' is no flake reference: write github:owner/repo, git+https://..., path:... or the like", in.URL)
	}
	return ""
}

// flakeOutputs compares the formals of the outputs function with the inputs.
func (p *pass) flakeOutputs(l *ast.Lambda, inputs map[string]*FlakeInput) {
	if l.Formals == nil || l.Formals.Ellipsis {
		return
	}
	takes := map[string]bool{}
	for _, f := range l.Formals.List {
		takes[f.Name.Name] = true
	}
	for name, in := range inputs {
		if !takes[name] {
			p.report(Diagnostic{Span: in.Span, Msg: fmt.Sprintf("'outputs' does not take the input '%s': name it or add '...'", name)})
		}
	}
}

// FlakeInput is one input of a flake, as far as it is written down.
type FlakeInput struct {
	ast.Span // of the name
	URL      string
	URLSpan  ast.Span
	Follows  []FlakeFollows
	Unknown  []*ast.AttrName
}

// FlakeFollows is one `follows = "target"`.
type FlakeFollows struct {
	ast.Span
	Target string
}

// FlakeInputs returns the inputs of a flake by name.
func FlakeInputs(root *ast.AttrSet) map[string]*FlakeInput {
	out := map[string]*FlakeInput{}
	var walk func(path []*ast.AttrName, value ast.Expr)
	walk = func(path []*ast.AttrName, value ast.Expr) {
		if set, ok := value.(*ast.AttrSet); ok {
			for _, b := range set.Bindings {
				if a, ok := b.(*ast.Attr); ok {
					walk(append(slices.Clip(path), a.Path...), a.Value)
				}
			}
			if len(path) == 2 && out[path[1].Name] == nil {
				out[path[1].Name] = &FlakeInput{Span: path[1].Span}
			}
			return
		}
		for _, n := range path {
			if n.Dynamic() {
				return
			}
		}
		if len(path) < 3 || path[0].Name != "inputs" {
			return
		}
		in := out[path[1].Name]
		if in == nil {
			in = &FlakeInput{Span: path[1].Span}
			out[path[1].Name] = in
		}
		text := ""
		if s, ok := value.(*ast.String); ok && len(s.Parts) == 1 && s.Parts[0].Expr == nil {
			text = s.Parts[0].Text
		}
		last := path[len(path)-1]
		switch {
		case last.Name == "follows":
			in.Follows = append(in.Follows, FlakeFollows{value.Range(), text})
		case len(path) == 3 && last.Name == "url":
			in.URL, in.URLSpan = text, value.Range()
		case len(path) == 3 && !slices.Contains(inputAttrs, last.Name):
			in.Unknown = append(in.Unknown, last)
		}
	}
	for _, b := range root.Bindings {
		if a, ok := b.(*ast.Attr); ok && len(a.Path) > 0 && a.Path[0].Name == "inputs" {
			walk(a.Path, a.Value)
		}
	}
	return out
}
