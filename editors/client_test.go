package editors

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// client is an editor reduced to the protocol: it sends what it is told to, and
// keeps what it hears.
type client struct {
	t    *testing.T
	conn io.ReadWriteCloser

	mu      sync.Mutex
	changed *sync.Cond
	next    int
	answers map[int]answer
	heard   []message
	gone    bool
}

type message struct {
	ID     *int            `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
}

type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// patience bounds hanging, not speed.
const patience = 2 * time.Minute

func newClient(t *testing.T, conn io.ReadWriteCloser) *client {
	c := &client{t: t, conn: conn, answers: map[int]answer{}}
	c.changed = sync.NewCond(&c.mu)
	go c.listen()
	t.Cleanup(func() { conn.Close() })
	return c
}

func (c *client) listen() {
	r := bufio.NewReader(c.conn)
	for {
		n := 0
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				c.mu.Lock()
				c.gone = true
				c.changed.Broadcast()
				c.mu.Unlock()
				return
			}
			if line == "\r\n" {
				break
			}
			fmt.Sscanf(line, "Content-Length: %d", &n)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			continue
		}
		var m message
		var a answer
		if json.Unmarshal(body, &m) != nil || json.Unmarshal(body, &a) != nil {
			c.t.Errorf("no message: %s", body)
			continue
		}
		if m.Method != "" && m.ID != nil {
			c.write(map[string]any{"id": *m.ID, "result": nil})
		}
		c.mu.Lock()
		if m.Method != "" {
			c.heard = append(c.heard, m)
		} else if m.ID != nil {
			c.answers[*m.ID] = a
		}
		c.changed.Broadcast()
		c.mu.Unlock()
	}
}

func (c *client) write(m map[string]any) {
	m["jsonrpc"] = "2.0"
	data, err := json.Marshal(m)
	if err != nil {
		c.t.Error(err)
		return
	}
	fmt.Fprintf(c.conn, "Content-Length: %d\r\n\r\n%s", len(data), data)
}

// wait waits for a condition on what was heard.
func (c *client) wait(what string, ok func() bool) {
	c.t.Helper()
	timeout := time.AfterFunc(patience, func() { c.changed.Broadcast() })
	defer timeout.Stop()
	start := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !ok() {
		if time.Since(start) > patience {
			c.t.Fatalf("waited in vain for %s", what)
		}
		c.changed.Wait()
	}
}

func (c *client) notify(method string, params any) {
	c.write(map[string]any{"method": method, "params": params})
}

// request returns the result of a request.
func (c *client) request(method string, params any) (json.RawMessage, error) {
	c.t.Helper()
	c.mu.Lock()
	c.next++
	id := c.next
	c.mu.Unlock()
	c.write(map[string]any{"id": id, "method": method, "params": params})
	var a answer
	var ok bool
	c.wait("the answer to "+method, func() bool { a, ok = c.answers[id]; return ok || c.gone })
	switch {
	case !ok:
		return nil, io.ErrUnexpectedEOF
	case a.Error != nil:
		return nil, errors.New(a.Error.Message)
	}
	return a.Result, nil
}

// must is a request that is answered.
func (c *client) must(method string, params any) string {
	c.t.Helper()
	result, err := c.request(method, params)
	if err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
	return string(result)
}

// hears waits for a notification or request of the server, and returns its
// parameters.
func (c *client) hears(method, text string) string {
	c.t.Helper()
	found := ""
	c.wait(method+" with "+text, func() bool {
		for _, m := range c.heard {
			if m.Method == method && strings.Contains(string(m.Params), text) {
				found = string(m.Params)
				return true
			}
		}
		return c.gone
	})
	if found == "" {
		c.t.Fatalf("the server left without %s with %s", method, text)
	}
	return found
}

type object = map[string]any

// initialize begins a session in a folder.
func (c *client) initialize(dir string, more object) string {
	c.t.Helper()
	params := object{
		"processId": nil, "rootUri": nil, "capabilities": object{},
		"workspaceFolders": []object{{"uri": "file://" + dir, "name": "test"}},
	}
	for k, v := range more {
		params[k] = v
	}
	result := c.must("initialize", params)
	c.notify("initialized", object{})
	return result
}

// open opens a file with a text, and returns how requests name it.
func (c *client) open(path, text string) object {
	uri := "file://" + path
	c.notify("textDocument/didOpen", object{"textDocument": object{"uri": uri, "languageId": "nix", "version": 1, "text": text}})
	return object{"uri": uri}
}

// at are the parameters of requests about a place.
func at(doc object, line, character int) object {
	return object{"textDocument": doc, "position": object{"line": line, "character": character}}
}

// program is a server in a process of its own.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	status chan int
}

// start starts gonix.
func start(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	if cmd.Env == nil {
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "NIX_PATH=")
	}
	if cmd.Stderr == nil {
		cmd.Stderr = t.Output()
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, cmd: cmd, status: make(chan int, 1)}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		p.status <- cmd.ProcessState.ExitCode()
		close(exited)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-exited
	})
	return p
}

// exits waits for the end of the process, and returns its status.
func (p *program) exits() int {
	p.t.Helper()
	select {
	case status := <-p.status:
		return status
	case <-time.After(patience):
		p.t.Fatal("the process stays")
		return 0
	}
}

type pipes struct {
	io.Reader
	io.WriteCloser
}

// serve starts gonix lsp on pipes, in an environment of its own or with env.
func serve(t *testing.T, gonix string, env ...string) (*program, *client) {
	t.Helper()
	cmd := exec.Command(gonix, "lsp")
	cmd.Env = env
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	p := start(t, cmd)
	w.Close()
	t.Cleanup(func() { out.Close() })
	return p, newClient(t, pipes{out, in})
}

// listening starts gonix lsp --listen, and returns how to connect to it.
func listening(t *testing.T, gonix, addr string) (*program, func() *client) {
	t.Helper()
	cmd := exec.Command(gonix, "lsp", "--listen", addr)
	stderr, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = w
	p := start(t, cmd)
	w.Close()
	t.Cleanup(func() { stderr.Close() })
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	target, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("gonix says: %s", line)
	}
	network := "tcp"
	if filepath.IsAbs(target) {
		network = "unix"
	}
	return p, func() *client {
		t.Helper()
		conn, err := net.Dial(network, target)
		if err != nil {
			t.Fatal(err)
		}
		return newClient(t, conn)
	}
}
