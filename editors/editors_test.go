package editors

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// need finds a program, or leaves the test out; in CI it fails instead.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("GONIX_CI") == "1" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

var (
	build  sync.Once
	binDir string
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gonix-editors")
	if err != nil {
		panic(err)
	}
	binDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// project makes a folder with a program gonix and a file to edit.
func project(t *testing.T) (dir, gonix string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	gonix = filepath.Join(binDir, "gonix")
	build.Do(func() {
		if out, err := exec.Command("go", "build", "-o", gonix, "../cmd/gonix").CombinedOutput(); err != nil {
			t.Errorf("build gonix: %v\n%s", err, out)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	text, err := os.ReadFile("testdata/main.nix")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"main.nix": string(text), "default.nix": "{ }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir, gonix
}

// drive runs an editor, and returns what it printed.
func drive(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "HOME="+t.TempDir(), "NIX_PATH=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func wantLines(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("lacks %q:\n%s", w, got)
		}
	}
}

func TestNeovim(t *testing.T) {
	nvim := need(t, "nvim")
	dir, gonix := project(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	result := filepath.Join(t.TempDir(), "out")
	log := drive(t, []string{"GONIX=" + gonix, "GONIX_DIR=" + dir, "GONIX_OUT=" + result, "GONIX_LUA=" + filepath.Join(here, "neovim")},
		nvim, "--headless", "-u", "NONE", "-c", "luafile "+filepath.Join(here, "testdata/drive.lua"))
	out, err := os.ReadFile(result)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	wantLines(t, string(out), "diagnostic 3 unused-let", "value = 1 + 2", "*int*", "definition 2", "completion value", "renamed renamed", "formatted   renamed = 1 + 2;", "fixed let   renamed = 1 + 2; in renamed", "root work work", "root repo repo", "terminal it's here")
}

func TestEmacs(t *testing.T) {
	emacs := need(t, "emacs")
	dir, gonix := project(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	out := drive(t, []string{"GONIX=" + gonix, "GONIX_DIR=" + dir, "GONIX_EL=" + filepath.Join(here, "emacs")},
		emacs, "--batch", "--eval", "(package-initialize)", "-l", filepath.Join(here, "testdata/drive.el"))
	wantLines(t, out, "connected yes", "*int*", "definition 2", "renamed renamed", "formatted   renamed = 1 + 2;", "fixed let   renamed = 1 + 2; in renamed")
}

// TestNode drives the server with the libraries of VS Code's client.
func TestNode(t *testing.T) {
	node, npm := need(t, "node"), need(t, "npm")
	dir, gonix := project(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	modules := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(filepath.Join("vscode", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(modules, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	install := exec.Command(npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = modules
	if out, err := install.CombinedOutput(); err != nil {
		if os.Getenv("GONIX_CI") == "1" {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
		t.Skipf("npm ci: %v\n%s", err, out)
	}
	out := drive(t, []string{"GONIX=" + gonix, "GONIX_DIR=" + dir, "GONIX_NODE=" + modules}, node, filepath.Join(here, "testdata/drive.js"))
	wantLines(t, out, "server gonix", "registers workspace/didChangeWatchedFiles", "diagnostic unused-let", "value = 1 + 2", "definition 2", "rename 2", "tokens 3", `action undefined [{"range":{"start":{"line":2,"character":0},"end":{"line":3,"character":0}},"newText":""}]`, "cancel true", "exit 0")
}
