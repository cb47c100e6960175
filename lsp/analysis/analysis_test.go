package analysis

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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

// said is the message of a diagnostic with its place and the places it refers to.
func said(f *ast.File, d Diagnostic) string {
	text := fmt.Sprintf("`%s`: %s", f.Src[d.Start:d.End], d.Msg)
	for _, r := range d.Related {
		text += fmt.Sprintf(", line %d has `%s`: %s", f.Position(r.Start).Line, f.Src[r.Start:r.End], r.Msg)
	}
	return text
}

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
						return d.Code == code && f.Position(d.Start).Line == i+1 && strings.Contains(said(f, d), strings.Trim(text, `"`))
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
		if !covered[r.Code] && !r.evaluated {
			t.Errorf("no test has rule %s find something", r.Code)
		}
	}
}

// The documentation has a section for every rule, with its severity, and an
// example in which the rule finds something.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/diagnostics.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, s := range strings.Split(string(page), "\n## ")[1:] {
		code, text, _ := strings.Cut(s, "\n")
		sections[code] = text
	}
	for _, r := range Rules() {
		text, ok := sections[r.Code]
		delete(sections, r.Code)
		if !ok || !strings.Contains(text, r.Summary+" Severity: "+r.Severity.String()+".") {
			t.Errorf("%s: the documentation does not say: %s Severity: %s.", r.Code, r.Summary, r.Severity)
			continue
		}
		if r.world || r.evaluated {
			continue
		}
		_, example, _ := strings.Cut(text, "```nix\n")
		example, _, _ = strings.Cut(example, "```")
		f := parser.Parse("x", example, 0)
		name := "/p/x.nix"
		if r.Code == "flake" {
			name = "/p/flake.nix"
		}
		found := Check(f, scope.Resolve(f), Options{Path: name})
		if !slices.ContainsFunc(found, func(d Diagnostic) bool { return d.Code == r.Code }) {
			t.Errorf("%s: nothing is found in its example %q", r.Code, example)
		}
	}
	for code := range sections {
		t.Errorf("%s is documented, but there is no such rule", code)
	}
}

// No rule panics on any prefix of the test files, as one sees while typing.
func TestRulesWhileTyping(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range archive.Files {
			src := string(section.Data)
			for n := range src {
				f := parser.Parse("x", src[:n], 0)
				for _, d := range Check(f, scope.Resolve(f), Options{Path: "/p/" + section.Name}) {
					if d.Start < 0 || d.End < d.Start || int(d.End) > n {
						t.Fatalf("%s at %v is outside of %q", d.Code, d.Span, src[:n])
					}
					for _, fix := range d.Fixes {
						Apply(src[:n], fix.Edits)
					}
				}
			}
		}
	}
}

// What a check makes grows with the text, not with its square: generated files have
// sets of thousands of names, and select as often from them.
func TestCheckIsLinear(t *testing.T) {
	made := func(n int) uint64 {
		var b strings.Builder
		b.WriteString("let\n  sources = {\n")
		for i := range n {
			fmt.Fprintf(&b, "    \"s%d\" = { v = %d; };\n", i, i)
		}
		b.WriteString("  };\nin\n{\n")
		for i := range n {
			fmt.Fprintf(&b, "  p%d = [ sources.s%d sources.\"s%d\" ];\n", i, i, (i+1)%n)
		}
		b.WriteString("}\n")
		f := parser.Parse("a.nix", b.String(), 0)
		info := scope.Resolve(f)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if found := Check(f, info, Options{Path: "/a.nix"}); len(found) > 0 {
			t.Fatalf("unexpected: %+v", found[0])
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	small, large := made(500), made(4000)
	if large > 20*small {
		t.Errorf("8 times the text: %d bytes rather than %d", large, small)
	}
}
