package worker

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

func newPool(t *testing.T) *Pool {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &Pool{Command: []string{exe, "eval-worker"}, Log: t.Output()}
	t.Cleanup(p.Close)
	return p
}

// answer evaluates a text with some settings, and returns the process that did.
func (p *Pool) answer(t *testing.T, s Settings, text string) int {
	t.Helper()
	resp, err := p.Do(context.Background(), Request{Op: "value", Text: text, Dir: "/", Settings: s}, nil, patient, 2000)
	if err != nil || resp.Value.Text != "1" {
		t.Fatalf("got %v, %v", resp, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.members) > maxProcesses {
		t.Errorf("%d processes", len(p.members))
	}
	return p.members[0].pid()
}

func settingsNo(n int) Settings { return Settings{Nixpkgs: "{ }", Home: fmt.Sprint("/home/", n)} }

// Each of a few settings has a process that is kept; more settings share them.
func TestPool(t *testing.T) {
	p := newPool(t)
	first, second := p.answer(t, settingsNo(1), "1"), p.answer(t, settingsNo(2), "1")
	if first == second {
		t.Error("there is one process for two settings")
	}
	for range 3 {
		if a, b := p.answer(t, settingsNo(1), "1"), p.answer(t, settingsNo(2), "1"); a != first || b != second {
			t.Errorf("another process answers: %d and %d, rather than %d and %d", a, b, first, second)
		}
	}
	for n := range 10 {
		p.answer(t, settingsNo(n), "1")
	}
}

// Those that are asked no more end, but for the last.
func TestPoolIdles(t *testing.T) {
	p := newPool(t)
	p.idle = time.Millisecond
	first := p.answer(t, settingsNo(1), "1")
	for gone, start := false, time.Now(); !gone; gone = syscall.Kill(first, 0) != nil {
		if time.Since(start) > patient {
			t.Fatal("the process is still there")
		}
		p.answer(t, settingsNo(2), "1")
	}
	time.Sleep(10 * time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.members) != 1 || p.members[0].pid() == 0 {
		t.Errorf("there are %d processes", len(p.members))
	}
}

// Together they keep within the limit of one: who has been asked longer ago ends when
// another needs the memory.
func TestPoolMemory(t *testing.T) {
	p := newPool(t)
	first := p.answer(t, settingsNo(1), "1")
	second := p.answer(t, settingsNo(2), "1")
	p.mu.Lock()
	for _, m := range p.members {
		if m.memory == 0 {
			t.Error("a process does not say how much memory it has")
		}
		m.memory = 900 << 20 // of 2000
	}
	p.mu.Unlock()
	if p.answer(t, settingsNo(2), "1") != second {
		t.Error("the process that is asked ends")
	}
	p.mu.Lock()
	p.members[0].memory = 2000 << 20
	p.mu.Unlock()
	if third := p.answer(t, settingsNo(3), "1"); third == first || third == second || len(p.members) != 1 {
		t.Errorf("there are %d processes", len(p.members))
	}
}
