package action

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// corpus are files to try everything on: those of the language server's sessions.
func corpus(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob("../testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if strings.HasSuffix(f.Name, ".nix") && len(f.Data) < 2000 {
				out[filepath.Base(file)+"/"+f.Name] = string(f.Data)
			}
		}
	}
	examples, _ := filepath.Glob("../../examples/*.nix")
	for _, file := range examples {
		if data, err := os.ReadFile(file); err == nil && len(data) < 4000 {
			out[file] = string(data)
		}
	}
	return out
}

// Whatever is offered, wherever the cursor stands or whatever expression is
// selected: the file that had no syntax errors has none after it.
func TestActionsKeepFilesWellFormed(t *testing.T) {
	for name, src := range corpus(t) {
		f := parser.Parse("/p/x.nix", src, parser.PipeOperators)
		info := scope.Resolve(f)
		problems := analysis.Check(f, info, analysis.Options{Path: "/p/x.nix"})
		var spans []ast.Span
		for off := range src {
			spans = append(spans, ast.Span{Start: ast.Pos(off), End: ast.Pos(off)})
		}
		ast.Inspect(f.Root, func(n ast.Node) bool {
			spans = append(spans, n.Range())
			return true
		})
		tried := map[string]bool{}
		for _, span := range spans {
			for _, a := range At(Request{File: f, Scope: info, Span: span, Name: "/p/x.nix", Problems: problems, All: span.Start == 0}) {
				after := analysis.Apply(src, a.Changes())
				if tried[after] || len(f.Errors) > 0 {
					continue
				}
				tried[after] = true
				if g := parser.Parse("after", after, parser.PipeOperators); len(g.Errors) > 0 {
					t.Errorf("%s: %q at %v: %s:\n%s", name, a.Title, span, g.Errors[0].Msg, after)
				}
				if a.Create != nil {
					if g := parser.Parse("new", a.Create.Text, parser.PipeOperators); len(g.Errors) > 0 {
						t.Errorf("%s: %q at %v: %s in the new file:\n%s", name, a.Title, span, g.Errors[0].Msg, a.Create.Text)
					}
				}
			}
		}
	}
}

func TestOverlappingEditsAreNotOffered(t *testing.T) {
	for name, src := range corpus(t) {
		f := parser.Parse("/p/x.nix", src, parser.PipeOperators)
		info := scope.Resolve(f)
		for off := range src {
			span := ast.Span{Start: ast.Pos(off), End: ast.Pos(off)}
			for _, a := range At(Request{File: f, Scope: info, Span: span, Name: "/p/x.nix"}) {
				for i, e := range a.Edits {
					for _, other := range a.Edits[i+1:] {
						if e.Start < other.End && other.Start < e.End {
							t.Errorf("%s: %q at %d: edits %v and %v overlap", name, a.Title, off, e, other)
						}
					}
				}
			}
		}
	}
}
