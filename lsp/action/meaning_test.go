package action

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/builtins"
	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// Whatever is offered, wherever the cursor stands or whatever is selected, the
// program evaluates to what it did, unless the title says what changes.
func TestActionsKeepTheMeaning(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/meaning.txtar")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, file := range archive.Files {
		path, src := "/p/"+file.Name, string(file.Data)
		want, err := valueOf(path, src, nil)
		if err != nil {
			t.Errorf("%s: %s", file.Name, err.Msg)
			continue
		}
		f := parser.Parse(path, src, parser.PipeOperators)
		info := scope.Resolve(f)
		problems := analysis.Check(f, info, analysis.Options{Path: path})
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
			for _, a := range At(Request{File: f, Scope: info, Span: span, Name: path, Problems: problems, All: span.Start == 0}) {
				if changesMeaning(a) {
					continue
				}
				after, created := analysis.Apply(src, a.Changes()), map[string]string{}
				if a.Create != nil {
					created[a.Create.Path] = a.Create.Text
				}
				if key := after + created["/p/extracted.nix"]; tried[key] {
					continue
				} else {
					tried[key] = true
				}
				kinds[strings.Join(strings.Fields(a.Title)[:1], "")] = true
				got, err := valueOf(path, after, created)
				if err != nil {
					t.Errorf("%s: %q at %v: %s:\n%s%v", file.Name, a.Title, span, err.Msg, after, created)
				} else if got != want {
					t.Errorf("%s: %q at %v:\n got %s\nwant %s\n%s%v", file.Name, a.Title, span, got, want, after, created)
				}
			}
		}
	}
	for _, kind := range []string{"Convert", "Extract", "Flatten", "Inline", "Invert", "Pack", "Quote", "Unquote", "Remove", "Rewrite", "Sort", "Take"} {
		if !kinds[kind] {
			t.Errorf("no program is good for an action that begins with %s", kind)
		}
	}
}

// changesMeaning reports whether an action is meant to change what a program does.
func changesMeaning(a Action) bool {
	if a.Problem != nil && !slices.ContainsFunc(a.Problem.Fixes, func(f analysis.Fix) bool { return f.Safe && f.Title == a.Title }) {
		return true
	}
	return strings.HasPrefix(a.Title, "Sort the list") || strings.Contains(a.Title, ", if '")
}

// files is the disk with a few texts on it.
type files struct {
	eval.OS
	texts map[string]string
}

func (w *files) ReadFile(path string) ([]byte, error) {
	if text, ok := w.texts[path]; ok {
		return []byte(text), nil
	}
	return w.OS.ReadFile(path)
}

func (w *files) Lstat(path string) (eval.FileInfo, error) {
	switch text, ok := w.texts[path]; {
	case ok:
		return eval.FileInfo{Type: eval.RegularFile, Size: int64(len(text))}, nil
	case path == "/p":
		return eval.FileInfo{Type: eval.Directory}, nil
	}
	return w.OS.Lstat(path)
}

// places are what a printed function tells of where it stands.
var places = regexp.MustCompile("«[^»]*»")

// valueOf evaluates a program wholly, and prints the value.
func valueOf(path, src string, texts map[string]string) (string, *eval.Error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	st := eval.New(eval.Options{World: &files{texts: texts}, System: "x86_64-linux", Context: ctx, Warn: func(string) {}}, builtins.All()...)
	v, err := st.EvalText(path, src, filepath.Dir(path))
	if err != nil {
		return "", err
	}
	if v, err = st.ForceDeep(v); err != nil {
		return "", err
	}
	text, err := st.Print(v, eval.PrintOptions{})
	return places.ReplaceAllString(text, "«»"), err
}
