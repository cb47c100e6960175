package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/narinfo"
	"gonix.dev/gonix/store/sign"
)

// Origin is where paths can come from: a *Cache, or another store, a *Neighbour.
type Origin interface {
	URI() string
	StoreDir() store.Dir
	// Init makes sure that the origin is there and for our store directory.
	Init(ctx context.Context) error
	// Priority says how early the origin is asked; lower is earlier.
	Priority() int
	// Trusted says that no signatures are needed.
	Trusted() bool
	// WantMassQuery says whether it may be asked for many paths at once.
	WantMassQuery() bool
	QueryValidPaths(ctx context.Context, paths []store.Path) (map[store.Path]bool, error)
	// QueryNarInfo says what is known of a path, and what has to be downloaded of it.
	QueryNarInfo(ctx context.Context, p store.Path) (*narinfo.Info, error)
	// QueryRealisation says what an output came to be; nil if that is not known.
	QueryRealisation(ctx context.Context, id store.DrvOutput) (*store.Realisation, error)
	// copyTo streams a path into a store. Signatures were checked by the caller.
	copyTo(ctx context.Context, in *narinfo.Info, dst store.Store, progress func(done, total int64)) error
}

// Substituter finds store paths at their origins and copies them into a store. Origins
// are asked in the order of their priorities, and those of equal priority in the
// order given. One that cannot be reached is left alone for a minute, with one
// warning. Its methods may be called from several goroutines.
type Substituter struct {
	// Origins to ask.
	Origins []Origin
	// Dir is the store directory that paths are for. From caches for other ones only
	// content-addressed paths without references can be taken, whose names there are
	// known. "" asks every cache by the same names.
	Dir store.Dir
	// Keys whose signatures are believed.
	Keys sign.Keys
	// NoRequireSigs accepts what nobody has signed.
	NoRequireSigs bool
	// Warn takes messages for the user, one at a time; nil drops them.
	Warn func(msg string)

	talk   sync.Mutex // held while Warn runs
	mu     sync.Mutex
	off    map[Origin]time.Time // until when one is left alone
	warned map[string]bool
	order  sync.Once
	sorted []Origin
}

// disabledFor is how long a cache is left alone that could not be reached.
const disabledFor = time.Minute

// Found is a path that an origin has.
type Found struct {
	*narinfo.Info
	Origin Origin
}

func (s *Substituter) warn(once, format string, args ...any) {
	s.mu.Lock()
	if s.warned == nil {
		s.warned = map[string]bool{}
	}
	said := s.warned[once]
	s.warned[once] = true
	s.mu.Unlock()
	if !said && s.Warn != nil {
		s.talk.Lock()
		defer s.talk.Unlock()
		s.Warn(fmt.Sprintf(format, args...))
	}
}

// usable are the caches to ask now, in order.
func (s *Substituter) usable(ctx context.Context) []Origin {
	s.order.Do(func() {
		var wg sync.WaitGroup
		for _, c := range s.Origins {
			wg.Go(func() {
				if err := c.Init(ctx); err != nil {
					s.disable(ctx, c, err)
				}
			})
		}
		wg.Wait()
		s.sorted = slices.Clone(s.Origins)
		slices.SortStableFunc(s.sorted, func(a, b Origin) int { return a.Priority() - b.Priority() })
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Origin
	now := time.Now()
	for _, c := range s.sorted {
		if until, ok := s.off[c]; !ok || now.After(until) {
			out = append(out, c)
		}
	}
	return out
}

// disable leaves a cache alone after an error of it.
func (s *Substituter) disable(ctx context.Context, c Origin, err error) {
	if ctx.Err() != nil {
		return // the caller has given up, not the cache
	}
	s.mu.Lock()
	if s.off == nil {
		s.off = map[Origin]time.Time{}
	}
	s.off[c] = time.Now().Add(disabledFor)
	s.mu.Unlock()
	var te *TransferError
	if errors.As(err, &te) && te.Offline {
		s.warn("offline "+c.URI(), "cannot reach '%s' (%v): going on without it", c.URI(), te.Err)
		return
	}
	s.warn("off "+c.URI(), "going on without '%s': %v", c.URI(), err)
}

// Trusted says whether the path may be taken from the cache.
func (s *Substituter) Trusted(c Origin, in *store.PathInfo) bool {
	return s.NoRequireSigs || c.Trusted() || s.Keys.Trusts(c.StoreDir(), in)
}

// Query finds the first cache that has p, in a form that may be believed. It is
// nil if none has. ca is p's content address, if it is known beforehand. The error is
// only ever that of the context.
func (s *Substituter) Query(ctx context.Context, p store.Path, ca store.ContentAddress) (*Found, error) {
	var found *Found
	err := s.each(ctx, p, ca, func(c Origin, in *narinfo.Info) bool {
		found = &Found{in, c}
		return true
	})
	return found, err
}

// each calls f for every cache that has p, until it says that it is done.
func (s *Substituter) each(ctx context.Context, p store.Path, ca store.ContentAddress, f func(Origin, *narinfo.Info) bool) error {
	for _, c := range s.usable(ctx) {
		name, ok := s.nameIn(c, p, ca)
		if !ok {
			continue
		}
		in, err := c.QueryNarInfo(ctx, name)
		if cerr := ctx.Err(); cerr != nil {
			return cerr
		}
		var invalid *store.InvalidPathError
		switch {
		case err == nil:
		case errors.As(err, &invalid):
			continue
		case errors.Is(err, narinfo.ErrCorrupt):
			s.warn(err.Error(), "%v", err)
			continue
		default:
			s.disable(ctx, c, err)
			continue
		}
		if !s.Trusted(c, &in.PathInfo) {
			s.warn("sig "+c.URI()+p.String(), "ignoring substitute for '%s' from '%s', as it's not signed by any of the keys in 'trusted-public-keys'",
				c.StoreDir().Format(p), c.URI())
			continue
		}
		if s.foreign(c) {
			if len(in.References) > 0 || !in.IsContentAddressed(c.StoreDir()) {
				s.warn("foreign "+c.URI()+p.String(), "ignoring substitute for '%s' from '%s', which is for another store directory and refers to it",
					s.Dir.Format(p), c.URI())
				continue
			}
			moved := *in
			moved.Path, moved.Deriver, moved.Sigs = p, store.Path{}, nil
			in = &moved
		}
		if f(c, in) {
			return nil
		}
	}
	return nil
}

// foreign says whether a cache is for another store directory.
func (s *Substituter) foreign(c Origin) bool { return s.Dir != "" && c.StoreDir() != s.Dir }

// nameIn is what p is called in a cache.
func (s *Substituter) nameIn(c Origin, p store.Path, ca store.ContentAddress) (store.Path, bool) {
	if !s.foreign(c) {
		return p, true
	}
	if ca.IsZero() {
		return store.Path{}, false
	}
	name, err := c.StoreDir().CAPath(p.Name(), ca, nil, false)
	return name, err == nil
}

// QueryRealisation finds what an output came to be: what the first cache says that
// may be believed and that accept, which gets the cache's address, likes. It is nil
// if none does. The error is only ever that of the context.
func (s *Substituter) QueryRealisation(ctx context.Context, id store.DrvOutput, accept func(from string, r *store.Realisation) bool) (*store.Realisation, error) {
	for _, c := range s.usable(ctx) {
		if s.foreign(c) {
			continue // it names paths of its own directory
		}
		r, err := c.QueryRealisation(ctx, id)
		if cerr := ctx.Err(); cerr != nil {
			return nil, cerr
		}
		switch {
		case errors.Is(err, errCorruptRealisation):
			s.warn(err.Error(), "%v", err)
			continue
		case err != nil:
			s.disable(ctx, c, err)
			continue
		case r == nil:
			continue
		}
		if !s.NoRequireSigs && !c.Trusted() && !s.Keys.TrustsRealisation(r) {
			s.warn("sig "+c.URI()+id.String(), "ignoring the realisation of '%s' from '%s', as it's not signed by any of the keys in 'trusted-public-keys'", id, c.URI())
			continue
		}
		if accept(c.URI(), r) {
			return r, nil
		}
	}
	return nil, nil
}

// ErrNoSubstitute is wrapped by Substitute's error if no cache has the path.
var ErrNoSubstitute = errors.New("no substituter has it")

// Substitute makes p valid in dst from the first cache that can. What p refers to
// must be valid. ca is as for Query. progress, which may be nil, is called with the numbers of bytes
// downloaded and to download.
func (s *Substituter) Substitute(ctx context.Context, p store.Path, ca store.ContentAddress, dst store.Store, progress func(done, total int64)) error {
	var errs []error
	done := false
	err := s.each(ctx, p, ca, func(c Origin, in *narinfo.Info) bool {
		err := c.copyTo(ctx, in, dst, progress)
		if err == nil {
			done = true
			return true
		}
		if ctx.Err() == nil {
			s.warn(err.Error(), "substitute '%s' from '%s': %v", c.StoreDir().Format(p), c.URI(), err)
		}
		errs = append(errs, err)
		return ctx.Err() != nil
	})
	switch {
	case err != nil:
		return err
	case done:
		return nil
	case len(errs) > 0:
		return &failedError{dst.StoreDir().Format(p), errors.Join(errs...), s.Warn != nil}
	}
	return fmt.Errorf("substitute '%s': %w", dst.StoreDir().Format(p), ErrNoSubstitute)
}

// failedError is a path that no cache could deliver.
type failedError struct {
	path string
	err  error
	told bool // why, in warnings
}

func (e *failedError) Error() string {
	if e.told {
		return fmt.Sprintf("some substitutes for '%s' failed", e.path)
	}
	return fmt.Sprintf("some substitutes for '%s' failed: %v", e.path, e.err)
}

func (e *failedError) Unwrap() error { return e.err }

// copyTo streams a path into a store. Signatures were checked by the caller.
func (c *Cache) copyTo(ctx context.Context, in *narinfo.Info, dst store.Store, progress func(done, total int64)) error {
	total := in.FileSize
	if total == 0 {
		total = in.NarSize
	}
	var report func(int64)
	if progress != nil {
		report = func(n int64) { progress(n, total) }
	}
	archive, err := c.openNar(ctx, in, report)
	if err != nil {
		return err
	}
	defer archive.Close()
	info := in.PathInfo
	return dst.AddToStore(ctx, &info, archive, store.AddOptions{NoCheckSigs: true})
}

// String lists the origins.
func (s *Substituter) String() string {
	uris := make([]string, len(s.Origins))
	for i, c := range s.Origins {
		uris[i] = c.URI()
	}
	return strings.Join(uris, " ")
}
