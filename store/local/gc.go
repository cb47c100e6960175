//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
	"zombiezen.com/go/sqlite"

	"gonix.dev/gonix/store"
)

// GCAction is what a collection does.
type GCAction int

// The actions.
const (
	DeleteDead GCAction = iota
	ReturnDead
	ReturnLive
	DeleteSpecific
)

// GCOptions steer Collect.
type GCOptions struct {
	Action GCAction
	// Paths are to be deleted by DeleteSpecific.
	Paths []store.Path
	// IgnoreLiveness lets DeleteSpecific delete what permanent roots reach.
	// What another path refers to is kept even so.
	IgnoreLiveness bool
	// SkipAlive lets DeleteSpecific pass over paths that cannot be deleted.
	SkipAlive bool
	// MaxFreed stops when more than so many bytes are freed; 0 is no limit.
	MaxFreed int64
	// NoDelete stops before anything is deleted, as Nix does with a limit of 0.
	NoDelete bool
}

// GCResult is what a collection did.
type GCResult struct {
	Paths      []string // live, dead or deleted, in the store directory; not sorted
	BytesFreed int64
}

// LiveError says that a path cannot be deleted.
type LiveError struct {
	Path string // with the store directory
}

func (e *LiveError) Error() string {
	return fmt.Sprintf("Cannot delete path '%s' since it is still alive. To find out why, use: nix-store --query --roots and nix-store --query --referrers", e.Path)
}

// gcBatch is how many paths are invalidated in one transaction.
const gcBatch = 512

// Collect finds or deletes garbage. Other processes may use the store meanwhile.
func (s *Store) Collect(ctx context.Context, opts GCOptions) (*GCResult, error) {
	deletes := opts.Action == DeleteDead || opts.Action == DeleteSpecific
	if deletes && s.set.ReadOnly {
		return nil, ErrReadOnly
	}
	if opts.MaxFreed == 0 {
		opts.MaxFreed = math.MaxInt64
	}
	if deletes {
		// A full disk must not keep us from starting.
		os.Remove(filepath.Join(s.set.StateDir, "db/reserved"))
		defer s.reserve()
	}
	lock, err := openLockFile(s.gcLockPath())
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := lockFile(ctx, lock, lockExclusive, func() { s.log(Error, "waiting for the big garbage collector lock...") }); err != nil {
		return nil, err
	}
	if err := s.stopAt(0); err != nil {
		return nil, err
	}
	if deletes {
		if err := s.sweepScratch(); err != nil {
			return nil, err
		}
	}
	roots := newGCRoots()
	server, err := s.startGCServer(roots)
	if err != nil {
		return nil, err
	}
	defer server.close()

	c := &collector{s: s, opts: opts, roots: roots, result: &GCResult{}}
	c.keepOutputs, c.keepDerivations = s.set.GC.KeepOutputs, !s.set.GC.DropDerivations
	if opts.Action == DeleteSpecific && opts.IgnoreLiveness {
		// Or deleting a path would delete its derivation or outputs too.
		c.keepOutputs, c.keepDerivations = false, false
	}
	s.log(Info, "finding garbage collector roots...")
	// Temporary roots first. A process makes its permanent roots while its temporary
	// ones last: if it is gone by now, the permanent ones are there already. Temporary
	// roots added after the lock was taken come to the server.
	if err := s.findTempRoots(func(p store.Path, _ string) { roots.add(p) }); err != nil {
		return nil, err
	}
	var perm Roots
	if !opts.IgnoreLiveness {
		if perm, err = s.findRoots(ctx, true); err != nil {
			return nil, err
		}
	}
	if err := s.stopAt(1); err != nil {
		return nil, err
	}
	if err := c.load(ctx); err != nil {
		return nil, err
	}
	roots.mu.Lock()
	for p := range perm {
		c.markPath(p)
	}
	for part := range roots.parts {
		c.markPart(part)
	}
	roots.onRoot = c.markPart
	roots.mu.Unlock()
	return c.result, c.run(ctx)
}

// stopAt waits at a point where a test wants us to.
func (s *Store) stopAt(point int) error {
	if s.set.GC.Stop[point] == "" {
		return nil
	}
	_, err := os.ReadFile(s.set.GC.Stop[point])
	return err
}

// collector is one collection. The graph is loaded once: what becomes valid later
// has a temporary root, and its references have too.
type collector struct {
	s                            *Store
	opts                         GCOptions
	keepOutputs, keepDerivations bool
	result                       *GCResult

	nodes  []gcNode
	byPath map[store.Path]int32
	byPart map[string][]int32
	roots  *gcRoots // its lock also guards alive
	freed  atomic.Int64
}

type gcNode struct {
	path  store.Path
	id    int64
	size  int64
	alive bool
	gone  bool
	keeps []int32 // what lives if this does
	refs  []int32 // those of keeps that are references
}

// load reads the graph of all valid paths.
func (c *collector) load(ctx context.Context) error {
	return c.s.read(ctx, func(conn *sqlite.Conn) error {
		byID := map[int64]int32{}
		c.byPath = map[store.Path]int32{}
		c.byPart = map[string][]int32{}
		derivers := map[int32]store.Path{}
		err := each(conn, "select id, path, deriver, narSize from ValidPaths", nil, func(st *sqlite.Stmt) error {
			p, err := c.s.set.Dir.Parse(st.ColumnText(1))
			if err != nil {
				return err
			}
			n := int32(len(c.nodes))
			c.nodes = append(c.nodes, gcNode{path: p, id: st.ColumnInt64(0), size: st.ColumnInt64(3)})
			byID[st.ColumnInt64(0)] = n
			c.byPath[p] = n
			c.byPart[p.HashPart()] = append(c.byPart[p.HashPart()], n)
			if st.ColumnType(2) != sqlite.TypeNull {
				if d, err := c.s.set.Dir.Parse(st.ColumnText(2)); err == nil {
					derivers[n] = d
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		err = each(conn, "select referrer, reference from Refs", nil, func(st *sqlite.Stmt) error {
			from, ok1 := byID[st.ColumnInt64(0)]
			to, ok2 := byID[st.ColumnInt64(1)]
			if ok1 && ok2 && from != to {
				c.nodes[from].refs = append(c.nodes[from].refs, to)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i := range c.nodes {
			c.nodes[i].keeps = slices.Clip(c.nodes[i].refs)
		}
		if c.keepDerivations {
			for n, d := range derivers {
				if dn, ok := c.byPath[d]; ok {
					c.nodes[n].keeps = append(c.nodes[n].keeps, dn)
				}
			}
		}
		if !c.keepOutputs {
			return nil
		}
		keep := func(st *sqlite.Stmt) error {
			from, ok := byID[st.ColumnInt64(0)]
			if p, err := c.s.set.Dir.Parse(st.ColumnText(1)); ok && err == nil {
				if to, ok := c.byPath[p]; ok {
					c.nodes[from].keeps = append(c.nodes[from].keeps, to)
				}
			}
			return nil
		}
		if err := each(conn, "select drv, path from DerivationOutputs", nil, keep); err != nil {
			return err
		}
		if !c.s.db.hasRealisations {
			return nil
		}
		// What a floating output came to be, by its deriver.
		return each(conn, "select d.id, v.path from Realisations r join ValidPaths v on v.id = r.outputPath join ValidPaths d on d.path = v.deriver", nil, keep)
	})
}

// markPath makes a path and all it keeps alive; roots.mu is held.
func (c *collector) markPath(p store.Path) {
	if n, ok := c.byPath[p]; ok {
		c.mark(n)
	}
}

// markPart does so for what has a hash part.
func (c *collector) markPart(part string) {
	for _, n := range c.byPart[part] {
		c.mark(n)
	}
}

func (c *collector) mark(n int32) {
	todo := []int32{n}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		node := &c.nodes[n]
		// What is gone cannot be helped, but nothing it keeps can still be
		// there without another referrer.
		if node.alive || node.gone {
			continue
		}
		node.alive = true
		todo = append(todo, node.keeps...)
	}
}

func (c *collector) run(ctx context.Context) error {
	switch c.opts.Action {
	case ReturnLive:
		for i := range c.nodes {
			if c.nodes[i].alive {
				c.result.Paths = append(c.result.Paths, c.s.set.Dir.Format(c.nodes[i].path))
			}
		}
		return nil
	case DeleteSpecific:
		if err := c.deleteSpecific(ctx); err != nil {
			return err
		}
		return c.removeUnusedLinks(ctx)
	}
	order := c.deletionOrder()
	if c.opts.Action == ReturnDead {
		c.s.log(Info, "determining live/dead paths...")
		for _, n := range order {
			c.result.Paths = append(c.result.Paths, c.s.set.Dir.Format(c.nodes[n].path))
		}
		return c.eachStray(ctx, func(name string) error {
			if _, err := store.ParsePath(name); err == nil {
				c.result.Paths = append(c.result.Paths, string(c.s.set.Dir)+"/"+name)
			}
			return nil
		})
	}
	if !c.opts.NoDelete {
		c.s.log(Info, "deleting garbage...")
		err := c.eachStray(ctx, func(name string) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return c.removeStray(name)
		})
		if err == nil {
			err = c.deleteNodes(ctx, order)
		}
		c.result.BytesFreed = c.freed.Load()
		if err != nil && !errors.Is(err, errFreedEnough) {
			return err
		}
	}
	return c.removeUnusedLinks(ctx)
}

var errFreedEnough = errors.New("freed enough")

// deletionOrder is all dead paths, each after what refers to it.
func (c *collector) deletionOrder() []int32 {
	c.roots.mu.Lock()
	defer c.roots.mu.Unlock()
	referrers := make([]int32, len(c.nodes))
	for i := range c.nodes {
		for _, to := range c.nodes[i].refs {
			referrers[to]++
		}
	}
	var order []int32
	for i := range c.nodes {
		if !c.nodes[i].alive && referrers[i] == 0 {
			order = append(order, int32(i))
		}
	}
	// The list grows while it is walked.
	for i := 0; i < len(order); i++ {
		for _, to := range c.nodes[order[i]].refs {
			if referrers[to]--; referrers[to] == 0 && !c.nodes[to].alive {
				order = append(order, to)
			}
		}
	}
	return order
}

// deleteSpecific deletes the paths asked for, if all that would have to go with
// them was asked for too.
func (c *collector) deleteSpecific(ctx context.Context) error {
	asked := map[store.Path]bool{}
	for _, p := range c.opts.Paths {
		asked[p] = true
	}
	// keptBy is the reverse of keeps: these must go first.
	keptBy := make([][]int32, len(c.nodes))
	for i := range c.nodes {
		for _, to := range c.nodes[i].keeps {
			keptBy[to] = append(keptBy[to], int32(i))
		}
	}
	for _, p := range c.opts.Paths {
		n, valid := c.byPath[p]
		if !valid {
			if err := c.deleteInvalid(p); err != nil {
				return err
			}
			continue
		}
		c.roots.mu.Lock()
		ok := true
		seen := map[int32]bool{n: true}
		for todo := []int32{n}; len(todo) > 0 && ok; {
			k := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			node := &c.nodes[k]
			if node.gone {
				continue
			}
			if node.alive || !asked[node.path] {
				ok = false
			}
			for _, r := range keptBy[k] {
				if !seen[r] {
					seen[r] = true
					todo = append(todo, r)
				}
			}
		}
		c.roots.mu.Unlock()
		if !ok {
			if c.opts.SkipAlive {
				continue
			}
			return &LiveError{c.s.set.Dir.Format(p)}
		}
		var order []int32
		for _, k := range c.deletionOrder() {
			if seen[k] && !c.nodes[k].gone {
				order = append(order, k)
			}
		}
		if err := c.deleteNodes(ctx, order); err != nil && !errors.Is(err, errFreedEnough) {
			return err
		}
	}
	c.result.BytesFreed = c.freed.Load()
	return nil
}

// deleteInvalid deletes what lies around under a path's name.
func (c *collector) deleteInvalid(p store.Path) error {
	c.roots.mu.Lock()
	held := c.roots.parts[p.HashPart()]
	c.roots.mu.Unlock()
	if held {
		return &LiveError{c.s.set.Dir.Format(p)}
	}
	if _, err := os.Lstat(c.s.RealPath(p)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return c.removeStray(p.String())
}

// deleteNodes invalidates and deletes paths, some hundred at a time, passing over
// those that have come to life.
func (c *collector) deleteNodes(ctx context.Context, order []int32) error {
	for len(order) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := c.batchLen(order)
		if n == 0 {
			return errFreedEnough
		}
		if err := c.deleteBatch(ctx, order[:n]); err != nil {
			return err
		}
		order = order[n:]
	}
	if c.freed.Load() > c.opts.MaxFreed {
		return errFreedEnough
	}
	return nil
}

// batchLen is how many paths may go at once without freeing much more than the
// limit: as many as their NARs have bytes left.
func (c *collector) batchLen(order []int32) int {
	left := c.opts.MaxFreed - c.freed.Load()
	if left < 0 {
		c.s.log(Info, "deleted more than %d bytes; stopping", c.opts.MaxFreed)
		return 0
	}
	n := 0
	for n < len(order) && n < gcBatch && left >= 0 {
		left -= max(c.nodes[order[n]].size, 4096) // a block at least
		n++
	}
	return n
}

func (c *collector) deleteBatch(ctx context.Context, batch []int32) error {
	var dead []int32
	var parts []string
	c.roots.mu.Lock()
	for _, n := range batch {
		if !c.nodes[n].alive {
			dead = append(dead, n)
			part := c.nodes[n].path.HashPart()
			parts = append(parts, part)
			c.roots.pending[part] = true
		}
	}
	c.roots.mu.Unlock()
	defer c.roots.release(parts)

	var gone []int32
	err := c.s.write(ctx, func(conn *sqlite.Conn) error {
		for _, n := range dead {
			ok, err := c.invalidate(conn, &c.nodes[n])
			if err != nil {
				return err
			}
			if ok {
				gone = append(gone, n)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Or after a loss of power the database could still say that they are valid.
	if err := c.s.syncDatabase(); err != nil {
		return err
	}
	c.roots.mu.Lock()
	for _, n := range gone {
		c.nodes[n].gone = true
	}
	c.roots.mu.Unlock()
	for _, n := range gone {
		name := c.s.set.Dir.Format(c.nodes[n].path)
		c.s.log(Info, "deleting '%s'", name)
		c.result.Paths = append(c.result.Paths, name)
	}
	return c.removeAll(gone)
}

// invalidate makes a path invalid unless something refers to it that was
// registered since the graph was loaded.
func (c *collector) invalidate(conn *sqlite.Conn, node *gcNode) (bool, error) {
	used := false
	err := each(conn, "select 1 from Refs where reference = ?1 and referrer <> ?1 limit 1",
		func(st *sqlite.Stmt) { st.BindInt64(1, node.id) },
		func(*sqlite.Stmt) error { used = true; return nil })
	if err != nil || used {
		return false, err
	}
	return true, each(conn, "delete from ValidPaths where id = ?", func(st *sqlite.Stmt) { st.BindInt64(1, node.id) }, nil)
}

// removers is how many trees are removed at the same time.
const removers = 4

func (c *collector) removeAll(gone []int32) error {
	var wg sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, removers)
	for w := range removers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(gone) {
					return
				}
				freed, err := freeTree(c.s.RealPath(c.nodes[gone[i]].path))
				c.freed.Add(freed)
				if err != nil && errs[w] == nil {
					errs[w] = err // the others still go: they are invalid already
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// eachStray calls f with what is in the store directory and was not valid when
// the graph was loaded, except temporary roots.
func (c *collector) eachStray(ctx context.Context, f func(name string) error) error {
	d, err := os.Open(c.s.set.RealDir)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(1024)
		if len(names) == 0 {
			if err != nil && err != io.EOF {
				return err
			}
			return nil
		}
		for _, name := range names {
			if name == ".links" {
				continue
			}
			if p, err := store.ParsePath(name); err == nil {
				if _, ok := c.byPath[p]; ok {
					continue
				}
				c.roots.mu.Lock()
				held := c.roots.parts[p.HashPart()]
				c.roots.mu.Unlock()
				if held {
					continue
				}
			}
			if err := f(name); err != nil {
				return err
			}
		}
	}
}

// removeStray removes what is no valid path: remains of a crash, lock files, and
// the temporary directories of Nix unless their process lives.
func (c *collector) removeStray(name string) error {
	real := filepath.Join(c.s.set.RealDir, name)
	if strings.HasPrefix(name, "tmp-") {
		d, err := os.Open(real)
		if err != nil {
			return nil
		}
		defer d.Close()
		if ok, err := tryLock(d, lockExclusive); err != nil || !ok {
			return nil
		}
	}
	if p, err := store.ParsePath(name); err == nil {
		part := p.HashPart()
		c.roots.mu.Lock()
		if c.roots.parts[part] {
			c.roots.mu.Unlock()
			return nil
		}
		c.roots.pending[part] = true
		c.roots.mu.Unlock()
		defer c.roots.release([]string{part})
	}
	shown := string(c.s.set.Dir) + "/" + name
	c.s.log(Info, "deleting '%s'", shown)
	c.result.Paths = append(c.result.Paths, shown)
	freed, err := freeTree(real)
	if err != nil {
		return err
	}
	if c.freed.Add(freed) > c.opts.MaxFreed {
		c.s.log(Info, "deleted more than %d bytes; stopping", c.opts.MaxFreed)
		return errFreedEnough
	}
	return nil
}

// removeUnusedLinks removes files of .links that nothing else links to.
func (c *collector) removeUnusedLinks(ctx context.Context) error {
	c.s.log(Info, "deleting unused links...")
	d, err := os.Open(c.s.linksDir())
	if err != nil {
		return err
	}
	defer d.Close()
	var actual, unshared int64
	for {
		names, _ := d.Readdirnames(4096)
		if len(names) == 0 {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, name := range names {
			var st unix.Stat_t
			if err := unix.Fstatat(int(d.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
				if err == unix.ENOENT {
					continue
				}
				return &os.PathError{Op: "lstat", Path: name, Err: err}
			}
			if st.Nlink != 1 {
				actual += st.Size
				unshared += (int64(st.Nlink) - 1) * st.Size
				continue
			}
			c.s.log(Talkative, "deleting unused link '%s/%s'", c.s.linksDir(), name)
			if err := unix.Unlinkat(int(d.Fd()), name, 0); err != nil && err != unix.ENOENT {
				return &os.PathError{Op: "unlink", Path: name, Err: err}
			}
		}
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(d.Fd()), &st); err != nil {
		return err
	}
	saved := float64(unshared-actual-int64(st.Blocks)*512) / (1 << 20)
	c.s.log(Info, "note: currently hard linking saves %s MiB", strconv.FormatFloat(saved, 'f', 2, 64))
	return nil
}

// autoGC is the state of collections that run when space is short.
type autoGC struct {
	mu        sync.Mutex
	running   chan struct{} // closed when it ends
	lastCheck time.Time
	available int64 // after the last one
}

func (a *autoGC) wait() {
	a.mu.Lock()
	running := a.running
	a.mu.Unlock()
	if running != nil {
		<-running
	}
}

// AutoGC collects garbage if there is less free space than GCPolicy.MinFree. With
// wait it returns when that is over.
func (s *Store) AutoGC(ctx context.Context, wait bool) error {
	if s.set.GC.MinFree == 0 {
		return nil
	}
	a := &s.autoGC
	a.mu.Lock()
	running := a.running
	if running == nil {
		if time.Since(a.lastCheck) < s.set.GC.CheckInterval {
			a.mu.Unlock()
			return nil
		}
		avail, err := s.available()
		a.lastCheck = time.Now()
		// Nor again if the last one could not do more.
		full := a.available != 0 && float64(avail) > float64(a.available)*0.97
		if err != nil || avail >= s.set.GC.MinFree || avail >= s.set.GC.MaxFree || full {
			a.mu.Unlock()
			return err
		}
		running = make(chan struct{})
		a.running = running
		go s.runAutoGC(context.WithoutCancel(ctx), s.set.GC.MaxFree-avail, running)
	}
	a.mu.Unlock()
	if !wait {
		return nil
	}
	select {
	case <-running:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) runAutoGC(ctx context.Context, free int64, done chan struct{}) {
	s.log(Info, "running auto-GC to free %d bytes", free)
	if _, err := s.Collect(ctx, GCOptions{Action: DeleteDead, MaxFreed: free}); err != nil {
		s.log(Error, "auto-GC: %v", err)
	}
	avail, _ := s.available()
	s.autoGC.mu.Lock()
	s.autoGC.running = nil
	s.autoGC.lastCheck = time.Now()
	s.autoGC.available = avail
	s.autoGC.mu.Unlock()
	close(done)
}

func (s *Store) available() (int64, error) {
	if s.set.GC.FreeSpaceFile == "" {
		return s.freeSpace()
	}
	b, err := os.ReadFile(s.set.GC.FreeSpaceFile)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}
