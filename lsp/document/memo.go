package document

import "sync"

// Analysis is a pure function of a snapshot, computed at most once for each.
// Make one per package-level variable with [NewAnalysis]; its identity is the
// key.
type Analysis[T any] struct {
	compute func(*Snapshot) T
}

// NewAnalysis makes an analysis of a function, which must depend on nothing but
// its argument.
func NewAnalysis[T any](compute func(*Snapshot) T) *Analysis[T] {
	return &Analysis[T]{compute}
}

// Of returns the result for a snapshot. Callers that come while it is being
// computed wait for it.
func (a *Analysis[T]) Of(s *Snapshot) T {
	s.memo.mu.Lock()
	if s.memo.results == nil {
		s.memo.results = map[any]any{}
	}
	r, ok := s.memo.results[a].(*result[T])
	if !ok {
		r = &result[T]{}
		s.memo.results[a] = r
	}
	s.memo.mu.Unlock()
	r.once.Do(func() { r.value = a.compute(s) })
	return r.value
}

type memo struct {
	mu      sync.Mutex
	results map[any]any // *Analysis[T] to *result[T]
}

type result[T any] struct {
	once  sync.Once
	value T
}
