package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"
)

// ErrTimeout says that an evaluation took longer than it may.
var ErrTimeout = errors.New("evaluation takes too long")

// ErrDied says that the process died, most likely of too much memory.
var ErrDied = errors.New("the evaluating process died")

// grace is how long an evaluation that is cancelled has to end.
const grace = 100 * time.Millisecond

// Client owns at most one process.
type Client struct {
	// Command is the process: a program and its arguments, without those that
	// Client adds.
	Command []string
	// Log receives what the process says on standard error.
	Log io.Writer
	// Loading is told when the process begins and ends to load what takes a while.
	// Nil is not told.
	Loading func(bool)

	turn chan struct{} // held while a request is under way
	once sync.Once

	mu     sync.Mutex
	closed bool
	proc   *process
	nextID int
}

type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     chan *Response // closed when the process is gone
	gone    chan struct{}  // closed when it is killed
	killed  sync.Once
	overlay map[Lane]map[string]string // what the process was told
	memory  int
	loading bool // it loads what later requests need as well; it starts by loading itself
}

// Do sends a request and waits for its answer. texts are all unsaved texts, by
// path; those that the process does not have yet are sent along. A failure of the
// evaluation is a *Failure. limit is for the evaluation, and for loading what it
// needs; the latter goes on when ctx is done, for whoever comes next.
func (c *Client) Do(ctx context.Context, req Request, texts map[string]string, limit time.Duration, memoryMB int) (*Response, error) {
	c.once.Do(func() { c.turn = make(chan struct{}, 1) })
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	done := func() { <-c.turn }
	if err := ctx.Err(); err != nil {
		done()
		return nil, err
	}
	p, err := c.process(memoryMB)
	if err != nil {
		done()
		return nil, err
	}
	c.nextID++
	req.ID = c.nextID
	req.Overlay = p.changes(req.Lane, texts)
	if err := p.send(&req); err != nil {
		c.drop(p)
		done()
		return nil, ErrDied
	}
	timeout := time.NewTimer(limit)
	for {
		select {
		case resp, ok := <-p.out:
			if c.heard(p, resp) {
				continue
			}
			timeout.Stop()
			done()
			return c.answer(p, resp, ok)
		case <-timeout.C:
			c.drop(p)
			done()
			return nil, ErrTimeout
		case <-ctx.Done():
			// The next one waits for its turn until this has come to an end.
			go func() {
				defer done()
				defer timeout.Stop()
				c.abandon(p, req.ID, timeout.C)
			}()
			return nil, ctx.Err()
		}
	}
}

// abandon cancels a request, and waits for the end of it. A process that does not
// end it is killed.
func (c *Client) abandon(p *process, id int, timeout <-chan time.Time) {
	if err := p.send(&Request{ID: id, Op: "cancel"}); err != nil {
		c.drop(p)
		return
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	for {
		select {
		case resp, ok := <-p.out:
			if !c.heard(p, resp) {
				if !ok {
					c.drop(p)
				}
				return
			}
			if !p.loading {
				patience.Reset(grace)
			}
		case <-patience.C:
			if !p.loading {
				c.drop(p)
				return
			}
		case <-timeout:
			c.drop(p)
			return
		}
	}
}

func (p *process) send(req *Request) error {
	data, err := json.Marshal(req)
	if err == nil {
		_, err = p.in.Write(append(data, '\n'))
	}
	return err
}

// heard takes note of what is no answer.
func (c *Client) heard(p *process, resp *Response) bool {
	if resp == nil || resp.Loading == nil {
		return false
	}
	p.loading = *resp.Loading
	if c.Loading != nil {
		c.Loading(p.loading)
	}
	return true
}

// Stop ends what the process does now; the next request starts another.
func (c *Client) Stop() {
	c.mu.Lock()
	p := c.proc
	c.mu.Unlock()
	if p != nil {
		c.drop(p)
	}
}

func (c *Client) answer(p *process, resp *Response, ok bool) (*Response, error) {
	if !ok {
		c.drop(p)
		return nil, ErrDied
	}
	if resp.Error != nil {
		return nil, resp.Error
	}
	return resp, nil
}

// changes returns what the process does not know about unsaved texts, and
// remembers that it does now.
func (p *process) changes(lane Lane, texts map[string]string) map[string]*string {
	out := map[string]*string{}
	known := p.overlay[lane]
	if known == nil {
		known = map[string]string{}
		p.overlay[lane] = known
	}
	for path, text := range texts {
		if old, ok := known[path]; !ok || old != text {
			out[path] = &text
			known[path] = text
		}
	}
	for path := range known {
		if _, ok := texts[path]; !ok {
			out[path] = nil
			delete(known, path)
		}
	}
	return out
}

// process returns the running process, or starts one.
func (c *Client) process(memoryMB int) (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errors.New("closed")
	}
	if c.proc != nil && c.proc.memory == memoryMB {
		return c.proc, nil
	}
	if c.proc != nil {
		c.proc.kill()
	}
	if len(c.Command) == 0 {
		return nil, errors.New("no evaluating process is configured")
	}
	cmd := exec.Command(c.Command[0], append(c.Command[1:len(c.Command):len(c.Command)], "--memory", fmt.Sprint(memoryMB))...)
	cmd.Stderr = c.Log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, in: in, out: make(chan *Response, 1), gone: make(chan struct{}), overlay: map[Lane]map[string]string{}, memory: memoryMB, loading: true}
	go func() {
		r := bufio.NewReaderSize(out, 64<<10)
		dec := json.NewDecoder(r)
		for {
			resp := &Response{}
			if err := dec.Decode(resp); err != nil {
				break
			}
			select {
			case p.out <- resp:
			case <-p.gone: // nobody listens
			}
		}
		cmd.Wait()
		close(p.out)
	}()
	c.proc = p
	return p, nil
}

// drop kills a process; the next request starts another.
func (c *Client) drop(p *process) {
	p.kill()
	if c.Loading != nil {
		c.Loading(false)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proc == p {
		c.proc = nil
	}
}

func (p *process) kill() {
	p.killed.Do(func() { close(p.gone) })
	p.in.Close()
	p.cmd.Process.Kill()
}

// Close ends the process for good.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.proc != nil {
		c.proc.kill()
		c.proc = nil
	}
}
