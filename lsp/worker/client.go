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

// grace is how long an evaluation that nobody waits for any more may go on, since
// it often is about to finish.
const grace = 100 * time.Millisecond

// Client owns at most one process.
type Client struct {
	// Command is the process: a program and its arguments, without those that
	// Client adds.
	Command []string
	// Log receives what the process says on standard error.
	Log io.Writer

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
	out     chan *Response             // closed when the process is gone
	overlay map[Lane]map[string]string // what the process was told
	memory  int
}

// Do sends a request and waits for its answer. texts are all unsaved texts, by
// path; those that the process does not have yet are sent along. A failure of the
// evaluation is a *Failure.
func (c *Client) Do(ctx context.Context, req Request, texts map[string]string, limit time.Duration, memoryMB int) (*Response, error) {
	c.once.Do(func() { c.turn = make(chan struct{}, 1) })
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := c.process(memoryMB)
	if err != nil {
		return nil, err
	}
	c.nextID++
	req.ID = c.nextID
	req.Overlay = p.changes(req.Lane, texts)
	data, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	if _, err := p.in.Write(append(data, '\n')); err != nil {
		c.drop(p)
		return nil, ErrDied
	}
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case resp, ok := <-p.out:
		return c.answer(p, resp, ok)
	case <-timeout.C:
		c.drop(p)
		return nil, ErrTimeout
	case <-ctx.Done():
	}
	// Nobody waits any more. What is nearly done is let finish, for it is
	// remembered; the rest goes.
	select {
	case _, ok := <-p.out:
		if !ok {
			c.drop(p)
		}
	case <-time.After(grace):
		c.drop(p)
	}
	return nil, ctx.Err()
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
	p := &process{cmd: cmd, in: in, out: make(chan *Response, 1), overlay: map[Lane]map[string]string{}, memory: memoryMB}
	go func() {
		r := bufio.NewReaderSize(out, 64<<10)
		dec := json.NewDecoder(r)
		for {
			resp := &Response{}
			if err := dec.Decode(resp); err != nil {
				break
			}
			p.out <- resp
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
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proc == p {
		c.proc = nil
	}
}

func (p *process) kill() {
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
