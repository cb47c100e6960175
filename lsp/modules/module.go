package modules

import (
	"path/filepath"
	"slices"
	"strings"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
)

// Step is one step of a path to an option or a value.
type Step struct {
	Name string `json:"name,omitempty"`
	// Any is a name that only evaluation knows.
	Any bool `json:"any,omitempty"`
	// Elem is an element of a list.
	Elem bool `json:"elem,omitempty"`
}

// Show writes a path for people.
func Show(path []Step) string {
	out := make([]string, len(path))
	for i, s := range path {
		switch {
		case s.Elem:
			out[i] = "*"
		case s.Any:
			out[i] = "<name>"
		default:
			out[i] = s.Name
		}
	}
	return strings.Join(out, ".")
}

// Names makes a path of names.
func Names(names ...string) []Step {
	out := make([]Step, len(names))
	for i, n := range names {
		out[i].Name = n
	}
	return out
}

// Module is what an expression says as a module.
type Module struct {
	// Path is the file it is in.
	Path   string
	bodies []*ast.AttrSet
	// imports are modules that were listed beside the bodies.
	imports []ast.Expr
}

// Of reads a file as a module.
func Of(path string, f *ast.File) *Module {
	m := &Module{Path: path}
	m.add(f.Root)
	return m
}

// add reads an expression as a module: a set, a function that returns one, or
// what names a file.
func (m *Module) add(e ast.Expr) {
	m.bodies = append(m.bodies, sets(e)...)
}

// Any reports whether there is something to read as a module at all.
func (m *Module) Any() bool { return len(m.bodies) > 0 || len(m.imports) > 0 }

// sets returns the set literals that an expression may return as a module. The
// function around them takes its arguments apart, or it is no module; functions
// around that are for whoever imports the file.
func sets(e ast.Expr) []*ast.AttrSet {
	var out []*ast.AttrSet
	for range 8 {
		l, ok := cursor.Unparen(e).(*ast.Lambda)
		if !ok {
			break
		}
		if l.Formals == nil && !isModuleArgument(l.Arg) {
			return nil
		}
		e = l.Body
	}
	for _, v := range unwrap(e) {
		if set, ok := v.(*ast.AttrSet); ok && !set.Legacy {
			out = append(out, set)
		}
	}
	return out
}

func isModuleArgument(arg *ast.Ident) bool {
	if arg == nil {
		return false
	}
	switch arg.Name {
	case "args", "inputs", "_", "attrs", "moduleArgs", "flake", "outer", "topLevel":
		return true
	}
	return false
}

// properties are the functions that wrap a definition, with the number of
// arguments before it.
var properties = map[string]int{
	"mkIf": 1, "mkMerge": 0, "mkForce": 0, "mkDefault": 0, "mkBefore": 0, "mkAfter": 0, "mkOverride": 1, "mkOrder": 1,
	"mkVMOverride": 0, "mkImageMediaOverride": 0, "mkOptionDefault": 0, "mkFixStrictness": 0,
	"mkDefinition": 0, "optionalAttrs": 1, "mkStrict": 0,
}

// unwrap returns the expressions that a definition may be, without what wraps
// them: conditions, priorities, local names.
func unwrap(e ast.Expr) []ast.Expr {
	switch e := e.(type) {
	case *ast.Paren:
		return unwrap(e.X)
	case *ast.Let:
		return unwrap(e.Body)
	case *ast.With:
		return unwrap(e.Body)
	case *ast.Assert:
		return unwrap(e.Body)
	case *ast.If:
		return append(unwrap(e.Then), unwrap(e.Else)...)
	case *ast.Binary:
		if e.Op == ast.OpUpdate {
			return append(unwrap(e.X), unwrap(e.Y)...)
		}
	case *ast.Apply:
		fn, args := cursor.Call(e)
		name := cursor.LastName(fn)
		skip, ok := properties[name]
		if !ok || len(args) != skip+1 {
			break
		}
		content := cursor.Unparen(args[skip])
		if name != "mkMerge" {
			return unwrap(content)
		}
		var out []ast.Expr
		for _, item := range listItems(content) {
			out = append(out, unwrap(item)...)
		}
		return out
	}
	return []ast.Expr{e}
}

// listItems returns the elements of a list that is written in pieces: with ++,
// and with optional and optionals.
func listItems(e ast.Expr) []ast.Expr {
	switch e := e.(type) {
	case *ast.Paren:
		return listItems(e.X)
	case *ast.List:
		return e.Elems
	case *ast.Let:
		return listItems(e.Body)
	case *ast.With:
		return listItems(e.Body)
	case *ast.If:
		return append(slices.Clip(listItems(e.Then)), listItems(e.Else)...)
	case *ast.Binary:
		if e.Op == ast.OpConcat {
			return append(slices.Clip(listItems(e.X)), listItems(e.Y)...)
		}
	case *ast.Apply:
		fn, args := cursor.Call(e)
		switch name := cursor.LastName(fn); {
		case name == "optional" && len(args) == 2:
			return args[1:]
		case (name == "optionals" || name == "mkIf") && len(args) == 2:
			return listItems(args[1])
		}
	}
	return nil
}

// File is a file that a module names as a module.
type File struct {
	// Path is absolute, or Search is the name in <name>.
	Path, Search string
	// At is the option whose value it is; empty for imports.
	At []Step
}

// fileOf returns the file that an expression names as a module: a path, or an
// import of one, with or without arguments.
func fileOf(dir string, e ast.Expr) (File, bool) {
	e = cursor.Unparen(e)
	if call, ok := e.(*ast.Apply); ok {
		fn, args := cursor.Call(call)
		if cursor.LastName(fn) != "import" {
			return File{}, false
		}
		e = cursor.Unparen(args[0])
	}
	switch e := e.(type) {
	case *ast.Path:
		if len(e.Parts) != 1 || e.Parts[0].Expr != nil || strings.HasPrefix(e.Parts[0].Text, "~") {
			return File{}, false
		}
		path := e.Parts[0].Text
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		return File{Path: filepath.Clean(path)}, true
	case *ast.SearchPath:
		return File{Search: e.Name}, true
	case *ast.Select:
		return flakeModule(e)
	}
	return File{}, false
}

// flakeModule returns the file that an output of home-manager's flake is, as in
// inputs.home-manager.nixosModules.default.
func flakeModule(e *ast.Select) (File, bool) {
	names, _ := cursor.StaticPath(e.Path)
	if id, ok := e.X.(*ast.Ident); ok {
		names = append([]string{id.Name}, names...)
	}
	i := slices.Index(names, "home-manager")
	if i < 0 || i+1 >= len(names) {
		return File{}, false
	}
	switch names[i+1] {
	case "nixosModules", "nixosModule":
		return File{Search: "home-manager/nixos"}, true
	}
	return File{}, false
}

// Files returns the files that the module imports, or has as values of options.
func (m *Module) Files() []File {
	dir := filepath.Dir(m.Path)
	var out []File
	for _, e := range m.imports {
		if f, ok := fileOf(dir, e); ok {
			out = append(out, f)
		}
	}
	m.walk(visitor{
		imports: func(at []Step, e ast.Expr) {
			if f, ok := fileOf(dir, e); ok {
				f.At = slices.Clone(at)
				out = append(out, f)
			}
		},
		value: func(at []Step, e ast.Expr) {
			if f, ok := fileOf(dir, e); ok && len(at) > 0 {
				f.At = slices.Clone(at)
				out = append(out, f)
			}
		},
	})
	return out
}
