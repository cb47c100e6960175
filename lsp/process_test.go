//go:build linux

package lsp

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
	"syscall"
	"testing"
	"time"
)

// served is a server in a process of its own, and what an editor process has of it.
type served struct {
	cmd *exec.Cmd
	raw
}

// pipes are a process's two ends as one.
type pipes struct {
	io.Reader
	io.WriteCloser
}

func (pipes) SetReadDeadline(time.Time) error { return nil }

func startServer(t *testing.T) *served {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "serve")
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &served{cmd, raw{t: t, conn: pipes{out, in}, in: bufio.NewReader(out)}}
}

// loops opens a file whose evaluation has no end, has it evaluated, and returns the
// process that does.
func (s *served) loops() int {
	s.t.Helper()
	s.send(`{"jsonrpc":"2.0","method":"initialize","id":1,"params":{"capabilities":{},"processId":null,"rootUri":null}}`)
	s.recv()
	s.send(`{"jsonrpc":"2.0","method":"initialized","params":{}}`)
	u := "file://" + filepath.Join(s.t.TempDir(), "a.nix")
	text := "{ a = with builtins; foldl' (a: _: foldl' (a: _: a + 1) 0 (genList (x: x) 1000000)) 0 (genList (x: x) 1000000); }"
	quoted, _ := json.Marshal(text)
	s.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":%q,"languageId":"nix","version":1,"text":%s}}}`, u, quoted))
	s.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"textDocument/hover","id":2,"params":{"textDocument":{"uri":%q},"position":{"line":0,"character":2}}}`, u))
	var child int
	s.eventually("an evaluating process", func() bool {
		children, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid))
		for _, list := range children {
			data, _ := os.ReadFile(list)
			if f := strings.Fields(string(data)); len(f) > 0 {
				child, _ = strconv.Atoi(f[0])
				return true
			}
		}
		return false
	})
	return child
}

func (s *served) eventually(what string, ok func() bool) {
	s.t.Helper()
	for start := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			s.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// gone waits until a process is no more, or only its entry is.
func (s *served) gone(pid int) {
	s.t.Helper()
	s.eventually("the end of the evaluating process", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

// ends waits for the end of the server.
func (s *served) ends() {
	s.t.Helper()
	exited := make(chan error, 1)
	go func() { exited <- s.cmd.Wait() }()
	select {
	case <-exited:
	case <-time.After(time.Minute):
		s.t.Fatal("the server stays")
	}
}

// No process is left behind, however the server ends.
func TestNoOrphans(t *testing.T) {
	for name, end := range map[string]func(s *served){
		"server killed": func(s *served) { s.cmd.Process.Signal(syscall.SIGKILL) },
		"client gone":   func(s *served) { s.conn.Close() },
		"exit":          func(s *served) { s.send(`{"jsonrpc":"2.0","method":"exit"}`) },
		"shutdown, exit": func(s *served) {
			s.send(`{"jsonrpc":"2.0","method":"shutdown","id":3}`)
			s.send(`{"jsonrpc":"2.0","method":"exit"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			worker := s.loops()
			end(s)
			s.gone(worker)
			s.ends()
		})
	}
}

// The process that the client names is watched, though the pipe stays open.
func TestParentDies(t *testing.T) {
	parent := exec.Command("sleep", "1000")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	s := startServer(t)
	s.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"initialize","id":1,"params":{"capabilities":{},"processId":%d,"rootUri":null}}`, parent.Process.Pid))
	s.recv()
	parent.Process.Kill()
	parent.Wait()
	s.ends()
}
