package gitignore

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestIgnores(t *testing.T) {
	const root = `# comment
*.o
!keep.o
/build
docs/*.tmp
result*
cache/
a/**/z
**/deep
trailing\ 
`
	const sub = "*.nix\n!important.nix\n"
	top := (*Patterns)(nil).With("", root)
	below := top.With("sub", sub)
	tests := []struct {
		p    *Patterns
		name string
		dir  bool
		want bool
	}{
		{top, "x.o", false, true},
		{top, "d/x.o", false, true},
		{top, "d/keep.o", false, false},
		{top, "build", true, true},
		{top, "d/build", true, false},
		{top, "docs/a.tmp", false, true},
		{top, "docs/d/a.tmp", false, false},
		{top, "result-lib", false, true},
		{top, "cache", true, true},
		{top, "cache", false, false},
		{top, "a/z", false, true},
		{top, "a/b/c/z", false, true},
		{top, "b/deep", true, true},
		{top, "trailing ", false, true},
		{top, "default.nix", false, false},
		{below, "sub/a.nix", false, true},
		{below, "sub/important.nix", false, false},
		{below, "sub/x.o", false, true},
		{nil, "x.o", false, false},
	}
	for _, tt := range tests {
		if got := tt.p.Ignores(tt.name, tt.dir); got != tt.want {
			t.Errorf("Ignores(%q) = %v", tt.name, got)
		}
	}

	// git is of the same opinion.
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("GONIX_CI") == "1" {
			t.Fatal(err)
		}
		return
	}
	dir := t.TempDir()
	git := func(args ...string) error {
		c := exec.CommandContext(t.Context(), "git", args...)
		c.Dir = dir
		return c.Run()
	}
	if err := git("init", "-q"); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{".gitignore": root, "sub/.gitignore": sub} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range tests {
		if tt.p == nil || tt.p == top && strings.HasPrefix(tt.name, "sub/") {
			continue
		}
		name := tt.name
		if tt.dir {
			name += "/"
		}
		if got := git("check-ignore", "-q", name) == nil; got != tt.want {
			t.Errorf("git check-ignore %q: %v", tt.name, got)
		}
	}
}
