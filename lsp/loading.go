package lsp

import (
	"context"
	"sync"
	"time"
)

// loadingShown is how long the evaluator loads something before the user is told why
// values have to be waited for.
const loadingShown = 500 * time.Millisecond

// loading shows that the evaluator loads packages or modules. Who cancels that ends
// the evaluation.
type loading struct {
	s *Server

	mu    sync.Mutex
	timer *time.Timer
	show  func() // stops showing it; nil when it is not shown
}

// set is told when loading begins and ends.
func (l *loading) set(is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if l.show != nil {
		l.show()
		l.show = nil
	}
	if is && l.s.client != nil && l.s.caps.workDoneProgress {
		l.timer = time.AfterFunc(loadingShown, l.begin)
	}
}

func (l *loading) begin() {
	l.mu.Lock()
	timer := l.timer
	l.mu.Unlock()
	if timer == nil {
		return // it has ended
	}
	ctx, p := l.s.startProgress(l.s.base, nil, "Evaluating packages and modules")
	ignore := context.AfterFunc(ctx, l.s.worker.Stop)
	stop := func() {
		ignore()
		p.end("")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != timer {
		stop() // it has ended meanwhile
		return
	}
	l.show = stop
}
