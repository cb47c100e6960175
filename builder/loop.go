package builder

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gonix.dev/gonix/store"
)

// goal is the part that all goals have in common.
type goal struct {
	l       *loop
	key     string // goals that are awake work in the order of their keys
	of      store.Path
	next    func() // what to do when woken
	waitees map[*goal]bool
	waiters []*goal
	failed  int // waitees that did not succeed; of these ...
	missing int // ... had no substitute or an incomplete closure
	awake   bool
	done    bool
	status  Status
	err     error
}

// pollLocks is how long to wait before trying locks again that others hold.
const pollLocks = 50 * time.Millisecond

// loop runs the goals of one call of Build.
type loop struct {
	w      *Worker
	ctx    context.Context
	cancel context.CancelCauseFunc
	mode   Mode

	awake   []*goal
	drvs    map[store.Path]*drvGoal
	paths   map[store.Path]*pathGoal
	outputs map[store.DrvOutput]*outputGoal
	top     map[*goal]bool

	done    chan func() // completions of tasks, run by the loop
	tasks   int         // under way
	forSlot byKey       // waiting for a build slot
	forCopy []*goal
	forLock []*goal // waiting for somebody else

	out   Outcome
	tally tally
}

// Build makes targets. The error is only for a context that was cancelled or a
// machine that cannot build at all; failures are in the outcome.
func (w *Worker) Build(ctx context.Context, targets []Target, mode Mode) (*Outcome, error) {
	if w.Observe == nil {
		w.Observe = func(Event) {}
	}
	l := &loop{
		w: w, mode: mode,
		drvs: map[store.Path]*drvGoal{}, paths: map[store.Path]*pathGoal{}, outputs: map[store.DrvOutput]*outputGoal{}, top: map[*goal]bool{},
		done: make(chan func()),
	}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	defer l.cancel(nil)
	l.tally.begin(w.Observe)
	defer l.tally.end()

	goals := make([]*goal, len(targets))
	for i, t := range targets {
		if t.Drv.IsZero() {
			goals[i] = &l.path(t.Path).goal
		} else {
			goals[i] = &l.derivation(t.Drv, t.Outputs, mode).goal
		}
		if !goals[i].done {
			l.top[goals[i]] = true
		}
	}
	err := l.run()
	for i, t := range targets {
		l.out.Results = append(l.out.Results, l.result(t, goals[i]))
	}
	if err == nil {
		err = ctx.Err()
	}
	return &l.out, err
}

func (l *loop) result(t Target, g *goal) Result {
	r := Result{Target: t, Status: g.status, Err: g.err}
	if !g.done {
		r.Status = Cancelled
		r.Err = &Failure{Status: Cancelled, Path: t.Drv, Msg: "cancelled"}
		return r
	}
	if d := l.drvs[t.Drv]; d != nil && &d.goal == g && g.status.OK() {
		r.Start, r.Stop = d.start, d.stop
		r.Outputs = map[string]store.Path{}
		for name, p := range d.results {
			if t.Outputs == nil || slices.Contains(t.Outputs, name) {
				r.Outputs[name] = p
			}
		}
	}
	return r
}

func (l *loop) run() error {
	poll := time.NewTimer(time.Hour)
	defer poll.Stop()
	var roomTick <-chan time.Time
	if l.w.AutoGC != nil {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		roomTick = t.C
		if err := l.w.AutoGC(l.ctx); err != nil {
			return err
		}
	}
	for {
		for len(l.top) > 0 && l.ctx.Err() == nil {
			l.offerSlot()
			if len(l.awake) == 0 {
				break
			}
			batch := l.awake
			l.awake = nil
			slices.SortFunc(batch, func(a, b *goal) int { return cmp.Compare(a.key, b.key) })
			for _, g := range batch {
				g.awake = false
				if !g.done && len(l.top) > 0 {
					g.next()
				}
			}
		}
		if l.ctx.Err() != nil || len(l.top) == 0 {
			break
		}
		if l.tasks == 0 && len(l.forLock) == 0 {
			if l.w.Settings.MaxJobs == 0 {
				return fmt.Errorf("Unable to start any build;\neither increase '--max-jobs' or enable remote builds.\n\n" +
					"For more information run 'man nix.conf' and search for '/machines'.")
			}
			return fmt.Errorf("internal error: the scheduler has nothing to do and is not done")
		}
		var tick <-chan time.Time
		if len(l.forLock) > 0 {
			poll.Reset(pollLocks)
			tick = poll.C
		}
		select {
		case f := <-l.done:
			f()
		case <-tick:
			l.wakeAll(&l.forLock)
		case <-roomTick:
			if err := l.w.AutoGC(l.ctx); err != nil {
				l.w.Observe.fail(err)
			}
		case <-l.ctx.Done():
		}
	}
	// Nobody wants the rest: end it, and wait until it has ended.
	l.cancel(context.Canceled)
	for l.tasks > 0 {
		(<-l.done)()
	}
	return nil
}

// offerSlot wakes the first goal that waits for a build slot, if one is free and
// nothing else is to be done before. One at a time: thousands may be waiting, and
// most would find the slot taken again.
func (l *loop) offerSlot() {
	for len(l.awake) == 0 && int(l.tally.build.running) < l.w.Settings.MaxJobs && len(l.forSlot) > 0 {
		l.wake(heap.Pop(&l.forSlot).(*goal))
	}
}

// byKey is a heap of goals, the one with the smallest key first.
type byKey []*goal

func (h byKey) Len() int           { return len(h) }
func (h byKey) Less(i, j int) bool { return h[i].key < h[j].key }
func (h byKey) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byKey) Push(g any)        { *h = append(*h, g.(*goal)) }
func (h *byKey) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// task runs work beside the loop, and then then in the loop.
func (l *loop) task(work func(), then func()) {
	l.tasks++
	go func() {
		work()
		l.done <- func() {
			l.tasks--
			then()
		}
	}()
}

func (l *loop) wake(g *goal) {
	if !g.awake && !g.done {
		g.awake = true
		l.awake = append(l.awake, g)
	}
}

func (l *loop) wakeAll(list *[]*goal) {
	for _, g := range *list {
		l.wake(g)
	}
	*list = nil
}

// await makes next the goal's next step, after everything it waits for.
func (g *goal) await(next func()) {
	g.next = next
	if len(g.waitees) == 0 {
		g.l.wake(g)
	}
}

func (g *goal) waitFor(o *goal) {
	if o.done {
		g.account(o)
		return
	}
	if g.waitees == nil {
		g.waitees = map[*goal]bool{}
	}
	if !g.waitees[o] {
		g.waitees[o] = true
		o.waiters = append(o.waiters, g)
	}
}

func (g *goal) account(o *goal) {
	if !o.status.OK() {
		g.failed++
		if o.status == NoSubstituters {
			g.missing++
		}
	}
}

// finish ends a goal and tells those that wait for it.
func (g *goal) finish(status Status, err error) {
	g.done, g.status = true, status
	if err != nil {
		cancelled := status == Cancelled
		// Somebody who waits for more is told at once.
		more := g.l.top[g] && len(g.l.top) > 1 && g.l.w.Settings.KeepGoing
		if (len(g.waiters) > 0 && status != NoSubstituters || more) && !cancelled {
			g.l.w.Observe.fail(err)
			var f *Failure
			if errors.As(err, &f) {
				f.Told = true
			}
		}
		g.err = err
	}
	for _, w := range g.waiters {
		if !w.waitees[g] {
			continue
		}
		delete(w.waitees, g)
		w.account(g)
		if !status.OK() && status != NoSubstituters && !g.l.w.Settings.KeepGoing {
			clear(w.waitees)
		}
		if len(w.waitees) == 0 {
			g.l.wake(w)
		}
	}
	g.waiters = nil
	if g.l.top[g] {
		delete(g.l.top, g)
		if !status.OK() && !g.l.w.Settings.KeepGoing {
			clear(g.l.top)
		}
	}
}
