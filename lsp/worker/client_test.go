package worker

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain makes the test binary the evaluating process when it is called as such.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "eval-worker" && os.Args[2] == "--memory" {
		memory, err := strconv.Atoi(os.Args[3])
		if err == nil {
			err = Run(context.Background(), os.Stdin, os.Stdout, memory)
		}
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func newClient(t *testing.T) *Client {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{Command: []string{exe, "eval-worker"}, Log: t.Output()}
	t.Cleanup(c.Close)
	return c
}

// endless takes no memory to speak of, and hours.
const endless = "with builtins; foldl' (a: _: foldl' (a: _: a + 1) 0 (genList (x: x) 1000000)) 0 (genList (x: x) 1000000)"

const (
	patient  = time.Minute // a bound on hanging, not on speed
	memoryMB = 160
)

// eval evaluates a text and returns what it is.
func (c *Client) eval(ctx context.Context, text string, limit time.Duration) (string, error) {
	resp, err := c.Do(ctx, Request{Op: "value", Text: text, Dir: "/"}, nil, limit, memoryMB)
	if err != nil {
		return "", err
	}
	return resp.Value.Text, nil
}

// works fails unless the client answers.
func (c *Client) works(t *testing.T) {
	t.Helper()
	if got, err := c.eval(context.Background(), "1 + 2", patient); err != nil || got != "3" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}

func (c *Client) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proc == nil {
		return 0
	}
	return c.proc.cmd.Process.Pid
}

// Whatever is evaluated, the client answers within its limits, and the next
// evaluation works.
func TestLimits(t *testing.T) {
	tests := []struct {
		name, text string
		limit      time.Duration
		want       error
	}{
		{"loop", endless, 200 * time.Millisecond, ErrTimeout},
		{"list that doubles", "with builtins; length (foldl' (l: _: l ++ l) [ 1 2 ] (genList (x: x) 60))", patient, ErrDied},
		{"string that doubles", `builtins.stringLength (builtins.foldl' (s: _: s + s) "0123456789" (builtins.genList (x: x) 60))`, patient, ErrDied},
		{"thunks that pile up", "with builtins; foldl' (a: i: [ a (i + 1) ]) [ ] (genList (x: x) 100000000)", patient, ErrDied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t)
			c.works(t)
			got, err := c.eval(context.Background(), tt.text, tt.limit)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %q, %v; want %v", got, err, tt.want)
			}
			c.works(t)
		})
	}
}

func TestDeepRecursionIsAnError(t *testing.T) {
	c := newClient(t)
	var fail *Failure
	if _, err := c.eval(context.Background(), "let f = x: 1 + f x; in f 0", patient); !errors.As(err, &fail) {
		t.Errorf("got %v, want a failure of the evaluation", err)
	}
	before := c.pid()
	c.works(t)
	if c.pid() != before {
		t.Error("the process was started anew")
	}
}

// Who stops waiting is let go at once, and the loop ends: a process answers one
// request after the other, and there is only one.
func TestCancel(t *testing.T) {
	c := newClient(t)
	c.works(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := c.eval(ctx, endless, patient); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	c.works(t)
}

// A process that does not hear of being cancelled is killed.
func TestCancelInVain(t *testing.T) {
	c := newClient(t)
	c.works(t)
	before := c.pid()
	syscall.Kill(before, syscall.SIGSTOP)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := c.eval(ctx, "1", patient); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	c.works(t)
	if c.pid() == before {
		t.Error("the process is still there")
	}
}

// nixpkgs makes a folder that takes a text for its packages.
func nixpkgs(t *testing.T, text string) Settings {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/default.nix", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return Settings{Nixpkgs: dir}
}

// However often requests are cancelled that need nixpkgs, it is loaded in the end:
// that of one that was cancelled goes on, and serves those after it.
func TestLoadingGoesOn(t *testing.T) {
	c := newClient(t)
	settings := nixpkgs(t, "{ }: with builtins; let n = foldl' (a: _: a + 1) 0 (genList (x: x) 3000000); in seq n { answer = n; }")
	for start := time.Now(); ; {
		// As somebody who types: nobody waits for the one before any more.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		resp, err := c.Do(ctx, Request{Op: "value", Text: "__gonix.pkgs.answer", Dir: "/", Settings: settings}, nil, patient, 2000)
		cancel()
		if err == nil {
			if resp.Value.Text != "3000000" {
				t.Errorf("got %s", resp.Value.Text)
			}
			return
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if time.Since(start) > patient {
			t.Fatal("it is never loaded")
		}
	}
}

// But not beyond all bounds.
func TestLoadingWithoutEnd(t *testing.T) {
	tests := []struct {
		name, text string
		limit      time.Duration
	}{
		{"loop", "{ }: " + endless, 300 * time.Millisecond},
		{"list that doubles", "{ }: with builtins; length (foldl' (l: _: l ++ l) [ 1 2 ] (genList (x: x) 60))", patient},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t)
			c.works(t)
			before := c.pid()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
			defer cancel()
			_, err := c.Do(ctx, Request{Op: "value", Text: "__gonix.pkgs", Dir: "/", Settings: nixpkgs(t, tt.text)}, nil, tt.limit, memoryMB)
			if err == nil {
				t.Fatal("it has a value")
			}
			c.works(t)
			if c.pid() == before {
				t.Error("it goes on")
			}
		})
	}
}

// One who waits for a turn can be cancelled as well.
func TestCancelInTheQueue(t *testing.T) {
	c := newClient(t)
	c.works(t)
	first, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { c.eval(first, endless, patient) })
	for len(c.turn) == 0 {
		time.Sleep(time.Millisecond)
	}
	second, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.eval(second, "1", patient); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	stop()
	wg.Wait()
	c.works(t)
}

func TestProcessDies(t *testing.T) {
	c := newClient(t)
	c.works(t)
	// While nobody asks, and while somebody does.
	syscall.Kill(c.pid(), syscall.SIGKILL)
	for range 2 {
		if _, err := c.eval(context.Background(), "1", patient); err == nil {
			break
		} else if !errors.Is(err, ErrDied) {
			t.Errorf("got %v", err)
		}
	}
	c.works(t)
	pid := c.pid()
	time.AfterFunc(20*time.Millisecond, func() { syscall.Kill(pid, syscall.SIGKILL) })
	if _, err := c.eval(context.Background(), endless, patient); !errors.Is(err, ErrDied) {
		t.Errorf("got %v, want %v", err, ErrDied)
	}
	c.works(t)
}

func TestClose(t *testing.T) {
	c := newClient(t)
	c.works(t)
	pid := c.pid()
	time.AfterFunc(20*time.Millisecond, c.Close)
	if _, err := c.eval(context.Background(), endless, patient); err == nil {
		t.Error("the loop has a value")
	}
	if _, err := c.eval(context.Background(), "1", patient); err == nil {
		t.Error("a closed client answers")
	}
	for start := time.Now(); syscall.Kill(pid, 0) == nil; time.Sleep(time.Millisecond) {
		if time.Since(start) > patient {
			t.Fatal("the process is left")
		}
	}
}

func TestUnsavedTexts(t *testing.T) {
	c := newClient(t)
	dir := t.TempDir()
	path := dir + "/a.nix"
	if err := os.WriteFile(path, []byte("1"), 0o666); err != nil {
		t.Fatal(err)
	}
	see := func(want string, texts map[string]string) {
		t.Helper()
		resp, err := c.Do(context.Background(), Request{Op: "value", Text: "import ./a.nix", Dir: dir}, texts, patient, memoryMB)
		if err != nil || resp.Value.Text != want {
			t.Errorf("got %+v, %v; want %s", resp, err, want)
		}
	}
	see("1", nil)
	see("2", map[string]string{path: "2"})
	see("3", map[string]string{path: "3"})
	see("1", nil)
	// Another process knows the unsaved texts, too.
	see("4", map[string]string{path: "4"})
	syscall.Kill(c.pid(), syscall.SIGKILL)
	for {
		if _, err := c.Do(context.Background(), Request{Op: "value", Text: "1"}, map[string]string{path: "4"}, patient, memoryMB); err == nil {
			break
		}
	}
	see("4", map[string]string{path: "4"})
}
