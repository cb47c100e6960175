package lsp

import (
	"path/filepath"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// flakeInput returns the flake.nix of the input whose name is at the end of a path
// of nodes, in a flake.nix: where the input is defined, or where `outputs` takes
// it. Inputs that are no local folder must be in the store.
func (s *Server) flakeInput(v *view, d *document.Snapshot, path []ast.Node) (string, bool) {
	root, ok := d.File().Root.(*ast.AttrSet)
	if !ok || filepath.Base(d.Path) != "flake.nix" {
		return "", false
	}
	name := inputName(path)
	if name == "" || name == "self" {
		return "", false
	}
	dir := ""
	if in := analysis.FlakeInputs(root)[name]; in != nil {
		dir = localInput(filepath.Dir(d.Path), in.URL)
	}
	if dir == "" {
		dir = v.pinned(d.Path, name)
	}
	if dir == "" {
		return "", false
	}
	return s.fileToOpen(v, filepath.Join(dir, "flake.nix"))
}

// inputName returns the input that the last of a path of nodes names.
func inputName(path []ast.Node) string {
	if f, i := cursor.Innermost[*ast.Formal](path); i >= 0 {
		for j := 0; j < i; j++ {
			a, ok := path[j].(*ast.Attr)
			if ok && j == 1 && len(a.Path) == 1 && a.Path[0].Name == "outputs" && a.Value == path[min(j+1, i)] {
				return f.Name.Name
			}
		}
		return ""
	}
	name, i := cursor.Innermost[*ast.AttrName](path)
	if i < 0 || name.Dynamic() {
		return ""
	}
	// The names of the bindings around: inputs, and the one at the cursor.
	var full []*ast.AttrName
	for _, n := range path[:i] {
		if a, ok := n.(*ast.Attr); ok {
			for _, n := range a.Path {
				full = append(full, n)
				if n == name {
					break
				}
			}
		}
	}
	if len(full) == 2 && full[0].Name == "inputs" && full[1] == name {
		return name.Name
	}
	return ""
}
