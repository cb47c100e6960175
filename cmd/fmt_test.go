package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnifiedDiff(t *testing.T) {
	lines := func(n int, change map[int]string) string {
		var b strings.Builder
		for i := 1; i <= n; i++ {
			if s, ok := change[i]; ok {
				b.WriteString(s)
			} else {
				fmt.Fprintf(&b, "%d\n", i)
			}
		}
		return b.String()
	}
	tests := []struct {
		name          string
		before, after string
		want          string
	}{
		{"two hunks", lines(20, nil), lines(20, map[int]string{2: "two\n", 19: ""}),
			"@@ -1,5 +1,5 @@\n 1\n-2\n+two\n 3\n 4\n 5\n@@ -16,5 +16,4 @@\n 16\n 17\n 18\n-19\n 20\n"},
		{"one hunk", lines(9, nil), lines(9, map[int]string{1: "", 7: "7\n7a\n"}),
			"@@ -1,9 +1,9 @@\n-1\n 2\n 3\n 4\n 5\n 6\n 7\n+7a\n 8\n 9\n"},
		{"no end of line", "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"from nothing", "", "a\n", "@@ -0,0 +1 @@\n+a\n"},
	}
	for _, tt := range tests {
		got := strings.TrimPrefix(string(unifiedDiff("x", tt.before, tt.after, false)), "--- a/x\n+++ b/x\n")
		if got != tt.want {
			t.Errorf("%s:\n%s", tt.name, got)
		}
	}
}

func TestReplacements(t *testing.T) {
	dir := t.TempDir()
	synced := 0
	r := replacements{batch: 2, sync: func(string) error { synced++; return nil }}
	names := []string{"a", "b", "c", "d"}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := r.replace(path, []byte("new")); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if read("c") != "new" || read("d") != "old" || synced != 1 {
		t.Errorf("after the first batch: c is %s, d is %s, %d syncs", read("c"), read("d"), synced)
	}
	if err := r.flush(); err != nil {
		t.Fatal(err)
	}
	if read("d") != "new" {
		t.Error("the last batch is missing")
	}

	// When the texts cannot be made durable the files stay, and nothing is left
	// behind.
	r.sync = func(string) error { return os.ErrInvalid }
	if err := r.replace(filepath.Join(dir, "a"), []byte("newer")); err != nil {
		t.Fatal(err)
	}
	if err := r.flush(); err == nil || read("a") != "new" {
		t.Errorf("%v, a is %s", err, read("a"))
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(names) {
		t.Errorf("%v %v", entries, err)
	}
	info, err := os.Stat(filepath.Join(dir, "a"))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
}

// TestManyFiles formats enough files for several workers and batches.
func TestManyFiles(t *testing.T) {
	env, stdout, stderr := testEnv(nil)
	env.Dir = t.TempDir()
	const n = 3 * manyFiles
	for i := range n {
		text := "{a=1;}\n"
		if i == 7 {
			text = "{"
		}
		path := filepath.Join(env.Dir, fmt.Sprint(i%5), fmt.Sprintf("%d.nix", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if status := Run(t.Context(), env, []string{"gonix", "fmt", "--list-different", "."}); status != 1 {
		t.Error("status", status)
	}
	if got := strings.Count(stdout.String(), "\n"); got != n-1 {
		t.Errorf("%d files would change", got)
	}
	stderr.Reset()
	if status := Run(t.Context(), env, []string{"gonix", "fmt", "."}); status != 1 || strings.Count(stderr.String(), "error:") != 1 {
		t.Errorf("status %d: %s", status, stderr)
	}
	stdout.Reset()
	Run(t.Context(), env, []string{"gonix", "fmt", "-l", "."})
	if stdout.Len() > 0 {
		t.Errorf("not formatted: %s", stdout)
	}
	var left []string
	filepath.Walk(env.Dir, func(path string, info os.FileInfo, err error) error {
		if strings.HasPrefix(filepath.Base(path), ".") {
			left = append(left, path)
		}
		return err
	})
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestInterrupted checks that a run that is interrupted leaves every file whole.
func TestInterrupted(t *testing.T) {
	env, _, stderr := testEnv(nil)
	env.Dir = t.TempDir()
	for i := range 2 * manyFiles {
		if err := os.WriteFile(filepath.Join(env.Dir, fmt.Sprint(i, ".nix")), []byte("{a=1;}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status := Run(ctx, env, []string{"gonix", "fmt", "."}); status != 1 || !strings.Contains(stderr.String(), "interrupted after 0 of 128 files") {
		t.Errorf("status %d: %s", status, stderr)
	}
	entries, err := os.ReadDir(env.Dir)
	if err != nil || len(entries) != 2*manyFiles {
		t.Errorf("%d files: %v", len(entries), err)
	}
}
