package floors

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// longestFile is how many lines a source file may have; 150 to 600 is the habit.
const longestFile = 900

// vague are package names that say nothing about what a package holds.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "types", "base", "shared"}

func TestPackages(t *testing.T) {
	for _, p := range list(t) {
		if slices.Contains(vague, p.Name) {
			t.Errorf("%s: a package named %s", p.ImportPath, p.Name)
		}
		documented := len(p.GoFiles) == 0
		for _, name := range append(p.GoFiles, p.CgoFiles...) {
			path := filepath.Join(p.Dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				continue // a file that cgo generates
			}
			if n := bytes.Count(text, []byte("\n")); n > longestFile && !strings.HasSuffix(name, "_gen.go") {
				t.Errorf("%s: %d lines: does it hold one idea?", path, n)
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || file.Doc != nil
		}
		if !documented {
			t.Errorf("%s: no package comment", p.ImportPath)
		}
	}
}

// unfinished are marks of work left undone; issues hold those.
var unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// TestText looks at everything that is in git: nothing marked unfinished, and links
// in documents that lead somewhere.
func TestText(t *testing.T) {
	top := "../.."
	out, err := exec.Command("git", "-C", top, "ls-files", "-z").Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		ext := filepath.Ext(name)
		if !slices.Contains([]string{".go", ".md", ".nix", ".sh", ".txtar", ".lua", ".el", ".ts", ".js"}, ext) ||
			strings.Contains(name, "testdata/") || strings.HasPrefix(name, "internal/floors/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(top, name))
		if os.IsNotExist(err) {
			continue // deleted, not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			if m := unfinished.Find(line); m != nil {
				t.Errorf("%s:%d: %s", name, i+1, m)
			}
		}
		if ext != ".md" {
			continue
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			target := filepath.Join(top, filepath.Dir(name), string(m[1]))
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: a link to %s, which is not there", name, m[1])
			}
		}
	}
}
