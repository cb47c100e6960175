package modules

import (
	"path/filepath"
	"strings"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
)

// Kind is a module system that is known by name.
type Kind string

// The kinds. Own is whatever a project makes with evalModules.
const (
	NixOS       Kind = "nixos"
	HomeManager Kind = "homeManager"
	Darwin      Kind = "darwin"
	Own         Kind = "own"
)

// System is a call that makes a system out of modules.
type System struct {
	Kind Kind
	Call *ast.Apply
	// Module stands for the list of modules: it imports them, and those that are
	// written in place are its own.
	Module *Module
	// Complete says that all modules are known by their files, or written in place.
	Complete bool
}

// makers are the functions that make systems, by their last name.
var makers = map[string]Kind{
	"nixosSystem": NixOS, "homeManagerConfiguration": HomeManager, "darwinSystem": Darwin, "evalModules": Own,
}

// Mentions reports whether a text may call something that makes systems.
func Mentions(text string) bool {
	for name := range makers {
		if strings.Contains(text, name) {
			return true
		}
	}
	return strings.Contains(text, "eval-config.nix") || strings.Contains(text, "/nixos>") || strings.Contains(text, "/nixos\")")
}

// Systems returns the systems that a file makes.
func Systems(path string, f *ast.File) []System {
	if !Mentions(f.Src) {
		return nil
	}
	var out []System
	ast.Inspect(f.Root, func(n ast.Node) bool {
		call, ok := n.(*ast.Apply)
		if !ok {
			return true
		}
		arg, ok := cursor.Unparen(call.Arg).(*ast.AttrSet)
		if !ok {
			return true
		}
		kind, ok := kindOf(f, call.Fn)
		if !ok {
			return true
		}
		m, complete := &Module{Path: path}, true
		for _, b := range arg.Bindings {
			a, ok := b.(*ast.Attr)
			if !ok || len(a.Path) != 1 {
				continue
			}
			switch a.Path[0].Name {
			case "modules":
				m.imports = append(m.imports, listItems(a.Value)...)
				complete = complete && m.knowsAll(a.Value)
			case "configuration":
				m.imports = append(m.imports, a.Value)
				complete = complete && m.knows(a.Value)
			}
		}
		out = append(out, System{Kind: kind, Call: call, Module: m, Complete: complete})
		return true
	})
	return out
}

// knows reports whether an expression is a module that can be read: in a file, or
// right here.
func (m *Module) knows(e ast.Expr) bool {
	_, file := fileOf(filepath.Dir(m.Path), e)
	return file || len(sets(e)) > 0
}

// knowsAll reports whether listItems finds all elements of a list, and each is known.
func (m *Module) knowsAll(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Paren:
		return m.knowsAll(e.X)
	case *ast.List:
		for _, item := range e.Elems {
			if !m.knows(item) {
				return false
			}
		}
		return true
	case *ast.Let:
		return m.knowsAll(e.Body)
	case *ast.With:
		return m.knowsAll(e.Body)
	case *ast.If:
		return m.knowsAll(e.Then) && m.knowsAll(e.Else)
	case *ast.Binary:
		return e.Op == ast.OpConcat && m.knowsAll(e.X) && m.knowsAll(e.Y)
	case *ast.Apply:
		fn, args := cursor.Call(e)
		switch name := cursor.LastName(fn); {
		case name == "optional" && len(args) == 2:
			return m.knows(args[1])
		case (name == "optionals" || name == "mkIf") && len(args) == 2:
			return m.knowsAll(args[1])
		}
	}
	return false
}

// kindOf tells what kind of system a function makes.
func kindOf(f *ast.File, fn ast.Expr) (Kind, bool) {
	fn = cursor.Unparen(fn)
	if kind, ok := makers[cursor.LastName(fn)]; ok {
		return kind, true
	}
	call, ok := fn.(*ast.Apply)
	if !ok || cursor.LastName(call.Fn) != "import" {
		return "", false
	}
	text := strings.TrimRight(f.Src[call.Arg.Pos():call.Arg.Stop()], `)>" `)
	switch {
	case strings.HasSuffix(text, "/nixos"), strings.HasSuffix(text, "eval-config.nix"):
		return NixOS, true
	case strings.HasSuffix(text, "home-manager/modules"):
		return HomeManager, true
	}
	return "", false
}

// RootKind tells of what kind a file is by convention, by its name.
func RootKind(path string) (Kind, bool) {
	switch filepath.Base(path) {
	case "configuration.nix":
		return NixOS, true
	case "home.nix":
		return HomeManager, true
	case "darwin-configuration.nix":
		return Darwin, true
	}
	return "", false
}

// Class returns what the module says about its kind: the value of _class, or the
// attribute of a flake that it would be; "" when it says nothing.
func (m *Module) Class() Kind {
	for _, set := range m.bodies {
		for _, b := range set.Bindings {
			a, ok := b.(*ast.Attr)
			if !ok || len(a.Path) != 1 || a.Path[0].Name != "_class" {
				continue
			}
			if text, ok := cursor.Literal(cursor.Unparen(a.Value)); ok {
				return Kind(text)
			}
		}
	}
	return ""
}

// Guess tells of which kinds a module may be, the likeliest first, by what it
// defines and where it lies; none when it does not look like a module.
func (m *Module) Guess(f *ast.File) []Kind {
	votes := map[Kind]int{}
	for _, d := range m.Definitions() {
		if d.Name == nil || len(d.Path) > 2 {
			continue
		}
		switch first := d.Path[0].Name; first {
		case "boot", "networking", "environment", "hardware", "users", "security", "fileSystems", "virtualisation", "swapDevices", "console", "powerManagement":
			votes[NixOS]++
		case "system":
			if len(d.Path) < 2 || d.Path[1].Name != "defaults" {
				votes[NixOS]++
			} else {
				votes[Darwin] += 2
			}
		case "home", "xdg", "xsession", "wayland", "targets", "gtk", "qt", "accounts", "dconf":
			votes[HomeManager]++
		case "homebrew", "launchd":
			votes[Darwin] += 2
		}
	}
	for _, part := range strings.Split(filepath.ToSlash(strings.ToLower(m.Path)), "/") {
		switch strings.TrimSuffix(part, ".nix") {
		case "home", "home-manager", "homemanager", "hm", "homes":
			votes[HomeManager]++
		case "nixos", "hosts", "machines", "system", "configuration":
			votes[NixOS]++
		case "darwin", "nix-darwin", "macos":
			votes[Darwin] += 2
		}
	}
	switch {
	case votes[Darwin] > max(votes[NixOS], votes[HomeManager]):
		return []Kind{Darwin} // much like NixOS, and not the same
	case votes[HomeManager] > votes[NixOS]:
		return []Kind{HomeManager, NixOS}
	case votes[NixOS] > 0 || takesModuleArguments(f):
		return []Kind{NixOS, HomeManager}
	}
	return nil
}

// takesModuleArguments reports whether a file is a function of what modules are
// given.
func takesModuleArguments(f *ast.File) bool {
	l, ok := cursor.Unparen(f.Root).(*ast.Lambda)
	if !ok || l.Formals == nil || !l.Formals.Ellipsis {
		return false
	}
	for _, formal := range l.Formals.List {
		switch formal.Name.Name {
		case "config", "options", "modulesPath", "pkgs", "lib":
			return true
		}
	}
	return len(l.Formals.List) == 0
}
