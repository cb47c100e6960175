//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"gonix.dev/gonix/store"
)

// TestRounds: whoever comes while a round runs is in the next one, once.
func TestRounds(t *testing.T) {
	var r rounds[int]
	var seen [][]int
	first, second := make(chan struct{}), make(chan struct{})
	run := func(members []int) {
		seen = append(seen, slices.Sorted(slices.Values(members)))
		if len(seen) == 1 {
			close(first)
			<-second
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { r.join(0, run) })
	<-first
	for i := range 9 {
		wg.Go(func() { r.join(i+1, run) })
	}
	for waiting := 0; waiting < 9; {
		r.mu.Lock()
		if r.next != nil {
			waiting = len(r.next.members)
		}
		r.mu.Unlock()
	}
	close(second)
	wg.Wait()
	if want := "[[0] [1 2 3 4 5 6 7 8 9]]"; fmt.Sprint(seen) != want {
		t.Errorf("rounds %v, want %s", seen, want)
	}
}

// TestRegisterTogether: of registrations that share a transaction each fails or
// succeeds by itself, and nothing is left of one that fails.
func TestRegisterTogether(t *testing.T) {
	ctx := t.Context()
	s := openTest(t)
	info := func(name string, refs ...store.Path) *store.PathInfo {
		i, err := s.textInfo(name, "contents", nil)
		if err != nil {
			t.Fatal(err)
		}
		i.CA, i.References = store.ContentAddress{}, refs
		return i
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	missing := info("missing")
	group := []*registration{
		{ctx: ctx, infos: []*store.PathInfo{info("a")}},
		{ctx: ctx, infos: []*store.PathInfo{info("half"), info("bad", missing.Path)}},
		{ctx: gone, infos: []*store.PathInfo{info("b")}},
		{ctx: ctx, infos: []*store.PathInfo{info("c", info("a").Path), info("d", info("c").Path)}},
	}
	s.registerAll(group)
	for i, r := range group {
		if failed := r.err != nil; failed != (i == 1) {
			t.Errorf("registration %d: error %v", i, r.err)
		}
	}
	if err := group[1].err; err == nil || !strings.Contains(err.Error(), "-missing' is not valid") {
		t.Errorf("error %v", err)
	}
	valid, err := s.AllValid(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range valid {
		names = append(names, p.Name())
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "a b c d" {
		t.Errorf("valid are %q", got)
	}

	// Nobody wants it any more.
	for _, r := range group {
		r.ctx, r.err = gone, nil
	}
	s.registerAll(group)
	for i, r := range group {
		if !errors.Is(r.err, context.Canceled) {
			t.Errorf("registration %d, canceled: error %v", i, r.err)
		}
	}
}
