package local

import "sync"

// rounds does something for many at a time: whoever comes while one round runs waits
// for the next, which is run for all of them together.
type rounds[T any] struct {
	mu      sync.Mutex
	running chan struct{} // closed when the round that runs now, or last, is over
	next    *round[T]     // the one that starts after it
}

type round[T any] struct {
	members []T
	done    chan struct{}
}

// join returns when run has returned, which began after join was called, for member
// and whoever came meanwhile.
func (r *rounds[T]) join(member T, run func([]T)) {
	r.mu.Lock()
	if next := r.next; next != nil {
		next.members = append(next.members, member)
		r.mu.Unlock()
		<-next.done
		return
	}
	mine := &round[T]{members: []T{member}, done: make(chan struct{})}
	before := r.running
	r.next, r.running = mine, mine.done
	r.mu.Unlock()
	if before != nil {
		<-before
	}
	r.mu.Lock()
	r.next = nil
	r.mu.Unlock()
	defer close(mine.done)
	run(mine.members)
}
