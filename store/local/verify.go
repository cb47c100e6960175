//go:build unix

package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"zombiezen.com/go/sqlite"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// VerifyOptions steer Verify.
type VerifyOptions struct {
	CheckContents bool
	// Repair makes a damaged path anew, by substituting or building it. Without
	// it damage is only reported.
	Repair func(context.Context, store.Path) error
}

// Verify compares the database with what is on disk, and returns whether it found
// damage that is still there. What it finds it logs. Paths that have disappeared
// become invalid if nothing refers to them.
func (s *Store) Verify(ctx context.Context, opts VerifyOptions) (damaged bool, err error) {
	s.log(Info, "reading the Nix store...")
	lock, err := openLockFile(s.gcLockPath())
	if err != nil {
		return false, err
	}
	defer lock.Close()
	if err := lockFile(ctx, lock, lockShared, func() { s.log(Error, "waiting for the big garbage collector lock...") }); err != nil {
		return false, err
	}
	v := verifier{s: s, opts: opts}
	if err := v.existence(ctx); err != nil {
		return false, err
	}
	if opts.CheckContents {
		if err := v.links(ctx); err != nil {
			return false, err
		}
		if err := v.contents(ctx); err != nil {
			return false, err
		}
	}
	return v.damaged, nil
}

type verifier struct {
	s       *Store
	opts    VerifyOptions
	present []store.Path // valid and there
	damaged bool
}

// existence checks that valid paths are there.
func (v *verifier) existence(ctx context.Context) error {
	names, err := readNames(v.s.set.RealDir)
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(names))
	for _, n := range names {
		there[n] = true
	}
	v.s.log(Info, "checking path existence...")
	valid, err := v.s.AllValid(ctx)
	if err != nil {
		return err
	}
	state := map[store.Path]bool{} // present after the check; missing from the map: not checked
	var check func(p store.Path) error
	check = func(p store.Path) error {
		if _, done := state[p]; done {
			return nil
		}
		state[p] = there[p.String()]
		if state[p] {
			v.present = append(v.present, p)
			return nil
		}
		// If its referrers are gone as well they can all be forgotten.
		refs, err := v.s.Referrers(ctx, p)
		if err != nil {
			return err
		}
		used := false
		for _, r := range refs {
			if r != p {
				if err := check(r); err != nil {
					return err
				}
				used = used || state[r]
			}
		}
		name := v.s.set.Dir.Format(p)
		if !used {
			v.s.log(Info, "path '%s' disappeared, removing from database...", name)
			return v.s.write(ctx, func(c *sqlite.Conn) error { return v.s.invalidate(c, p) })
		}
		state[p] = true // still valid, at any rate
		v.s.log(Error, "path '%s' disappeared, but it still has valid referrers!", name)
		return v.repair(ctx, p)
	}
	for _, p := range valid {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) repair(ctx context.Context, p store.Path) error {
	if v.opts.Repair == nil {
		v.damaged = true
		return nil
	}
	if err := v.opts.Repair(ctx, p); err != nil {
		if ctx.Err() != nil {
			return err
		}
		v.s.log(Warn, "%v", err)
		v.damaged = true
	}
	return nil
}

// links checks the shared files.
func (v *verifier) links(ctx context.Context) error {
	v.s.log(Info, "checking link hashes...")
	names, err := readNames(v.s.linksDir())
	if err != nil {
		return err
	}
	return v.parallel(ctx, len(names), func(i int) func() error {
		name := filepath.Join(v.s.linksDir(), names[i])
		h, err := HashObject(name, store.Recursive, hash.SHA256, "")
		got := ""
		if err == nil {
			got = hash.Format(h, hash.Nix32)
		}
		if got == names[i] {
			return nil
		}
		return func() error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil {
				return err
			}
			v.s.log(Error, "link '%s' was modified! expected hash '%s', got '%s'", name, names[i], got)
			if v.opts.Repair == nil {
				v.damaged = true
				return nil
			}
			if err := os.Remove(name); err != nil {
				return err
			}
			v.s.log(Info, "removed link '%s'", name)
			return nil
		}
	})
}

// contents checks the NAR hashes of all paths.
func (v *verifier) contents(ctx context.Context) error {
	v.s.log(Info, "checking store hashes...")
	return v.parallel(ctx, len(v.present), func(i int) func() error {
		p := v.present[i]
		name := v.s.set.Dir.Format(p)
		info, err := v.s.QueryPathInfo(ctx, p)
		if err != nil {
			return func() error { return v.unreadable(ctx, p, err) }
		}
		v.s.log(Talkative, "checking contents of '%s'", name)
		w := hash.New(hash.SHA256)
		if err := nar.DumpPath(ctxWriter{ctx, w}, v.s.RealPath(p), nil); err != nil {
			return func() error { return v.unreadable(ctx, p, err) }
		}
		got := w.Sum()
		lacksHash := info.NarHash == noHash
		if !lacksHash && info.NarHash != got {
			return func() error {
				v.s.log(Error, "path '%s' was modified! expected hash '%s', got '%s'", name, info.NarHash, got)
				return v.repair(ctx, p)
			}
		}
		if !lacksHash && info.NarSize != 0 {
			return nil
		}
		// Old stores lack hash or size.
		info.NarHash, info.NarSize = got, w.Size()
		return func() error {
			v.s.log(Info, "updating hash and size of '%s'", name)
			return v.s.write(ctx, func(c *sqlite.Conn) error { return v.s.updateInfo(c, info) })
		}
	})
}

// noHash is what Nix writes for a hash that it does not know.
var noHash = hash.FromBytes(hash.SHA256, make([]byte, hash.SHA256.Size()))

// unreadable reports an error with a path, which may have been collected.
func (v *verifier) unreadable(ctx context.Context, p store.Path, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	v.damaged = true
	if valid, _ := v.s.IsValid(ctx, p); !valid {
		v.s.log(Warn, "%v", err)
		return nil
	}
	v.s.log(Error, "%v", err)
	return nil
}

// parallel runs work for 0 to n-1 on all processors. What work returns is run
// here, one after the other.
func (v *verifier) parallel(ctx context.Context, n int, work func(i int) func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan int)
	todo := make(chan func() error)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				if f := work(i); f != nil {
					todo <- f
				}
			}
		})
	}
	go func() {
		for i := range n {
			if ctx.Err() != nil {
				break
			}
			next <- i
		}
		close(next)
		wg.Wait()
		close(todo)
	}()
	var first error
	for f := range todo {
		if first == nil {
			if first = f(); first != nil {
				cancel()
			}
		}
	}
	if first == nil {
		first = ctx.Err()
	}
	return first
}

// VerifyPath checks the contents of one valid path; the error says what differs.
func (s *Store) VerifyPath(ctx context.Context, p store.Path) error {
	info, err := s.QueryPathInfo(ctx, p)
	if err != nil {
		return err
	}
	w := hash.NewAsync(hash.SHA256)
	err = nar.DumpPath(ctxWriter{ctx, w}, s.RealPath(p), nil)
	got := w.Sum()
	if err != nil {
		return err
	}
	if got != info.NarHash {
		return fmt.Errorf("path '%s' was modified! expected hash '%s', got '%s'", s.set.Dir.Format(p), info.NarHash, got)
	}
	return nil
}
