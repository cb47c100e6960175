package testscripts

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// outcome is what a tool made of an expression.
type outcome struct {
	value   string
	message string // of the error, when there is no value
	kind    string // of the error
	pos     string // line:column in the expression's own file, when the error names it
}

func (o outcome) String() string {
	if o.kind == "" {
		return o.value
	}
	return fmt.Sprintf("[%s] %s at %s", o.kind, o.message, o.pos)
}

// kinds are the classes of errors, each with what Nix (2.8 and 2.36) says.
var kinds = []struct {
	kind string
	msg  *regexp.Regexp
}{
	{"syntax", regexp.MustCompile(`^syntax error|^attribute '.*' already defined|^duplicate formal|^dynamic attributes not allowed|^path .* has a trailing slash|^invalid integer|^invalid float`)},
	{"undefined", regexp.MustCompile(`^undefined variable`)},
	{"name", regexp.MustCompile(`illegal character|empty name|name must not be empty|^derivation names are`)},
	{"hash", regexp.MustCompile(`wrong length for hash|invalid SRI hash|empty hash requires|unknown hash algo`)},
	{"missing attribute", regexp.MustCompile(`^'path' required|^missing required '|^attribute '.*' missing|attribute '.*' (was )?not found|attribute '?\w+'? (missing|required)|^required attribute`)},
	{"duplicate attribute", regexp.MustCompile(`^dynamic attribute '.*' already defined`)},
	{"argument", regexp.MustCompile(`called (without required|with unexpected) argument`)},
	{"recursion", regexp.MustCompile(`^infinite recursion|stack overflow|max-call-depth`)},
	{"division", regexp.MustCompile(`^division by zero`)},
	{"assertion", regexp.MustCompile(`^assertion .*failed|is not equal to`)},
	{"abort", regexp.MustCompile(`^evaluation aborted with the following error message`)},
	{"index", regexp.MustCompile(`out of bounds|called with index|called on an empty list|empty list|negative|negative start`)},
	{"regex", regexp.MustCompile(`^invalid regular expression|^memory limit exceeded by regular`)},
	{"json", regexp.MustCompile(`JSON|json`)},
	{"toml", regexp.MustCompile(`TOML|toml`)},
	{"file", regexp.MustCompile(`No such file|does not exist|getting status|was not found in the Nix search path|opening file|reading directory`)},
	{"relative path", regexp.MustCompile(`doesn't represent an absolute path|not an absolute path`)},
	{"type", regexp.MustCompile(`is not a function|was expected|^expected an? |cannot coerce|cannot add|cannot compare|cannot convert|is not a(n)? |should have been|attempt to call something|unsupported|have the same length|lengths|not supported`)},
}

func classify(message string) string {
	for _, k := range kinds {
		if k.msg.MatchString(message) {
			return k.kind
		}
	}
	return message
}

var (
	errorLine = regexp.MustCompile(`(?m)^ *error: +(\S.*)$`)
	position  = regexp.MustCompile(`at \S*/(case-\d+\.nix):(\d+:\d+)`)
)

// failure reads what a tool printed about an error. The innermost error counts,
// which comes last when there are frames around it, and so does its position; when it
// has none, the innermost frame's.
func failure(stderr, file string) outcome {
	o := outcome{message: strings.TrimSpace(stderr), pos: "nowhere"}
	before, after := stderr, ""
	if all := errorLine.FindAllStringSubmatchIndex(stderr, -1); all != nil {
		m := all[len(all)-1]
		o.message = stderr[m[2]:m[3]]
		before, after = stderr[:m[0]], stderr[m[1]:]
	}
	o.kind = classify(o.message)
	places := position.FindAllStringSubmatch(before, -1)
	if inner := position.FindStringSubmatch(after); inner != nil {
		places = append(places, inner)
	}
	if n := len(places); n > 0 && places[n-1][1] == file {
		o.pos = places[n-1][2]
	}
	return o
}

// evaluate has a tool evaluate files, as few processes as errors allow.
func evaluate(t *testing.T, tool, dir string, files []string) []outcome {
	t.Helper()
	outcomes := make([]outcome, 0, len(files))
	env := os.Environ()
	if err := setup(workDir(t), func(name, value string) { env = append(env, name+"="+value) }); err != nil {
		t.Fatal(err)
	}
	for len(outcomes) < len(files) {
		rest := files[len(outcomes):]
		c := exec.CommandContext(t.Context(), tool, append([]string{"--eval", "--strict"}, rest[:min(len(rest), 100)]...)...)
		c.Dir, c.Env = dir, env
		var stdout, stderr bytes.Buffer
		c.Stdout, c.Stderr = &stdout, &stderr
		err := c.Run()
		for line := range strings.Lines(stdout.String()) {
			outcomes = append(outcomes, outcome{value: strings.TrimSuffix(line, "\n")})
		}
		if err == nil {
			continue
		}
		outcomes = append(outcomes, failure(stderr.String(), filepath.Base(files[len(outcomes)])))
	}
	return outcomes
}

// TestDifferential evaluates the expressions of differential/*.txt with the real
// Nix and with gonix and compares. differential/known/ holds the differences that
// are deliberate; -update rewrites what gonix makes of those.
func TestDifferential(t *testing.T) {
	need(t, "nix-instantiate")
	topics, err := filepath.Glob("differential/*.txt")
	if err != nil || len(topics) == 0 {
		t.Fatalf("no expressions: %v", err)
	}
	for _, topic := range topics {
		t.Run(strings.TrimSuffix(filepath.Base(topic), ".txt"), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("differential/files")); err != nil {
				t.Fatal(err)
			}
			exprs, files := expressions(t, topic, dir)
			want := evaluate(t, "nix-instantiate", dir, files)
			got := evaluate(t, "gonix-instantiate", dir, files)
			known := readKnown(t, "differential/known/"+filepath.Base(topic))
			for i, expr := range exprs {
				why := agree(want[i], got[i])
				result := strings.ReplaceAll(got[i].String(), dir, "DIR")
				k := known.results[expr]
				switch {
				case why == "" && k != nil:
					t.Errorf("%s: the known difference is gone", expr)
				case k != nil && *update:
					*k = result
				case k != nil && *k != result:
					t.Errorf("%s: not the known difference\n  nix:   %s\n  known: %s\n  gonix: %s", expr, want[i], *k, result)
				case why != "" && k == nil:
					t.Errorf("%s: %s\n  nix:   %s\n  gonix: %s", expr, why, want[i], result)
				}
			}
			known.write(t)
		})
	}
}

// knownDifferences is a file of deliberate differences from Nix 2.8: lines that
// start with # give the reason for what follows, an expression stands on a line of
// its own, and what gonix makes of it follows indented by two columns.
type knownDifferences struct {
	path    string
	lines   []string           // reasons and expressions
	results map[string]*string // by expression
}

func readKnown(t *testing.T, path string) *knownDifferences {
	t.Helper()
	k := &knownDifferences{path: path, results: map[string]*string{}}
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if result, ok := strings.CutPrefix(line, "  "); ok && len(k.lines) > 0 {
			*k.results[k.lines[len(k.lines)-1]] = result
			continue
		}
		k.lines = append(k.lines, line)
		if line != "" && !strings.HasPrefix(line, "#") {
			k.results[line] = new(string)
		}
	}
	return k
}

func (k *knownDifferences) write(t *testing.T) {
	t.Helper()
	if !*update || len(k.lines) == 0 {
		return
	}
	var b strings.Builder
	for _, line := range k.lines {
		fmt.Fprintln(&b, line)
		if result := k.results[line]; result != nil {
			fmt.Fprintln(&b, "  "+*result)
		}
	}
	if err := os.WriteFile(k.path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// expressions writes each expression of a topic to a file in dir. A line that ends
// in a backslash goes on in the next.
func expressions(t *testing.T, topic, dir string) (exprs, files []string) {
	t.Helper()
	text, err := os.ReadFile(topic)
	if err != nil {
		t.Fatal(err)
	}
	var expr string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		if more, ok := strings.CutSuffix(line, "\\\n"); ok {
			expr += more + "\n"
			continue
		}
		expr += strings.TrimSuffix(line, "\n")
		file := filepath.Join(dir, fmt.Sprintf("case-%03d.nix", len(exprs)))
		if err := os.WriteFile(file, []byte(expr), 0o644); err != nil {
			t.Fatal(err)
		}
		exprs, files = append(exprs, expr), append(files, file)
		expr = ""
	}
	return exprs, files
}

// agree says how two outcomes differ. Positions have to agree where Nix names one
// in the user's file.
func agree(want, got outcome) string {
	switch {
	case want.value != got.value:
		return "other value"
	case want.kind != got.kind:
		return "other kind of error"
	case want.pos != "nowhere" && want.pos != got.pos:
		return "other position"
	}
	return ""
}
