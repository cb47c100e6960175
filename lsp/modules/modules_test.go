package modules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

func module(path, src string) *Module { return Of(path, parser.Parse(path, src, 0)) }

// The paths of a module's definitions, and what their values are.
func TestDefinitions(t *testing.T) {
	tests := []struct{ src, want string }{
		{`{ a.b = 1; c = "x"; }`, `a a.b=1 c="x"`},
		{`{ config, lib, ... }: let x = 1; in { config = lib.mkIf x { a = lib.mkForce 2; }; options.b = 3; imports = [ ]; }`, `a=2`},
		{`{ config.a.b = 1; config.c = 2; }`, `a a.b=1 c=2`},
		{`{ config = mkMerge [ { a = 1; } (mkIf true { b = 2; }) ]; options = { }; }`, `a=1 b=2`},
		{`{ a = [ { b = 1; } 2 ] ++ optional c 3; }`, `a=[ { b = 1; } 2 ] ++ optional c 3 a.*={ b = 1; } a.*.b=1 a.*=2 a.*=3`},
		{`{ a.${x} = { "b c" = 1; }; }`, `a a.<name>={ "b c" = 1; } a.<name>.b c=1`},
		{`{ a = if c then 1 else 2; } // { b = 3; }`, `a=1 a=2 b=3`},
		{`{ a = { pkgs, ... }: { imports = [ { c = 1; } ]; config.b = 2; }; }`, `a={ pkgs, ... }: { imports = [ { c = 1; } ]; config.b = 2; } a.c=1 a.b=2`},
		{`{ inputs, ... }: { lib, ... }: { a = 1; inherit b; }`, `a=1 b`},
		{`final: prev: { a = 1; }`, ``},
		{`{ stdenv }: stdenv.mkDerivation { a = 1; }`, ``},
	}
	for _, tt := range tests {
		f := parser.Parse("m.nix", tt.src, 0)
		var got []string
		for _, d := range Of("/m.nix", f).Definitions() {
			text := Show(d.Path)
			if d.Value != nil {
				text += "=" + f.Src[d.Value.Pos():d.Value.Stop()]
			}
			got = append(got, text)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.src, s, tt.want)
		}
	}
}

// Each file is reached below the options that it is a module of.
func TestReach(t *testing.T) {
	files := map[string]*Module{}
	for path, src := range map[string]string{
		"/p/root.nix":        `{ imports = [ ./a.nix ./dir <found/x.nix> ] ++ lib.optionals c [ ./b.nix (import ./c.nix { }) ]; }`,
		"/p/a.nix":           `{ config.users.me = import ./me.nix; config.data.file = ./d.nix; }`,
		"/p/me.nix":          `{ pkgs, ... }: { imports = [ ./more.nix ]; x = ./d.nix; }`,
		"/p/dir/default.nix": `{ imports = [ ../d.nix ./root.nix ]; hosts.one = { imports = [ ./one.nix ]; }; }`,
	} {
		files[path] = module(path, src)
	}
	load := Loader{
		Load:   func(path string) *Module { return files[strings.Replace(path, "/p/dir", "/p/dir/default.nix", 1)] },
		Search: func(name string) string { return "/" + name },
	}
	for target, want := range map[string]string{
		"/p/b.nix": "", "/p/c.nix": "", "/found/x.nix": "", "/p/dir/default.nix": "",
		"/p/me.nix": "users.me", "/p/more.nix": "users.me", "/p/dir/one.nix": "hosts.one",
		"/p/d.nix": "", // imported as well as an option's value
		"/p/e.nix": "none",
	} {
		got := "none"
		if at, ok := Reach([]*Module{files["/p/root.nix"]}, target, load); ok {
			got = Show(at)
		}
		if got != want {
			t.Errorf("%s is below %q, want %q", target, got, want)
		}
	}
}

func TestSystems(t *testing.T) {
	src := `{
  one = nixpkgs.lib.nixosSystem { modules = [ ./one.nix { a = 1; } inputs.home-manager.nixosModules.default ]; };
  two = home-manager.lib.homeManagerConfiguration { modules = [ ./two.nix ]; };
  three = import (nixpkgs + "/nixos") { configuration = ./three.nix; };
  four = lib.evalModules { modules = map f [ ./four.nix ]; };
}`
	var got []string
	for _, s := range Systems("/p/flake.nix", parser.Parse("flake.nix", src, 0)) {
		text := string(s.Kind)
		if !s.Complete {
			text += "?"
		}
		for _, f := range s.Module.Files() {
			text += " " + f.Path + f.Search
		}
		for _, d := range s.Module.Definitions() {
			text += " " + Show(d.Path)
		}
		got = append(got, text)
	}
	want := []string{"nixos /p/one.nix home-manager/nixos a", "homeManager /p/two.nix", "nixos /p/three.nix", "own?"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGuess(t *testing.T) {
	for src, want := range map[string]string{
		`{ boot.loader = 1; }`:                            "[nixos homeManager]",
		`{ home.packages = [ ]; }`:                        "[homeManager nixos]",
		`{ config, lib, ... }: { }`:                       "[nixos homeManager]",
		`{ stdenv }: stdenv.mkDerivation { name = "x"; }`: "[]",
		`{ a = 1; }`:                                      "[]",
		`{ homebrew.enable = true; networking.x = 1; }`:   "[darwin]",
		`{ system.defaults.dock.autohide = true; }`:       "[darwin]",
	} {
		f := parser.Parse("m.nix", src, 0)
		if got := fmt.Sprint(Of("/m.nix", f).Guess(f)); got != want {
			t.Errorf("%s: got %s, want %s", src, got, want)
		}
	}
}

// Whatever stands where: looking for modules never fails, and the path of a name
// ends with it.
func FuzzModule(f *testing.F) {
	for _, src := range []string{`{ a.b = [ { c = 1; } ]; imports = [ ./x ]; }`, `{ config = mkIf; options.a = 1; }`, `{ a. = ; b.c. }`, `{ "${x}".y = { }; }`} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		file := parser.Parse("m.nix", src, 0)
		m := Of("/m.nix", file)
		m.Files()
		Systems("/m.nix", file)
		for _, d := range m.Definitions() {
			if d.Name == nil {
				continue
			}
			if path, ok := m.At(d.Name); !ok || !d.Name.Dynamic() && path[len(path)-1].Name != d.Name.Name {
				t.Errorf("%q at %d has the path %s", d.Name.Name, d.Name.Start, Show(path))
			}
		}
		ast.Inspect(file.Root, func(n ast.Node) bool {
			if set, ok := n.(*ast.AttrSet); ok {
				m.PathOf(set)
			}
			return true
		})
	})
}
