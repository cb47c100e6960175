package closure

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"gonix.dev/gonix/store"
)

// CopyOptions steer Copy. The zero value copies with the checks of the
// destination.
type CopyOptions struct {
	NoCheckSigs bool
	Repair      bool
	DryRun      bool // only find out what is missing
	// NoClosure copies just the given paths; what they refer to must be there.
	NoClosure bool
	// Realisations are copied, with what they depend on, once the paths are there.
	// Their own paths must be among them.
	Realisations []*store.Realisation
	// Jobs is how many paths travel at the same time; 0 is four for each CPU. Small
	// ones, which mostly wait, have four times as many of their own.
	Jobs int
	// Substitute is asked for each missing path before it is copied: it may
	// make it valid at the destination by other means.
	Substitute func(ctx context.Context, p store.Path) bool
	// Progress takes events, from several goroutines. It may be nil.
	Progress func(Event)
}

// EventKind is what happened to a path.
type EventKind uint8

const (
	Planned EventKind = iota // once, before any other: Size is of all archives
	Started
	Moved // Size more bytes of the archive have been read
	Done
)

// Event is a step of a Copy.
type Event struct {
	Kind EventKind
	Path store.Path
	Size int64
	N    int // Planned: the number of paths
}

// Copy brings the closure of roots from src to dst and returns what was missing
// there, references first. A path becomes valid only after what it refers to.
func Copy(ctx context.Context, src store.Source, dst store.Store, roots []store.Path, opts CopyOptions) ([]*store.PathInfo, error) {
	if a, b := src.StoreDir(), dst.StoreDir(); a != b {
		return nil, fmt.Errorf("cannot copy from '%s' to '%s': their store directories differ, '%s' and '%s'", src.URI(), dst.URI(), a, b)
	}
	if p, ok := dst.(preparer); ok && !opts.DryRun {
		if err := p.Prepare(ctx); err != nil {
			return nil, err
		}
	}
	missing, err := plan(ctx, src, dst, roots, opts)
	if err != nil || opts.DryRun {
		return missing, err
	}
	event := opts.Progress
	if event == nil {
		event = func(Event) {}
	}
	var total int64
	for _, info := range missing {
		total += info.NarSize
	}
	event(Event{Kind: Planned, N: len(missing), Size: total})
	jobs := opts.Jobs
	if jobs <= 0 {
		jobs = 4 * runtime.GOMAXPROCS(0)
	}
	c := &copier{
		src: src, dst: dst, opts: opts, event: event,
		large: make(chan struct{}, jobs), small: make(chan struct{}, 4*jobs),
	}
	if st, ok := dst.(store.Stager); ok && opts.Substitute == nil {
		err = c.staged(ctx, st, missing)
	} else {
		err = c.ordered(ctx, missing)
	}
	if err == nil {
		err = copyRealisations(ctx, src, dst, opts.Realisations, opts)
	}
	return missing, err
}

// preparer is implemented by places that must be made before they can be asked.
type preparer interface {
	Prepare(ctx context.Context) error
}

// plan finds what of the closure is missing at dst, references first.
func plan(ctx context.Context, src store.Source, dst store.Store, roots []store.Path, opts CopyOptions) ([]*store.PathInfo, error) {
	var set Set
	var err error
	if opts.NoClosure {
		set = Set{}
		for _, p := range roots {
			if set[p], err = src.QueryPathInfo(ctx, p); err != nil {
				return nil, err
			}
		}
	} else if set, err = Compute(ctx, src, roots); err != nil {
		return nil, err
	}
	sorted, err := set.Sorted()
	if err != nil {
		return nil, err
	}
	var have map[store.Path]bool
	if !opts.Repair {
		if have, err = dst.QueryValidPaths(ctx, sorted); err != nil {
			return nil, err
		}
	}
	var missing []*store.PathInfo
	for _, p := range sorted {
		if !have[p] {
			missing = append(missing, set[p])
		}
	}
	return missing, nil
}

type copier struct {
	src   store.Source
	dst   store.Store
	opts  CopyOptions
	event func(Event)

	large, small chan struct{} // one element for each path that travels
}

// small is the size of archives up to which they take their slots from the larger
// number, in bytes.
const small = 256 << 10

// slot waits until a path may travel. leave lets the next one go.
func (c *copier) slot(ctx context.Context, info *store.PathInfo) (leave func(), err error) {
	slots := c.large
	if info.NarSize <= small {
		slots = c.small
	}
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *copier) addOptions() store.AddOptions {
	return store.AddOptions{NoCheckSigs: c.opts.NoCheckSigs, Repair: c.opts.Repair}
}

// one streams the archive of a path through add.
func (c *copier) one(ctx context.Context, info *store.PathInfo, add func(*store.PathInfo, io.Reader) error) error {
	c.event(Event{Kind: Started, Path: info.Path, Size: info.NarSize})
	copied := *info
	copied.Ultimate = false // it was not built there
	if err := c.send(ctx, &copied, add); err != nil {
		return fmt.Errorf("copy path '%s' from '%s' to '%s': %w", c.dst.StoreDir().Format(info.Path), c.src.URI(), c.dst.URI(), err)
	}
	c.event(Event{Kind: Done, Path: info.Path, Size: info.NarSize})
	return nil
}

// opener is a Source whose archives can be read without a goroutine that writes
// them, and which leaves it to AddToStore to compare the hash.
type opener interface {
	OpenNar(ctx context.Context, p store.Path) (io.ReadCloser, error)
}

func (c *copier) send(ctx context.Context, info *store.PathInfo, add func(*store.PathInfo, io.Reader) error) error {
	if src, ok := c.src.(opener); ok {
		r, err := src.OpenNar(ctx, info.Path)
		if err != nil {
			return err
		}
		defer r.Close()
		return add(info, &movedReader{c, info.Path, r})
	}
	ctx, cancel := context.WithCancel(ctx)
	pr, pw := io.Pipe()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		pw.CloseWithError(c.src.NarFromPath(ctx, info.Path, pw))
	}()
	err := add(info, &movedReader{c, info.Path, pr})
	// The source may have more, which the path's size and hash leave out.
	cancel()
	pr.Close()
	<-sent
	return err
}

// movedReader tells how much was read.
type movedReader struct {
	c *copier
	p store.Path
	r io.Reader
}

func (m *movedReader) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	if n > 0 {
		m.c.event(Event{Kind: Moved, Path: m.p, Size: int64(n)})
	}
	return n, err
}

// batch bounds how many staged paths wait to become valid.
const batch = 1000

// staged sends archives in parallel, the largest of a batch first, and makes
// them valid batch by batch.
func (c *copier) staged(ctx context.Context, dst store.Stager, missing []*store.PathInfo) error {
	for len(missing) > 0 {
		n := min(len(missing), batch)
		if err := c.stage(ctx, dst, missing[:n]); err != nil {
			return err
		}
		missing = missing[n:]
	}
	return nil
}

func (c *copier) stage(ctx context.Context, dst store.Stager, infos []*store.PathInfo) error {
	bySize := slices.Clone(infos)
	slices.SortStableFunc(bySize, func(a, b *store.PathInfo) int {
		return int(max(-1, min(1, b.NarSize-a.NarSize)))
	})
	var mu sync.Mutex
	var all []store.Staged
	g, gctx := errgroup.WithContext(ctx)
	for _, info := range bySize {
		leave, err := c.slot(gctx, info)
		if err != nil {
			g.Go(func() error { return err })
			break
		}
		g.Go(func() error {
			defer leave()
			return c.one(gctx, info, func(info *store.PathInfo, r io.Reader) error {
				s, err := dst.Stage(gctx, info, r, c.addOptions())
				if s != nil {
					mu.Lock()
					all = append(all, s)
					mu.Unlock()
				}
				return err
			})
		})
	}
	err := g.Wait()
	if err == nil {
		err = dst.Commit(ctx, all)
	}
	if err != nil {
		for _, s := range all {
			s.Discard()
		}
	}
	return err
}

// ordered copies each path once those that it refers to are there.
func (c *copier) ordered(ctx context.Context, missing []*store.PathInfo) error {
	g, ctx := errgroup.WithContext(ctx)
	done := make(map[store.Path]chan struct{}, len(missing))
	for _, info := range missing {
		done[info.Path] = make(chan struct{})
	}
	for _, info := range missing {
		g.Go(func() error {
			for _, r := range info.References {
				if d := done[r]; d != nil && r != info.Path {
					select {
					case <-d:
					case <-ctx.Done():
						return ctx.Err()
					}
				}
			}
			leave, err := c.slot(ctx, info)
			if err != nil {
				return err
			}
			defer leave()
			if c.opts.Substitute != nil && c.opts.Substitute(ctx, info.Path) {
				c.event(Event{Kind: Done, Path: info.Path, Size: info.NarSize})
				close(done[info.Path])
				return nil
			}
			err = c.one(ctx, info, func(info *store.PathInfo, r io.Reader) error {
				return c.dst.AddToStore(ctx, info, r, c.addOptions())
			})
			if err == nil {
				close(done[info.Path])
			}
			return err
		})
	}
	return g.Wait()
}
