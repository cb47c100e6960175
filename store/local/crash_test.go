//go:build unix

package local

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// crashChild names the store that this process works on until it is killed.
const crashChild = "GONIX_CRASH_STORE"

func TestMain(m *testing.M) {
	if root := os.Getenv(crashChild); root != "" {
		if err := churn(context.Background(), root, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// churn does everything a store can, in random order, without end. It prints a
// path once it is valid and held by a root.
func churn(ctx context.Context, root string, out io.Writer) error {
	rnd := rand.New(rand.NewPCG(uint64(os.Getpid()), uint64(time.Now().UnixNano())))
	for {
		s, err := Open(ctx, Settings{Root: root, NoSync: true, AutoOptimise: rnd.IntN(2) == 0})
		if err != nil {
			return err
		}
		var mine []store.Path
		for range 5 + rnd.IntN(10) {
			p, err := churnOnce(ctx, s, rnd, mine)
			if err != nil {
				return err
			}
			if p.IsZero() {
				continue
			}
			mine = append(mine, p)
			if rnd.IntN(3) == 0 {
				name := filepath.Join(root, "roots", p.HashPart())
				if err := s.AddPermRoot(ctx, p, name); err != nil {
					return err
				}
				fmt.Fprintln(out, p)
			}
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
}

func churnOnce(ctx context.Context, s *Store, rnd *rand.Rand, mine []store.Path) (store.Path, error) {
	var refs []store.Path
	if len(mine) > 0 {
		refs = []store.Path{mine[rnd.IntN(len(mine))]}
	}
	text := fmt.Sprint(rnd.IntN(10000))
	tree := func(w io.Writer) error {
		nw := nar.NewWriter(w)
		nw.WriteHeader(nar.Header{Type: nar.Directory})
		for i := range 5 {
			nw.WriteHeader(nar.Header{Path: fmt.Sprintf("d%d", i), Type: nar.Directory})
			nw.WriteHeader(nar.Header{Path: fmt.Sprintf("d%d/f", i), Type: nar.Regular, Size: int64(len(text))})
			io.WriteString(nw, text)
		}
		return nw.Close()
	}
	switch rnd.IntN(8) {
	case 0, 1:
		return s.AddText(ctx, "text", text, refs)
	case 2, 3:
		return s.AddTree(ctx, "tree", store.Recursive, hash.SHA256, tree, refs)
	case 4:
		b := s.NewBatch()
		var p store.Path
		var err error
		for i := range 20 {
			if p, err = b.AddText(ctx, "batch", fmt.Sprint(text, i), refs); err != nil {
				return p, err
			}
		}
		return p, b.Flush(ctx)
	case 5:
		var b bytes.Buffer
		if err := tree(&b); err != nil {
			return store.Path{}, err
		}
		p, err := s.set.Dir.OutputPath(hash.SumString(hash.SHA256, text), "out", "output")
		if err != nil {
			return p, err
		}
		info := &store.PathInfo{Path: p, NarHash: hash.Sum(hash.SHA256, b.Bytes()), NarSize: int64(b.Len()), References: append(refs, p)}
		info.References = store.SortPaths(info.References)
		return p, s.AddToStore(ctx, info, &b, store.AddOptions{Repair: rnd.IntN(4) == 0})
	case 6:
		_, err := s.Collect(ctx, GCOptions{})
		return store.Path{}, err
	}
	_, err := s.Optimise(ctx)
	return store.Path{}, err
}

// TestCrash kills processes that work on one store, again and again, and looks
// what is left: the database must be intact, every valid path complete, nothing
// that was reported lost, and the rest must be swept up by a collection.
func TestCrash(t *testing.T) {
	kills := 8
	var until time.Time
	if v := os.Getenv("GONIX_SOAK"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			t.Fatal(err)
		}
		until = time.Now().Add(d)
	}
	root := filepath.Join(t.TempDir(), "root")
	t.Cleanup(func() { RemoveTree(root) })
	reported := map[store.Path]bool{}
	n := 0
	for ; n < kills || time.Now().Before(until); n++ {
		children := 1 + n%3
		lines := make(chan []string, children)
		for range children {
			go func() { lines <- killSoon(t, root) }()
		}
		for range children {
			for _, l := range <-lines {
				if p, err := store.ParsePath(l); err == nil { // else it was cut off
					reported[p] = true
				}
			}
		}
		checkAfterCrash(t, root, reported, n%4 == 3)
		if t.Failed() {
			t.Fatalf("after %d kills", n+1)
		}
	}
	t.Logf("%d rounds, %d paths reported", n, len(reported))
}

// killSoon runs churn in a process of its own, kills it at some moment, and
// returns what it printed.
func killSoon(t *testing.T, root string) []string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashChild+"="+root)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return nil
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return nil
	}
	timer := time.AfterFunc(time.Duration(20+rand.IntN(600))*time.Millisecond, func() { cmd.Process.Kill() })
	defer timer.Stop()
	var lines []string
	for sc := bufio.NewScanner(out); sc.Scan(); {
		lines = append(lines, sc.Text())
	}
	cmd.Wait()
	if stderr.Len() > 0 {
		t.Errorf("child: %s", stderr.String())
	}
	return lines
}

func checkAfterCrash(t *testing.T, root string, reported map[store.Path]bool, collect bool) {
	t.Helper()
	ctx := t.Context()
	var log []string
	s, err := Open(ctx, Settings{Root: root, NoSync: true, Log: func(l Level, m string) {
		if l <= Warn {
			log = append(log, m)
		}
	}})
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	if err := s.read(ctx, func(c *sqlite.Conn) error {
		for _, pragma := range []string{"pragma integrity_check", "pragma foreign_key_check"} {
			if err := each(c, pragma, nil, func(st *sqlite.Stmt) error {
				if v := st.ColumnText(0); v != "ok" {
					return fmt.Errorf("%s: %s", pragma, v)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	damaged, err := s.Verify(ctx, VerifyOptions{CheckContents: true})
	if err != nil || damaged {
		t.Errorf("damaged = %v, %v\n%s", damaged, err, strings.Join(log, "\n"))
	}
	for p := range reported {
		if valid, err := s.IsValid(ctx, p); err != nil || !valid {
			t.Errorf("%v was reported done and is not valid: %v", p, err)
		}
	}
	if !collect {
		return
	}
	if _, err := s.Collect(ctx, GCOptions{}); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(s.RealDir())
	if err != nil {
		t.Error(err)
	}
	for _, e := range entries {
		p, err := store.ParsePath(e.Name())
		if e.Name() == ".links" {
			continue
		}
		if err != nil {
			t.Errorf("'%s' was not swept up", e.Name())
			continue
		}
		if valid, _ := s.IsValid(ctx, p); !valid {
			t.Errorf("'%s' was not swept up", e.Name())
		}
	}
	temps, _ := os.ReadDir(filepath.Join(s.StateDir(), "temproots"))
	if len(temps) > 1 {
		t.Errorf("%d files of temporary roots are left", len(temps))
	}
	for p := range reported {
		if _, err := os.Lstat(s.RealPath(p)); errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v was collected although it has a root", p)
		}
	}
}
