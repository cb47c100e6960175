package testscripts

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocs runs the transcripts in the documentation: fenced blocks marked
// `console`, in which each line that starts with "$ " is a command and the lines
// below it are what it prints, stdout and stderr together. A page is one session,
// from top to bottom, in a directory that holds a copy of examples/. A line "..."
// stands for any number of lines.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, "../README.md")
	for _, page := range pages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			// A collection leaves what any process mentions, and the examples have the
			// same paths in every session's store.
			if !strings.Contains(string(text), "gc") {
				t.Parallel()
			}
			got := transcript(t, string(text))
			if got == string(text) {
				return
			}
			if !*update {
				t.Errorf("transcripts differ (-documented +printed):\n%s", cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")))
				return
			}
			if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// transcript runs the commands of a page and returns the page with their real
// output in place of the documented one, wherever the two do not agree.
func transcript(t *testing.T, page string) string {
	var session *session
	var out strings.Builder
	lines := strings.SplitAfter(page, "\n")
	for i := 0; i < len(lines); {
		out.WriteString(lines[i])
		i++
		if strings.TrimSpace(lines[i-1]) != "```console" {
			continue
		}
		if session == nil {
			session = newSession(t)
		}
		for i < len(lines) && strings.TrimSpace(lines[i]) != "```" {
			command := lines[i]
			out.WriteString(command)
			i++
			for strings.HasSuffix(command, "\\\n") && i < len(lines) {
				command += lines[i]
				out.WriteString(lines[i])
				i++
			}
			start := i
			for i < len(lines) && !strings.HasPrefix(lines[i], "$ ") && strings.TrimSpace(lines[i]) != "```" {
				i++
			}
			want := lines[start:i]
			if got := session.run(t, strings.TrimPrefix(command, "$ ")); !matches(want, got) {
				want = got
			}
			out.WriteString(strings.Join(want, ""))
		}
	}
	return out.String()
}

type session struct {
	dir string
	env []string
}

func newSession(t *testing.T) *session {
	t.Helper()
	s := &session{dir: workDir(t), env: os.Environ()}
	setenv := func(name, value string) { s.env = append(s.env, name+"="+value) }
	if err := setup(s.dir, setenv); err != nil {
		t.Fatal(err)
	}
	err := os.CopyFS(filepath.Join(s.dir, "examples"), os.DirFS("../examples"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return s
}

// run returns the lines that a shell command prints. Its status does not matter:
// what a failing command says is documented as well.
func (s *session) run(t *testing.T, command string) []string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
	c.Dir, c.Env = s.dir, s.env
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); c.ProcessState == nil {
		t.Fatalf("run %s: %v", command, err)
	}
	// Temporary directories differ from run to run.
	text := strings.ReplaceAll(out.String(), s.dir, "~")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return strings.SplitAfter(strings.TrimSuffix(text, "\n")+"\n", "\n")[:strings.Count(text, "\n")]
}

// matches reports whether got is what want describes; "..." in want matches any
// number of lines.
func matches(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if strings.TrimSpace(want[0]) == "..." {
		for i := 0; i <= len(got); i++ {
			if matches(want[1:], got[i:]) {
				return true
			}
		}
		return false
	}
	return len(got) > 0 && want[0] == got[0] && matches(want[1:], got[1:])
}

func TestMatches(t *testing.T) {
	tests := []struct {
		want, got string
		ok        bool
	}{
		{"a\nb\n", "a\nb\n", true},
		{"a\n...\n", "a\nb\nc\n", true},
		{"...\nc\n", "a\nb\nc\n", true},
		{"...\n", "", true},
		{"a\n...\nd\n", "a\nb\nc\n", false},
		{"a\n", "a\nb\n", false},
		{"", "a\n", false},
	}
	for _, tt := range tests {
		lines := func(s string) []string { return strings.SplitAfter(s, "\n")[:strings.Count(s, "\n")] }
		if ok := matches(lines(tt.want), lines(tt.got)); ok != tt.ok {
			t.Errorf("matches(%q, %q) = %v", tt.want, tt.got, ok)
		}
	}
}
