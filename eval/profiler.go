package eval

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Profiler samples what is being called. It writes folded stacks: a line for
// each distinct stack, frames separated by semicolons, and a count of samples.
type Profiler struct {
	interval time.Duration
	last     time.Time
	stack    []string
	samples  map[string]int
}

// NewProfiler makes a profiler that takes frequency samples a second.
func NewProfiler(frequency int) *Profiler {
	return &Profiler{interval: time.Second / time.Duration(max(frequency, 1)), last: time.Now(), samples: make(map[string]int)}
}

func (p *Profiler) enter(st *State, fn *lambdaNode, op *PrimOp, pos Pos) {
	var frame string
	if op != nil {
		frame = st.describePos(pos) + ":primop " + op.Name
	} else {
		frame = st.describePos(fn.bodyPos()) + ":" + fn.title(st)
	}
	p.stack = append(p.stack, frame)
	p.sample()
}

func (p *Profiler) leave() {
	p.sample()
	p.stack = p.stack[:len(p.stack)-1]
}

func (p *Profiler) sample() {
	now := time.Now()
	if n := int(now.Sub(p.last) / p.interval); n > 0 {
		p.samples[strings.Join(p.stack, ";")] += n
		p.last = p.last.Add(time.Duration(n) * p.interval)
	}
}

// WriteTo writes the folded stacks.
func (p *Profiler) WriteTo(w io.Writer) (int64, error) {
	stacks := make([]string, 0, len(p.samples))
	for s := range p.samples {
		stacks = append(stacks, s)
	}
	slices.Sort(stacks)
	var n int64
	for _, s := range stacks {
		k, err := fmt.Fprintf(w, "%s %d\n", s, p.samples[s])
		n += int64(k)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
