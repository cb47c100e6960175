package analysis

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

var update = flag.Bool("update", false, "rewrite the fixed sections of testdata/*.txtar")

// In testdata, a comment `#! code "part of the message"` says what must be
// reported on its line, nothing else may be, and a section NAME.fixed is the file
// after the first fix of every finding.
func TestRules(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	covered := map[string]bool{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		trees := map[string]*ast.File{}
		for _, f := range archive.Files {
			trees["/p/"+f.Name] = parser.Parse(f.Name, string(f.Data), parser.PipeOperators)
		}
		world := World{
			Exists: func(path string) bool { return trees[path] != nil },
			Parse:  func(path string) *ast.File { return trees[path] },
		}
		for _, section := range archive.Files {
			if strings.HasSuffix(section.Name, ".fixed") {
				continue
			}
			src := string(section.Data)
			opts := Options{Path: "/p/" + section.Name}
			f := trees[opts.Path]
			info := scope.Resolve(f)
			var got []string
			found := append(Check(f, info, opts), CheckWorld(f, info, opts, world)...)
			for _, d := range found {
				covered[d.Code] = true
				got = append(got, fmt.Sprintf("%d: %s", f.Position(d.Start).Line, d.Code))
			}
			var want []string
			for i, line := range strings.Split(src, "\n") {
				_, marks, ok := strings.Cut(line, "#! ")
				if !ok {
					continue
				}
				for mark := range strings.SplitSeq(marks, "; ") {
					code, text, _ := strings.Cut(strings.TrimSpace(mark), " ")
					want = append(want, fmt.Sprintf("%d: %s", i+1, code))
					if text == "" {
						continue
					}
					if !slices.ContainsFunc(found, func(d Diagnostic) bool {
						return d.Code == code && f.Position(d.Start).Line == i+1 && strings.Contains(d.Msg, strings.Trim(text, `"`))
					}) {
						t.Errorf("%s: %s:%d: no %s says %s; findings: %+v", file, section.Name, i+1, code, text, found)
					}
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", file, section.Name, diff)
			}
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == section.Name+".fixed" })
			if i < 0 {
				continue
			}
			all := func(Diagnostic) bool { return true }
			fixed := FixAll(src, opts, all, func(Fix) bool { return true })
			if *update {
				archive.Files[i].Data = []byte(fixed)
			} else if diff := cmp.Diff(string(archive.Files[i].Data), fixed); diff != "" {
				t.Errorf("%s: %s.fixed (-want +got):\n%s", file, section.Name, diff)
			}
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, r := range Rules() {
		if !covered[r.Code] {
			t.Errorf("no test has rule %s find something", r.Code)
		}
	}
}
