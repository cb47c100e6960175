package testscripts

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// lensFile has something for every lens.
const lensFile = `let
  sh = script: derivation { name = "made"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" script ]; };
  mkDerivation = { script }: sh script;
  mkShell = { word }: derivation { name = "env"; system = builtins.currentSystem; builder = "/bin/sh"; inherit word; };
in
{
  answer = 40 + 2;
  wrong = 1 + "a";
  tool = mkDerivation { script = "echo made > $out"; };
  broken = mkDerivation { script = "echo what went wrong; exit 3"; };
  shell = mkShell { word = "lamp"; };
}
`

// TestLenses has an editor run the lenses of a file to their end: values, builds
// into a store, and what the editor's terminal is told for a shell.
func TestLenses(t *testing.T) {
	dir := workDir(t)
	file := filepath.Join(dir, "default.nix")
	if err := os.WriteFile(file, []byte(lensFile), 0o644); err != nil {
		t.Fatal(err)
	}
	e := startEditor(t, dir)
	u := "file://" + file
	e.request("initialize", map[string]any{"processId": os.Getpid(), "rootUri": "file://" + dir, "capabilities": map[string]any{}})
	e.notify("initialized", map[string]any{})
	e.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": u, "languageId": "nix", "version": 1, "text": lensFile}})

	var lenses []struct {
		Range   struct{ Start struct{ Line int } }
		Command struct {
			Title, Command string
			Arguments      []json.RawMessage
		}
	}
	if err := json.Unmarshal(e.request("textDocument/codeLens", map[string]any{"textDocument": map[string]any{"uri": u}}), &lenses); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(lensFile, "\n")
	run := func(name, title string) (answer, command string, args []json.RawMessage) {
		t.Helper()
		for _, l := range lenses {
			if strings.HasPrefix(lines[l.Range.Start.Line], "  "+name+" =") && l.Command.Title == title {
				if l.Command.Command == "gonix.shell" { // the editor's own
					return "", l.Command.Command, l.Command.Arguments
				}
				json.Unmarshal(e.request("workspace/executeCommand", map[string]any{"command": l.Command.Command, "arguments": l.Command.Arguments}), &answer)
				return answer, l.Command.Command, l.Command.Arguments
			}
		}
		t.Errorf("%s has no lens %q among %+v", name, title, lenses)
		return "", "", nil
	}

	if got, _, _ := run("answer", "evaluate"); got != "answer = 42" {
		t.Errorf("evaluating says %q", got)
	}
	if got, _, _ := run("wrong", "evaluate"); !strings.Contains(got, "cannot add a string to an integer") {
		t.Errorf("evaluating what is wrong says %q", got)
	}
	path, _, _ := run("tool", "build")
	if data, err := os.ReadFile(filepath.Join(dir, ".root", path)); err != nil || string(data) != "made\n" {
		t.Errorf("building made %q: %q, %v", path, data, err)
	}
	if got, _, _ := run("broken", "build"); !strings.Contains(got, "exit code 3") || !strings.Contains(got, "what went wrong") {
		t.Errorf("building what is broken says %q", got)
	}
	// Only editors have terminals, so that they run this one: with gonix-shell.
	_, command, args := run("shell", "enter this shell")
	var arg struct{ File, Attr string }
	if len(args) != 1 || command != "gonix.shell" || json.Unmarshal(args[0], &arg) != nil {
		t.Fatalf("the shell's lens runs %s %s", command, args)
	}
	shell := exec.CommandContext(t.Context(), "gonix-shell", arg.File, "-A", arg.Attr, "--run", "echo the $word is lit")
	shell.Dir, shell.Env = dir, e.cmd.Env
	if out, err := shell.CombinedOutput(); err != nil || !strings.Contains(string(out), "the lamp is lit") {
		t.Errorf("gonix-shell: %v\n%s", err, out)
	}
	e.request("shutdown", nil)
	e.notify("exit", nil)
	if err := e.cmd.Wait(); err != nil {
		t.Errorf("gonix lsp: %v", err)
	}
}

// editor talks to a language server.
type editor struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.Writer
	out  *bufio.Reader
	last int
}

func startEditor(t *testing.T, dir string) *editor {
	c := exec.CommandContext(t.Context(), "gonix", "lsp")
	c.Dir, c.Env, c.Stderr = dir, os.Environ(), t.Output()
	if err := setup(dir, func(name, value string) { c.Env = append(c.Env, name+"="+value) }); err != nil {
		t.Fatal(err)
	}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return &editor{t: t, cmd: c, in: in, out: bufio.NewReader(out)}
}

func (e *editor) send(m map[string]any) {
	m["jsonrpc"] = "2.0"
	data, _ := json.Marshal(m)
	if _, err := fmt.Fprintf(e.in, "Content-Length: %d\r\n\r\n%s", len(data), data); err != nil {
		e.t.Fatal(err)
	}
}

func (e *editor) notify(method string, params any) {
	e.send(map[string]any{"method": method, "params": params})
}

// request waits for the answer, and says nothing in particular to what the server
// asks meanwhile.
func (e *editor) request(method string, params any) json.RawMessage {
	e.t.Helper()
	e.last++
	e.send(map[string]any{"id": e.last, "method": method, "params": params})
	for {
		var m struct {
			ID     json.RawMessage
			Method string
			Result json.RawMessage
			Error  json.RawMessage
		}
		if err := json.Unmarshal(e.receive(), &m); err != nil {
			e.t.Fatal(err)
		}
		switch {
		case m.Method != "" && m.ID != nil:
			e.send(map[string]any{"id": m.ID, "result": nil})
		case m.Method == "" && string(m.ID) == strconv.Itoa(e.last):
			if m.Error != nil {
				e.t.Fatalf("%s: %s", method, m.Error)
			}
			return m.Result
		}
	}
}

func (e *editor) receive() []byte {
	e.t.Helper()
	length := 0
	for {
		line, err := e.out.ReadString('\n')
		if err != nil {
			e.t.Fatal(err)
		}
		if line = strings.TrimSpace(line); line == "" {
			break
		}
		if value, ok := strings.CutPrefix(line, "Content-Length:"); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(e.out, data); err != nil {
		e.t.Fatal(err)
	}
	return data
}
