package builtins_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/builtins"
	"gonix.dev/gonix/parser/resolve"
)

var update = flag.Bool("update", false, "rewrite the results in testdata")

// Each file of testdata holds expressions, one a line, each followed by its value
// after `=> ` or its error after `!! `. Lines that begin with `#` are comments,
// empty lines separate.
func TestBuiltins(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			old, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			lines := strings.Split(strings.TrimSuffix(string(old), "\n"), "\n")
			for i, line := range lines {
				if strings.HasPrefix(line, "=> ") || strings.HasPrefix(line, "!! ") {
					continue
				}
				out.WriteString(line + "\n")
				if line == "" || line[0] == '#' {
					continue
				}
				got := evaluate(line)
				out.WriteString(got + "\n")
				if want := append(lines, "")[i+1]; got != want && !*update {
					t.Errorf("%s:%d: %s\n got %s\nwant %s", name, i+1, line, got, want)
				}
			}
			if *update {
				if err := os.WriteFile(name, out.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// The resolver has a list of its own of what is in scope everywhere.
func TestGlobals(t *testing.T) {
	want := resolve.Globals()
	got := []string{"builtins"} // the set itself is the evaluator's
	for _, b := range builtins.All() {
		name := b.Name
		if !b.Global {
			name = "__" + name
		}
		got = append(got, name)
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("parser/resolve and eval/builtins disagree (-resolve +builtins):\n%s", d)
	}
}

func evaluate(expr string) string {
	var said []string
	st := eval.New(eval.Options{
		World: &eval.OS{LookupEnv: func(name string) (string, bool) {
			if name == "SET" {
				return "the value", true
			}
			return "", false
		}},
		System:   "x86_64-linux",
		Features: map[string]bool{"flakes": true, "fetch-tree": true, "fetch-closure": true, "dynamic-derivations": true, "ca-derivations": true, "impure-derivations": true},
		Trace:    func(msg string) { said = append(said, "trace: "+msg) },
		Warn:     func(msg string) { said = append(said, "warning: "+msg) },
	}, builtins.All()...)
	v, err := st.EvalText("test", expr, "/")
	if err == nil {
		v, err = st.ForceDeep(v)
	}
	text := ""
	if err == nil {
		text, err = st.Print(v, eval.PrintOptions{})
	}
	result := "=> " + text
	if err != nil {
		result = "!! " + err.Msg
	}
	if len(said) > 0 {
		result += " # " + strings.Join(said, "; ")
	}
	return strings.ReplaceAll(result, "\n", "␤")
}
