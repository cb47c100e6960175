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
// computed wait for it.
func (a *Analysis[T]) Of(s *Snapshot) T {
	s.memo.mu.Lock()
	if s.memo.results == nil {
		s.memo.results = map[any]outcome{}
	}
	r, ok := s.memo.results[a].(*result[T])
	if !ok {
		r = &result[T]{derived: a.derived}
		s.memo.results[a] = r
	}
	older, _ := s.memo.older[a].(*result[T])
	s.memo.mu.Unlock()
	r.once.Do(func() {
		var before *T
		if older != nil {
			before = &older.value
		}
		r.value = a.compute(s, before)
		s.memo.mu.Lock()
		defer s.memo.mu.Unlock()
		r.done = true
		delete(s.memo.older, a)
	})
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
	once    sync.Once
	value   T
	derived bool
	done    bool // guarded by memo.mu
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
