//go:build linux

package editors

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// children are the processes that a process has started and that still run.
func children(pid int) []int {
	var out []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		data, _ := os.ReadFile(list)
		for _, f := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(f); err == nil && !gone(child) {
				out = append(out, child)
			}
		}
	}
	return out
}

// gone reports whether a process is no more, or only its entry is.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// endless takes no memory to speak of, and hours.
const endless = "{ a = with builtins; foldl' (a: _: foldl' (a: _: a + 1) 0 (genList (x: x) 100000)) 0 (genList (x: x) 10000000); }"

// busy has a session evaluate something without end.
func (c *client) busy(dir string) {
	doc := c.open(filepath.Join(dir, "endless.nix"), endless)
	c.write(object{"id": 1000, "method": "textDocument/hover", "params": at(doc, 0, 2)})
}

// However the session ends, the server does, with the status that tells whether
// that was in order, and nothing is left of it.
func TestExit(t *testing.T) {
	_, gonix := project(t)
	editor := func(t *testing.T) *exec.Cmd {
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
		return cmd
	}
	tests := []struct {
		name string
		end  func(t *testing.T, p *program, c *client, editor *exec.Cmd)
		want int
	}{
		{"shutdown and exit", func(t *testing.T, p *program, c *client, _ *exec.Cmd) {
			c.must("shutdown", nil)
			c.notify("exit", nil)
		}, 0},
		{"exit without shutdown", func(t *testing.T, p *program, c *client, _ *exec.Cmd) { c.notify("exit", nil) }, 1},
		{"input closed", func(t *testing.T, p *program, c *client, _ *exec.Cmd) { c.conn.Close() }, 1},
		{"input closed after shutdown", func(t *testing.T, p *program, c *client, _ *exec.Cmd) {
			c.must("shutdown", nil)
			c.conn.Close()
		}, 0},
		{"editor killed", func(t *testing.T, p *program, c *client, editor *exec.Cmd) {
			editor.Process.Kill()
			editor.Wait()
		}, 1},
		{"terminated", func(t *testing.T, p *program, c *client, _ *exec.Cmd) { p.cmd.Process.Signal(syscall.SIGTERM) }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			p, c := serve(t, gonix)
			e := editor(t)
			c.initialize(dir, object{"processId": e.Process.Pid})
			c.busy(dir)
			var workers []int
			eventually(t, "an evaluating process", func() bool {
				workers = children(p.cmd.Process.Pid)
				return len(workers) > 0
			})
			tt.end(t, p, c, e)
			if got := p.exits(); got != tt.want {
				t.Errorf("exit status %d, want %d", got, tt.want)
			}
			eventually(t, "the end of the evaluating process", func() bool { return gone(workers[0]) })
		})
	}
}

// A listening server serves clients one after another and at once. What becomes of
// one is no concern of the others, and its evaluating process ends with it.
func TestListen(t *testing.T) {
	_, gonix := project(t)
	for _, addr := range []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "socket")} {
		network, _, _ := strings.Cut(addr, ":")
		t.Run(network, func(t *testing.T) {
			p, dial := listening(t, gonix, addr)
			pid := p.cmd.Process.Pid
			works := func(c *client, value string) {
				t.Helper()
				dir := t.TempDir()
				doc := c.open(filepath.Join(dir, "a.nix"), "{ a = "+value+"; }")
				if got := c.must("textDocument/hover", at(doc, 0, 2)); !strings.Contains(got, value) {
					t.Errorf("hover: %s", got)
				}
			}
			first, second := dial(), dial()
			first.initialize(t.TempDir(), nil)
			second.initialize(t.TempDir(), nil)
			works(first, "123")
			works(second, "456")
			eventually(t, "a process for each", func() bool { return len(children(pid)) == 2 })
			// One leaves in the middle of something without end.
			first.busy(t.TempDir())
			first.conn.Close()
			eventually(t, "the end of one", func() bool { return len(children(pid)) == 1 })
			works(second, "789")
			// Another one says goodbye, and the server closes.
			second.must("shutdown", nil)
			second.notify("exit", nil)
			second.wait("the end of the connection", func() bool { return second.gone })
			eventually(t, "the end of all", func() bool { return len(children(pid)) == 0 })
			// One whose editor dies, though somebody holds the connection.
			third := dial()
			editor := exec.Command("sleep", "1000")
			if err := editor.Start(); err != nil {
				t.Fatal(err)
			}
			third.initialize(t.TempDir(), object{"processId": editor.Process.Pid})
			works(third, "321")
			editor.Process.Kill()
			editor.Wait()
			third.wait("the end of the connection", func() bool { return third.gone })
			eventually(t, "the end of its process", func() bool { return len(children(pid)) == 0 })
			// A client that speaks nonsense, and one after it.
			dial().conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			fourth := dial()
			fourth.initialize(t.TempDir(), nil)
			works(fourth, "654")
			p.cmd.Process.Signal(syscall.SIGTERM)
			fourth.wait("the end of the connection", func() bool { return fourth.gone })
			if got := p.exits(); got != 0 {
				t.Errorf("exit status %d", got)
			}
			if path, ok := strings.CutPrefix(addr, "unix:"); ok {
				if _, err := os.Lstat(path); err == nil {
					t.Error("the socket is left")
				}
			}
		})
	}
}

// The socket of a server that was killed is no obstacle for the next one; that of a
// living server is, and so is a file.
func TestListenAgain(t *testing.T) {
	_, gonix := project(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "socket")
	p, _ := listening(t, gonix, "unix:"+path)
	p.cmd.Process.Kill()
	p.exits()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal(err)
	}
	_, dial := listening(t, gonix, "unix:"+path)
	dial().initialize(t.TempDir(), nil)
	if out, err := exec.Command(gonix, "lsp", "--listen", "unix:"+path).CombinedOutput(); err == nil || !strings.Contains(string(out), "another server") {
		t.Errorf("two servers on one socket: %v, %s", err, out)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gonix, "lsp", "--listen", "unix:"+file).CombinedOutput(); err == nil {
		t.Errorf("a server on a file: %s", out)
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "text" {
		t.Errorf("the file is %q, %v", data, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if out, err := exec.Command(gonix, "lsp", "--listen", l.Addr().String()).CombinedOutput(); err == nil || !strings.Contains(string(out), "address already in use") {
		t.Errorf("a port that is taken: %v, %s", err, out)
	}
}

// The log of calls goes to who asks for it, in the detail asked for.
func TestTrace(t *testing.T) {
	dir, gonix := project(t)
	_, c := serve(t, gonix)
	c.initialize(dir, object{"trace": "messages"})
	doc := c.open(filepath.Join(dir, "a.nix"), "{ a = 1; }")
	c.must("textDocument/foldingRange", object{"textDocument": doc})
	if got := c.hears("$/logTrace", "textDocument/foldingRange"); strings.Contains(got, "verbose") {
		t.Errorf("messages with details: %s", got)
	}
	c.hears("$/logTrace", "textDocument/didOpen")
	c.notify("$/setTrace", object{"value": "verbose"})
	c.must("textDocument/documentSymbol", object{"textDocument": doc})
	if got := c.hears("$/logTrace", "textDocument/documentSymbol"); !strings.Contains(got, "verbose") || !strings.Contains(got, "a.nix") {
		t.Errorf("no details: %s", got)
	}
	if _, err := c.request("textDocument/hover", object{"textDocument": object{"uri": "untitled:x"}, "position": object{"line": 0, "character": 0}}); err == nil {
		t.Error("a hover over nothing is answered")
	}
	if got := c.hears("$/logTrace", "textDocument/hover"); !strings.Contains(got, "not open") {
		t.Errorf("no error: %s", got)
	}
	c.notify("$/setTrace", object{"value": "off"})
	c.must("textDocument/selectionRange", object{"textDocument": doc, "positions": []object{}})
	c.must("shutdown", nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.heard {
		if m.Method == "$/logTrace" && strings.Contains(string(m.Params), "selectionRange") {
			t.Errorf("switched off: %s", m.Params)
		}
	}
}
