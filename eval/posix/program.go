package posix

// inst is one instruction of the compiled graph.
type inst struct {
	op   op
	next int32
	alt  int32 // opRepeat: one more round; opAlt: the left branch
	arg  int32 // group number, or index of a set
	loop int32 // opRepeat over a single set: the index of that set, else -1
	rep  int32 // opRepeat whose body can match nothing: its counter, else -1
	memo int32 // row in the table of explored pairs, or -1
}

type op uint8

const (
	opSet    op = iota // one byte of a set
	opOpen             // a group begins
	opClose            // a group ends
	opBegin            // only at the begin of the subject
	opEnd              // only at its end
	opRepeat           // alt; if that leads to no match, next
	opAlt              // alt and next, whichever match is longer
	opAccept
)

// program is a compiled pattern.
type program struct {
	insts   []inst
	sets    []set
	start   int32
	counted int // number of repetitions that have a counter
	memos   int // number of rows in the table of explored pairs
	hasAlt  bool

	first    set  // bytes that a match can begin with
	nullable bool // whether there may be a match without any byte
	firstOne int  // the byte in first if it is the only one, else -1
}

func compile(root *node) *program {
	c := &compiler{program: &program{firstOne: -1}}
	accept := c.emit(inst{op: opAccept})
	c.start = c.node(root, accept)
	for i := range c.insts {
		in := &c.insts[i]
		in.memo = -1
		if in.op == opRepeat || in.op == opAlt {
			in.memo = int32(c.memos)
			c.memos++
		}
	}
	c.findFirst(c.start, make([]bool, len(c.insts)))
	if !c.nullable {
		n := 0
		for b := range 256 {
			if c.first.has(byte(b)) {
				c.firstOne = b
				n++
			}
		}
		if n != 1 {
			c.firstOne = -1
		}
	}
	return c.program
}

type compiler struct{ *program }

func (c *compiler) emit(in inst) int32 {
	if in.op != opRepeat {
		in.loop, in.rep = -1, -1
	}
	c.insts = append(c.insts, in)
	return int32(len(c.insts) - 1)
}

// node compiles n to go on at next, and returns where it starts.
func (c *compiler) node(n *node, next int32) int32 {
	switch n.kind {
	case nodeCat:
		for i := len(n.subs) - 1; i >= 0; i-- {
			next = c.node(n.subs[i], next)
		}
		return next
	case nodeAlt:
		// a|b|c is (a|b)|c, which tries the branches from left to right.
		c.hasAlt = true
		start := c.node(n.subs[0], next)
		for _, sub := range n.subs[1:] {
			start = c.emit(inst{op: opAlt, alt: start, next: c.node(sub, next)})
		}
		return start
	case nodeSet:
		return c.emit(inst{op: opSet, arg: c.set(n.set), next: next})
	case nodeGroup:
		end := c.emit(inst{op: opClose, arg: int32(n.group), next: next})
		return c.emit(inst{op: opOpen, arg: int32(n.group), next: c.node(n.subs[0], end)})
	case nodeBegin:
		return c.emit(inst{op: opBegin, next: next})
	case nodeEnd:
		return c.emit(inst{op: opEnd, next: next})
	}

	body := n.subs[0]
	if n.loop {
		return c.loop(body, next, true)
	}
	start := next
	if n.max < 0 {
		start = c.loop(body, next, false)
	} else {
		// x{0,3} is (x(x(x)?)?)?, and all the exits lead to next.
		for range n.max - n.min {
			r := c.repeat(body)
			c.insts[r].alt = c.node(body, start)
			c.insts[r].next = next
			start = r
		}
	}
	for range n.min {
		start = c.node(body, start)
	}
	return start
}

// loop compiles body*, or body+ if the body comes first.
func (c *compiler) loop(body *node, next int32, bodyFirst bool) int32 {
	r := c.repeat(body)
	start := c.node(body, r)
	c.insts[r].alt = start
	c.insts[r].next = next
	if body.kind == nodeSet {
		c.insts[r].loop = c.insts[start].arg
	}
	if bodyFirst {
		return start
	}
	return r
}

// repeat emits the choice of a repetition, without its targets.
func (c *compiler) repeat(body *node) int32 {
	r := c.emit(inst{op: opRepeat, loop: -1, rep: -1})
	if body.nullable() {
		c.insts[r].rep = int32(c.counted)
		c.counted++
	}
	return r
}

func (c *compiler) set(s *set) int32 {
	for i := range c.sets {
		if c.sets[i] == *s {
			return int32(i)
		}
	}
	c.sets = append(c.sets, *s)
	return int32(len(c.sets) - 1)
}

// nullable reports whether n can match without a byte.
func (n *node) nullable() bool {
	switch n.kind {
	case nodeCat:
		for _, sub := range n.subs {
			if !sub.nullable() {
				return false
			}
		}
		return true
	case nodeAlt:
		for _, sub := range n.subs {
			if sub.nullable() {
				return true
			}
		}
		return false
	case nodeSet:
		return false
	case nodeGroup:
		return n.subs[0].nullable()
	case nodeRepeat:
		return n.min == 0 || n.subs[0].nullable()
	}
	return true
}

// findFirst collects what a match from pc can begin with.
func (p *program) findFirst(pc int32, seen []bool) {
	for !seen[pc] {
		seen[pc] = true
		in := &p.insts[pc]
		switch in.op {
		case opSet:
			p.first.union(&p.sets[in.arg])
			return
		case opAccept:
			p.nullable = true
			return
		case opRepeat, opAlt:
			p.findFirst(in.alt, seen)
		}
		pc = in.next
	}
}
