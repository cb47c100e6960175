package posix

// machine matches one subject. It is scratch space that a Regexp reuses.
type machine struct {
	prog    *program
	subject string

	whole   bool // only matches that end at the end of the subject count
	notNull bool // matches without a byte do not count
	longest bool // the branches of opAlt must all be tried

	stack []frame
	// The groups on the path being tried: first[g] is where group g last began,
	// second[g] where it last ended, -1 if it never did. Group 0 is not kept here.
	first, second []int
	best          []int // bounds of all groups, 0 is the whole match
	bestEnd       int   // -1: no match yet

	// Rounds of repetitions that can match nothing, at the position of the last
	// round. countedAt is the position of the innermost such round: elsewhere what
	// follows depends on nothing but instruction and position.
	reps      []rounds
	countedAt int

	steps, limit int // work done, and when to switch to the table or give up

	// The table, by (row of the instruction, position): bit set of pairs that were
	// explored, and of those among them that led to a match. Pairs without a match
	// stay true for the subject; the others only for the current attempt.
	useMemo    bool
	seen, hits []uint64
	undo       []int
}

type rounds struct{ pos, n int }

// frame is what to do when the walk comes back.
type frame struct {
	kind frameKind
	pc   int32
	a, b int
}

type frameKind uint8

const (
	backNext   frameKind = iota // if nothing was found: go on at pc, position a
	backAlt                     // go on at pc, position a, whether found or not
	backJoin                    // found, or b says that the left branch found
	backFirst                   // restore first[pc]
	backSecond                  // restore second[pc]
	backRep                     // restore reps[pc]
	backAt                      // restore countedAt
	backLoop                    // give back one byte of the run a..b, go on at pc
	backMemo                    // enter the result for pair a
)

type outcome uint8

const (
	noMatch outcome = iota
	matched
	exhausted // the step limit was reached
)

// Steps a byte of the subject before the table is used, and steps after which
// even that is given up: only deeply nested repetitions of nothing get there.
const (
	walkSteps   = 16
	walkMinimum = 512
	hardLimit   = 1 << 28
)

func (m *machine) reset(re *Regexp, subject string, whole bool) {
	p := re.prog
	m.prog = p
	m.subject = subject
	m.whole = whole
	m.notNull = false
	m.longest = p.hasAlt && !whole
	if cap(m.first) < re.groups+1 {
		m.first = make([]int, re.groups+1)
		m.second = make([]int, re.groups+1)
		m.best = make([]int, 2*(re.groups+1))
		m.reps = make([]rounds, p.counted)
	}
	m.steps = 0
	m.limit = walkMinimum + walkSteps*len(subject)
	m.useMemo = false
	if re.eager {
		m.limit = -1
	}
}

// attempt looks for a match that begins at start.
func (m *machine) attempt(start int) (bool, error) {
	for {
		switch m.walk(start) {
		case matched:
			return true, nil
		case noMatch:
			return false, nil
		}
		if m.useMemo {
			return false, errComplex
		}
		words := (m.prog.memos*(len(m.subject)+1) + 63) / 64
		m.useMemo = true
		m.seen = zeroed(m.seen, words)
		if m.longest {
			m.hits = zeroed(m.hits, words)
		}
		m.steps, m.limit = 0, hardLimit+64*len(m.prog.insts)*len(m.subject)
	}
}

func zeroed(s []uint64, n int) []uint64 {
	if cap(s) < n {
		return make([]uint64, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// walk tries all paths from start in the order of preference.
func (m *machine) walk(start int) outcome {
	m.bestEnd = -1
	m.countedAt = -1
	m.stack = m.stack[:0]
	m.undo = m.undo[:0]
	for i := range m.second {
		m.second[i] = -1
	}
	for i := range m.reps {
		m.reps[i] = rounds{-1, 0}
	}
	pc, pos := m.prog.start, start
	for {
		found, done := m.forward(pc, pos, start)
		if m.steps > m.limit {
			return exhausted
		}
		if done {
			break
		}
		var more bool
		if pc, pos, more = m.back(found); !more {
			break
		}
	}
	if m.useMemo && m.longest {
		// What led to this match says nothing about attempts from elsewhere.
		for _, i := range m.undo {
			m.seen[i/64] &^= 1 << (i % 64)
			m.hits[i/64] &^= 1 << (i % 64)
		}
	}
	if m.bestEnd < 0 {
		return noMatch
	}
	m.best[0], m.best[1] = start, m.bestEnd
	return matched
}

// forward follows one path to its end. done means that no other path matters.
func (m *machine) forward(pc int32, pos, start int) (found, done bool) {
	p, s := m.prog, m.subject
	for {
		in := &p.insts[pc]
		switch in.op {
		case opSet:
			if pos == len(s) || !p.sets[in.arg].has(s[pos]) {
				return false, false
			}
			pos++
			pc = in.next
			continue
		case opOpen:
			m.push(frame{backFirst, in.arg, m.first[in.arg], 0})
			m.first[in.arg] = pos
			pc = in.next
			continue
		case opClose:
			m.push(frame{backSecond, in.arg, m.second[in.arg], 0})
			m.second[in.arg] = pos
			pc = in.next
			continue
		case opBegin:
			if pos != 0 {
				return false, false
			}
			pc = in.next
			continue
		case opEnd:
			if pos != len(s) {
				return false, false
			}
			pc = in.next
			continue
		case opAccept:
			return m.accept(pos, start)
		}

		m.steps++
		if m.steps > m.limit {
			return false, true
		}
		if m.useMemo && m.countedAt != pos && !(m.notNull && pos == start) {
			i := int(in.memo)*(len(s)+1) + pos
			if m.seen[i/64]>>(i%64)&1 != 0 {
				// A match found there before ends no later than this would.
				return m.longest && m.hits[i/64]>>(i%64)&1 != 0, false
			}
			m.push(frame{backMemo, 0, i, 0})
		}
		if in.op == opAlt {
			kind := backNext
			if m.longest {
				kind = backAlt
			}
			m.push(frame{kind, in.next, pos, 0})
			pc = in.alt
			continue
		}
		switch {
		case in.rep >= 0:
			m.push(frame{backNext, in.next, pos, 0})
			r := m.reps[in.rep]
			if r.pos == pos && r.n >= 2 {
				return false, false
			}
			m.push(frame{backRep, in.rep, r.pos, r.n})
			if r.pos != pos {
				r = rounds{pos, 0}
			}
			r.n++
			m.reps[in.rep] = r
			m.push(frame{backAt, 0, m.countedAt, 0})
			m.countedAt = pos
			pc = in.alt
		case in.loop >= 0 && !m.useMemo:
			end := pos
			for set := &p.sets[in.loop]; end < len(s) && set.has(s[end]); {
				end++
			}
			m.steps += (end - pos) / 8
			if end > pos {
				m.push(frame{backLoop, in.next, pos, end})
			}
			pos = end
			pc = in.next
		default:
			m.push(frame{backNext, in.next, pos, 0})
			pc = in.alt
		}
	}
}

func (m *machine) push(f frame) { m.stack = append(m.stack, f) }

// accept notes a match that ends at pos.
func (m *machine) accept(pos, start int) (found, done bool) {
	if m.whole && pos != len(m.subject) || m.notNull && pos == start {
		return false, false
	}
	if pos > m.bestEnd {
		m.bestEnd = pos
		for g := 1; g < len(m.second); g++ {
			m.best[2*g], m.best[2*g+1] = -1, -1
			if m.second[g] >= 0 {
				m.best[2*g], m.best[2*g+1] = m.first[g], m.second[g]
			}
		}
	}
	return true, !m.longest || pos == len(m.subject)
}

// back undoes the path down to the next choice, given whether what was last
// tried led to a match, and returns where to go on.
func (m *machine) back(found bool) (pc int32, pos int, more bool) {
	for len(m.stack) > 0 {
		f := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		switch f.kind {
		case backNext:
			if !found {
				return f.pc, f.a, true
			}
		case backAlt:
			b := 0
			if found {
				b = 1
			}
			m.push(frame{backJoin, 0, 0, b})
			return f.pc, f.a, true
		case backJoin:
			found = found || f.b != 0
		case backFirst:
			m.first[f.pc] = f.a
		case backSecond:
			m.second[f.pc] = f.a
		case backRep:
			m.reps[f.pc] = rounds{f.a, f.b}
		case backAt:
			m.countedAt = f.a
		case backLoop:
			if found {
				continue
			}
			// Positions where the next byte cannot match need no visit.
			end := f.b - 1
			if in := &m.prog.insts[f.pc]; in.op == opSet {
				for set := &m.prog.sets[in.arg]; end >= f.a && !set.has(m.subject[end]); {
					end--
				}
				m.steps += (f.b - end) / 8
				if end < f.a {
					continue
				}
			}
			m.steps++
			if end > f.a {
				m.push(frame{backLoop, f.pc, f.a, end})
			}
			return f.pc, end, true
		case backMemo:
			m.seen[f.a/64] |= 1 << (f.a % 64)
			if found {
				m.hits[f.a/64] |= 1 << (f.a % 64)
				m.undo = append(m.undo, f.a)
			}
		}
	}
	return 0, 0, false
}
