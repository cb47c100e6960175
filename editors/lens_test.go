//go:build linux

package editors

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const lensProject = `{ system ? builtins.currentSystem }:
let
  mkDerivation = attrs: derivation ({ inherit system; builder = "/bin/sh"; } // attrs);
  mkShell = attrs: mkDerivation ({ args = [ "-c" "echo $word > $out" ]; } // attrs);
in
{
  answer = 40 + 2;
  wrong = 1 + "a";
  greeting = mkDerivation { name = "greeting"; args = [ "-c" "echo hello > $out" ]; };
  broken = mkDerivation { name = "broken"; args = [ "-c" "echo so it goes >&2; exit 3" ]; };
  shell = mkShell { name = "shell"; word = "ahoy"; };
}
`

// The lenses lead to values, and above derivations to a store path, to the end of the
// log, and into a shell: in a store of a user's own, with nothing but gonix.
func TestLenses(t *testing.T) {
	_, gonix := project(t)
	dir := t.TempDir()
	t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", dir).Run() })
	work := filepath.Join(dir, "it's here")
	file := filepath.Join(work, "default.nix")
	if err := os.Mkdir(work, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(lensProject), 0o666); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(dir, "store")
	env := append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CACHE_HOME="+dir, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir,
		"NIX_PATH=", "NIX_REMOTE=local?root="+store, "NIX_CONFIG=substitute = false")
	server, c := serve(t, gonix, env...)
	c.initialize(work, nil)
	doc := c.open(file, lensProject)

	type command struct {
		Title, Command string
		Arguments      []struct{ Attr string }
	}
	var lenses []struct{ Command json.RawMessage }
	if err := json.Unmarshal([]byte(c.must("textDocument/codeLens", object{"textDocument": doc})), &lenses); err != nil {
		t.Fatal(err)
	}
	lens := func(title, attr string) json.RawMessage {
		t.Helper()
		for _, l := range lenses {
			var cmd command
			if err := json.Unmarshal(l.Command, &cmd); err != nil {
				t.Fatal(err)
			}
			if cmd.Title == title && cmd.Arguments[0].Attr == attr {
				return l.Command
			}
		}
		t.Fatalf("there is no lens %q above %s", title, attr)
		return nil
	}

	run := func(title, attr string) (said string) {
		t.Helper()
		if err := json.Unmarshal([]byte(c.must("workspace/executeCommand", lens(title, attr))), &said); err != nil {
			t.Fatal(err)
		}
		return said
	}

	if got := run("evaluate", "answer"); got != "answer = 42" {
		t.Errorf("evaluating says %q", got)
	}
	if got := run("evaluate", "wrong"); !strings.Contains(got, "cannot add a string to an integer") {
		t.Errorf("evaluating what is wrong says %q", got)
	}
	path := run("build", "greeting")
	c.hears("window/showMessage", path)
	if data, err := os.ReadFile(filepath.Join(store, path)); err != nil || string(data) != "hello\n" {
		t.Errorf("what was built is %q, %v", data, err)
	}
	if got := run("build", "broken"); !strings.Contains(got, "exit code 3") || !strings.Contains(got, "so it goes") {
		t.Errorf("building what is broken says %q", got)
	}
	c.hears("window/showMessage", "so it goes")

	// The client runs the shell: by what it is told, or with gonix-shell.
	var enter struct {
		Command   string
		Arguments []struct {
			File, Attr string
			Argv       []string
		}
	}
	if err := json.Unmarshal(lens("enter this shell", "shell"), &enter); err != nil {
		t.Fatal(err)
	}
	if len(enter.Arguments) != 1 || enter.Command != "gonix.shell" {
		t.Fatalf("the shell's lens runs %s %v", enter.Command, enter.Arguments)
	}
	arg := enter.Arguments[0]
	byName := exec.Command(gonix, arg.File, "-A", arg.Attr)
	byName.Args[0] = "gonix-shell"
	for _, sh := range []*exec.Cmd{exec.Command(arg.Argv[0], arg.Argv[1:]...), byName} {
		sh.Args = append(sh.Args, "--run", `echo "$word"`)
		sh.Env, sh.Dir, sh.Stderr = env, dir, t.Output()
		if out, err := sh.Output(); err != nil || string(out) != "ahoy\n" {
			t.Errorf("%s says %q, %v", sh, out, err)
		}
	}
	// A client that does not know how is told.
	told := run("enter this shell", "shell")
	words, ok := strings.CutPrefix(told, "run in a terminal: ")
	typed := exec.Command("sh", "-c", words+` --run 'echo "$word"'`)
	typed.Env, typed.Dir, typed.Stderr = env, dir, t.Output()
	if out, err := typed.Output(); !ok || err != nil || string(out) != "ahoy\n" {
		t.Errorf("%s: %q, %v", told, out, err)
	}
	c.must("shutdown", nil)
	c.notify("exit", nil)
	if status := server.exits(); status != 0 {
		t.Errorf("gonix lsp: status %d", status)
	}
}
