package document

import (
	"maps"
	"sync"
)

// Analysis is a pure function of a snapshot, computed at most once for each.
// Make one per package-level variable with [NewAnalysis] or [NewDerived]; its
// identity is the key.
type Analysis[T any] struct {
	compute func(s *Snapshot, older *T) T
	derived bool
}

// NewAnalysis makes an analysis of a function, which must depend on nothing but
// its argument.
func NewAnalysis[T any](compute func(*Snapshot) T) *Analysis[T] {
	return &Analysis[T]{compute: func(s *Snapshot, _ *T) T { return compute(s) }}
}

// NewDerived makes an analysis that can be had cheaper from what it was for an older
// version of the text; older is nil when that is not known. The result must not
// depend on older, nor hold on to it: each version would keep the one before.
func NewDerived[T any](compute func(s *Snapshot, older *T) T) *Analysis[T] {
	return &Analysis[T]{compute: compute, derived: true}
}

// Of returns the result for a snapshot. Callers that come while it is being
// computed wait for it; should the one who computes it stop waiting, another goes on.
func (a *Analysis[T]) Of(s *Snapshot) T {
	for {
		if v, ok := a.Known(s); ok {
			return v
		}
		if s.Stopped() {
			return a.compute(s, nil)
		}
		r, before, mine := a.begin(s)
		if mine {
			return a.run(s, r, before)
		}
		select {
		case <-r.ended:
		case <-s.stopped():
		}
	}
}

// begin returns the result that somebody computes. If nobody does, it is the caller's to
// compute, with the help of that of an older version.
func (a *Analysis[T]) begin(s *Snapshot) (r *result[T], before *T, mine bool) {
	s.memo.mu.Lock()
	defer s.memo.mu.Unlock()
	if r, ok := s.memo.results[a].(*result[T]); ok {
		return r, nil, false
	}
	r = &result[T]{derived: a.derived, ended: make(chan struct{})}
	if s.memo.results == nil {
		s.memo.results = map[any]outcome{}
	}
	s.memo.results[a] = r
	if older, ok := s.memo.older[a].(*result[T]); ok {
		before = &older.value
	}
	return r, before, true
}

// run computes a result and remembers it, unless it was not computed to its end.
func (a *Analysis[T]) run(s *Snapshot, r *result[T], before *T) T {
	whole := false
	defer func() {
		s.memo.mu.Lock()
		defer s.memo.mu.Unlock()
		if whole {
			r.done = true
			delete(s.memo.older, a)
		} else {
			delete(s.memo.results, a)
		}
		close(r.ended)
	}()
	r.value = a.compute(s, before)
	whole = !s.Stopped()
	return r.value
}

// Known returns the result for a snapshot if it is there already.
func (a *Analysis[T]) Known(s *Snapshot) (value T, ok bool) {
	s.memo.mu.Lock()
	defer s.memo.mu.Unlock()
	if r, _ := s.memo.results[a].(*result[T]); r != nil && r.done {
		return r.value, true
	}
	return value, false
}

// memo holds the results for one snapshot.
type memo struct {
	mu      sync.Mutex
	results map[any]outcome // *Analysis[T] to *result[T]
	// older are the last results that there are of derived analyses, until they are
	// of no more use.
	older map[any]outcome
}

// outcome is a *result[T].
type outcome interface{ usable() bool }

type result[T any] struct {
	value   T
	derived bool
	ended   chan struct{} // closed when the value is there, or was given up
	done    bool          // the value is there; guarded by memo.mu
}

// usable reports whether the result can be of use for the next version.
func (r *result[T]) usable() bool { return r.derived && r.done }

// inherit takes over, for the next version, what is known of this one.
func (m *memo) inherit(from *memo) {
	from.mu.Lock()
	defer from.mu.Unlock()
	m.older = maps.Clone(from.older)
	for a, r := range from.results {
		if !r.usable() {
			continue
		}
		if m.older == nil {
			m.older = map[any]outcome{}
		}
		m.older[a] = r
	}
}
