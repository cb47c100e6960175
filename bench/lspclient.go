package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// editor is a client of the language server that measures. It stops the clock when
// a message has arrived whole, before it looks inside; and it goes on reading while it
// does that, so that a large answer does not make those after it look late.
type editor struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	pid int

	mu      sync.Mutex
	nextID  int
	pending map[int]chan reply
	// diagnostics receives the pushed reports: the version that they are about.
	diagnostics chan pushed
	gone        chan struct{}
}

type reply struct {
	at     time.Time
	result json.RawMessage
	err    json.RawMessage
}

type pushed struct {
	at      time.Time
	version int
	items   int
}

// frame is a message as it came.
type frame struct {
	at   time.Time
	body []byte
}

// message is a JSON-RPC message in either direction. The values are part of the frame.
type message struct {
	ID, Params, Result, Error json.RawMessage
	Method                    string
}

// decode takes a message apart, without looking into its values.
func (m *message) decode(body []byte) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	if _, err := d.ReadToken(); err != nil { // the brace
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		v, err := d.ReadValue()
		if err != nil {
			return err
		}
		end := int(d.InputOffset())
		value := json.RawMessage(body[end-len(v) : end])
		switch key {
		case "id":
			m.ID = value
		case "method":
			err = json.Unmarshal(value, &m.Method)
		case "params":
			m.Params = value
		case "result":
			m.Result = value
		case "error":
			m.Error = value
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// startEditor starts a server and shakes hands with it. settings is the section
// gonix of the client's configuration.
func startEditor(gonix, root string, settings map[string]any, env []string) (*editor, error) {
	e := &editor{
		cmd:     exec.Command(gonix, "lsp"),
		pending: map[int]chan reply{}, diagnostics: make(chan pushed, 1000), gone: make(chan struct{}),
	}
	e.cmd.Env = env
	e.cmd.Stderr = os.Stderr
	in, err := e.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	e.in, e.pid = in, e.cmd.Process.Pid
	frames := make(chan frame, 100)
	go receive(bufio.NewReaderSize(out, 1<<20), frames)
	go e.listen(frames)
	_, _, err = e.ask("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": "file://" + root,
		"initializationOptions": settings,
		"capabilities": map[string]any{
			"general": map[string]any{"positionEncodings": []string{"utf-16"}},
			"textDocument": map[string]any{
				"hover":          map[string]any{"contentFormat": []string{"markdown"}},
				"documentSymbol": map[string]any{"hierarchicalDocumentSymbolSupport": true},
			},
		},
	})
	if err == nil {
		err = e.tell("initialized", map[string]any{})
	}
	return e, err
}

// receive reads messages as they come.
func receive(in *bufio.Reader, frames chan<- frame) {
	defer close(frames)
	for {
		length := 0
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimSpace(line)
			if line == "" {
				break
			}
			if v, ok := strings.CutPrefix(line, "Content-Length:"); ok {
				length, _ = strconv.Atoi(strings.TrimSpace(v))
			}
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		frames <- frame{time.Now(), body}
	}
}

// listen gives out what has been received.
func (e *editor) listen(frames <-chan frame) {
	defer close(e.gone)
	for f := range frames {
		var m message
		if err := m.decode(f.body); err != nil {
			return
		}
		switch {
		case m.Method == "textDocument/publishDiagnostics":
			var p struct {
				Version     int   `json:"version"`
				Diagnostics []any `json:"diagnostics"`
			}
			if json.Unmarshal(m.Params, &p) == nil {
				e.diagnostics <- pushed{f.at, p.Version, len(p.Diagnostics)}
			}
		case m.Method != "" && m.ID != nil: // a question of the server's
			e.write(map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": nil})
		case m.ID != nil:
			id, _ := strconv.Atoi(string(m.ID))
			e.mu.Lock()
			c := e.pending[id]
			delete(e.pending, id)
			e.mu.Unlock()
			if c != nil {
				c <- reply{f.at, m.Result, m.Error}
			}
		}
	}
}

func (e *editor) write(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = e.in.Write(append(fmt.Appendf(nil, "Content-Length: %d\r\n\r\n", len(body)), body...))
	return err
}

func (e *editor) tell(method string, params any) error {
	return e.write(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
}

// send asks without waiting.
func (e *editor) send(method string, params any) (<-chan reply, error) {
	c := make(chan reply, 1)
	e.mu.Lock()
	e.nextID++
	id := e.nextID
	e.pending[id] = c
	e.mu.Unlock()
	return c, e.write(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

// ask waits for the answer, and returns when it came.
func (e *editor) ask(method string, params any) (json.RawMessage, time.Time, error) {
	c, err := e.send(method, params)
	if err != nil {
		return nil, time.Time{}, err
	}
	return e.wait(method, c)
}

// answerTimeout is when a server is taken for hung.
const answerTimeout = time.Minute

func (e *editor) wait(method string, c <-chan reply) (json.RawMessage, time.Time, error) {
	select {
	case r := <-c:
		if r.err != nil {
			return nil, r.at, fmt.Errorf("%s: %s", method, r.err)
		}
		return r.result, r.at, nil
	case <-e.gone:
		return nil, time.Time{}, fmt.Errorf("%s: the server is gone", method)
	case <-time.After(answerTimeout):
		return nil, time.Time{}, fmt.Errorf("%s: no answer", method)
	}
}

// reported waits until the diagnostics of a version have been pushed.
func (e *editor) reported(version int) (pushed, error) {
	for {
		select {
		case p := <-e.diagnostics:
			if p.version == version {
				return p, nil
			}
		case <-e.gone:
			return pushed{}, fmt.Errorf("the server is gone")
		case <-time.After(answerTimeout):
			return pushed{}, fmt.Errorf("no diagnostics of version %d", version)
		}
	}
}

// stop ends the server in order.
func (e *editor) stop() error {
	if _, _, err := e.ask("shutdown", nil); err != nil {
		e.cmd.Process.Kill()
		e.cmd.Wait()
		return err
	}
	if err := e.tell("exit", nil); err != nil {
		return err
	}
	<-e.gone
	return e.cmd.Wait()
}

// usage is what a process has used: resident memory now and at its peak, in bytes,
// and processor time.
type usage struct {
	rss, peak int64
	cpu       time.Duration
}

func usageOf(pid int) usage {
	var u usage
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			u.rss = kb << 10
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			u.peak = kb << 10
		}
	}
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if i := strings.LastIndexByte(string(stat), ')'); i >= 0 {
		if f := strings.Fields(string(stat[i+1:])); len(f) > 13 {
			user, _ := strconv.ParseInt(f[11], 10, 64)
			system, _ := strconv.ParseInt(f[12], 10, 64)
			u.cpu = time.Duration(user+system) * (time.Second / 100) // clock ticks
		}
	}
	return u
}

// workerOf returns the evaluating process of a server, 0 when there is none.
func workerOf(server int) int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", server))
	for _, list := range lists {
		data, _ := os.ReadFile(list)
		for _, f := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(f); err == nil {
				return pid
			}
		}
	}
	return 0
}
