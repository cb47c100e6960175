// Package floors holds the test that keeps the house in order: who may import
// whom, and what only the command line may do. docs/architecture.md has the map.
package floors

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "gonix.dev/gonix"

// floors gives each top-level folder its floor. A package may import packages of
// its own folder and of lower floors, nothing else.
var floors = map[string]int{
	"internal": 0,

	"parser": 1,
	"store":  1,

	"settings": 1,

	"eval":       2,
	"formatter":  2,
	"builder":    2,
	"activation": 2,

	"lsp":   3,
	"repl":  3,
	"shell": 3,
	"flake": 3,

	"cmd": 4,

	"bench":       5,
	"editors":     5,
	"examples":    5,
	"testscripts": 5,
}

// bans are imports that the floors would allow.
var bans = []struct{ from, to, why string }{
	{"builder", "parser", "builders take derivations, not expressions"},
	{"activation", "parser", "activation takes store paths, not expressions"},
	{"settings", "parser", "settings are text of their own"},
	{"formatter", "store", "the formatter knows text only"},
}

// world lists what only cmd (and the tools of floor 5) may touch.
var world = map[string]string{
	"os.Exit":      "return an error",
	"os.Args":      "take a parameter",
	"os.Stdin":     "take an io.Reader",
	"os.Stdout":    "take an io.Writer",
	"os.Stderr":    "take an io.Writer",
	"os.Getenv":    "take a parameter",
	"os.LookupEnv": "take a parameter",
	"os.Environ":   "take a parameter",
	"os.Getwd":     "take a directory",
	"filepath.Abs": "it reads the working directory: take a directory",
	"fmt.Print":    "take an io.Writer",
	"fmt.Printf":   "take an io.Writer",
	"fmt.Println":  "take an io.Writer",
	"log.Fatal":    "return an error",
	"log.Fatalf":   "return an error",
	"log.Print":    "return an error",
	"log.Printf":   "return an error",
	"log.Println":  "return an error",
}

// worldly are files of libraries that are the whole program of a process of their
// own, which gonix starts by running itself: they may do what a main may.
var worldly = map[string]string{}

type pkg struct {
	ImportPath string
	Dir        string
	Name       string
	GoFiles    []string
	CgoFiles   []string
	Imports    []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Name,GoFiles,CgoFiles,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// room is the top-level folder of an import path, "" for one of another module.
func room(path string) string {
	rest, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func TestFloors(t *testing.T) {
	for _, p := range list(t) {
		from := room(p.ImportPath)
		floor, ok := floors[from]
		if !ok {
			t.Errorf("%s: folder %s has no floor: see docs/architecture.md", p.ImportPath, from)
			continue
		}
		for _, imp := range p.Imports {
			to := room(imp)
			if to == "" || to == from {
				continue
			}
			if floors[to] >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d)", p.ImportPath, floor, imp, floors[to])
			}
			for _, ban := range bans {
				if ban.from == from && ban.to == to {
					t.Errorf("%s imports %s: %s", p.ImportPath, imp, ban.why)
				}
			}
		}
	}
}

// TestLibrariesKeepToThemselves finds libraries that print, exit, or read the
// process's environment or working directory.
func TestLibrariesKeepToThemselves(t *testing.T) {
	for _, p := range list(t) {
		if p.Name == "main" || floors[room(p.ImportPath)] >= floors["cmd"] && room(p.ImportPath) != "cmd" {
			continue
		}
		for _, name := range append(p.GoFiles, p.CgoFiles...) {
			path := filepath.Join(p.Dir, name)
			rel := strings.TrimPrefix(p.ImportPath, module+"/") + "/" + name
			if rel == "cmd/main.go" || worldly[rel] != "" || filepath.Dir(path) != p.Dir {
				continue
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				x, ok := sel.X.(*ast.Ident)
				if !ok {
					return true
				}
				if mend, bad := world[x.Name+"."+sel.Sel.Name]; bad {
					t.Errorf("%s:%d: %s.%s: %s", rel, fset.Position(sel.Pos()).Line, x.Name, sel.Sel.Name, mend)
				}
				return true
			})
		}
	}
}
