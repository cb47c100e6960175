package document

import (
	"context"
	"testing"

	"go.lsp.dev/uri"
)

// Who stops waiting gets something at once. It is not remembered, and those who still
// wait get the result all the same.
func TestStoppedAnalysis(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	running, waited := make(chan bool), make(chan bool)
	runs := 0
	length := NewAnalysis(func(s *Snapshot) int {
		if runs++; runs > 1 {
			return len(s.Text)
		}
		running <- true
		<-waited
		cancel()
		return -1
	})
	s, err := New(uri.File("/tmp/x.nix"), 1, "abc", UTF8)
	if err != nil {
		t.Fatal(err)
	}
	first := s.For(ctx)
	mine, other := make(chan int), make(chan int)
	go func() { mine <- length.Of(first) }()
	<-running
	go func() { other <- length.Of(s) }()
	waited <- true
	if a, b := <-mine, <-other; a != -1 || b != 3 {
		t.Errorf("got %d and %d", a, b)
	}
	if v := length.Of(first); v != 3 {
		t.Errorf("what is known is %d for who stopped waiting", v)
	}
	if !first.Stopped() || s.Stopped() || !first.Same(s) {
		t.Error("it is another snapshot")
	}
}
