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
  greeting = mkDerivation { name = "greeting"; args = [ "-c" "echo hello > $out" ]; };
  broken = mkDerivation { name = "broken"; args = [ "-c" "echo so it goes >&2; exit 3" ]; };
  shell = mkShell { name = "shell"; word = "ahoy"; };
}
`

// The lenses above derivations lead to a store path, to the end of the log, and into
// a shell: in a store of a user's own, with nothing but gonix.
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
	_, c := serve(t, gonix, env...)
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

	var path string
	if err := json.Unmarshal([]byte(c.must("workspace/executeCommand", lens("build", "greeting"))), &path); err != nil {
		t.Fatal(err)
	}
	c.hears("window/showMessage", path)
	if data, err := os.ReadFile(filepath.Join(store, path)); err != nil || string(data) != "hello\n" {
		t.Errorf("what was built is %q, %v", data, err)
	}
	c.must("workspace/executeCommand", lens("build", "broken"))
	c.hears("window/showMessage", "so it goes")

	// The client runs the shell; a client that does not know how is told.
	var enter struct{ Arguments []struct{ Argv []string } }
	if err := json.Unmarshal(lens("enter this shell", "shell"), &enter); err != nil {
		t.Fatal(err)
	}
	argv := append(enter.Arguments[0].Argv, "--run", `echo "$word"`)
	sh := exec.Command(argv[0], argv[1:]...)
	sh.Env, sh.Dir, sh.Stderr = env, dir, t.Output()
	if out, err := sh.Output(); err != nil || string(out) != "ahoy\n" {
		t.Errorf("the shell says %q, %v", out, err)
	}
	var told string
	if err := json.Unmarshal([]byte(c.must("workspace/executeCommand", lens("enter this shell", "shell"))), &told); err != nil {
		t.Fatal(err)
	}
	words, ok := strings.CutPrefix(told, "run in a terminal: ")
	typed := exec.Command("sh", "-c", words+` --run 'echo "$word"'`)
	typed.Env, typed.Dir, typed.Stderr = env, dir, t.Output()
	if out, err := typed.Output(); !ok || err != nil || string(out) != "ahoy\n" {
		t.Errorf("%s: %q, %v", told, out, err)
	}
}
