package posix

import (
	"math"
	"strings"
)

// maxStates is the number of automaton states at which the C++ library gives up.
// Patterns such as `(.{1,1000}){1,1000}` must fail here as they do there.
const maxStates = 100000

// node is a parsed expression.
type node struct {
	kind     nodeKind
	subs     []*node // cat, alt; the one body of group and repeat
	set      *set    // byteSet
	group    int     // group: its number, from 1
	min, max int     // repeat: number of rounds; max is -1 for no limit
	loop     bool    // repeat: written `+`, whose body comes before the choice
	states   int     // states that the C++ library's automaton has for it
}

type nodeKind uint8

const (
	nodeCat nodeKind = iota
	nodeAlt
	nodeSet
	nodeGroup
	nodeRepeat
	nodeBegin // ^
	nodeEnd   // $
)

// syntaxError is raised inside the parser and recovered by parse.
type syntaxError struct{ err *Error }

type parser struct {
	src    string
	pos    int
	groups int
	states int
}

// parse parses a pattern.
func parse(src string) (root *node, groups int, err *Error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			root, err = nil, e.err
		}
	}()
	p := &parser{src: src}
	p.add(1)
	root = p.alternatives()
	if p.pos < len(src) {
		p.fail("unmatched `)' or a repetition of nothing")
	}
	p.add(2)
	return root, p.groups, nil
}

func (p *parser) fail(reason string) {
	panic(syntaxError{&Error{Pattern: p.src, Kind: Invalid, Reason: reason}})
}

// add accounts for n more states of the automaton.
func (p *parser) add(n int) int {
	p.states += n
	if p.states > maxStates {
		panic(syntaxError{&Error{Pattern: p.src, Kind: TooLarge, Reason: "more than 100000 states"}})
	}
	return n
}

// peek returns the next byte, or -1 at the end.
func (p *parser) peek() int {
	if p.pos == len(p.src) {
		return -1
	}
	return int(p.src[p.pos])
}

func (p *parser) accept(c byte) bool {
	if p.peek() == int(c) {
		p.pos++
		return true
	}
	return false
}

// alternatives parses branches separated by `|`.
func (p *parser) alternatives() *node {
	n := p.branch()
	for p.accept('|') {
		right := p.branch()
		states := n.states + right.states + p.add(2)
		if n.kind == nodeAlt {
			n.subs = append(n.subs, right)
		} else {
			n = &node{kind: nodeAlt, subs: []*node{n, right}}
		}
		n.states = states
	}
	return n
}

// branch parses a possibly empty sequence of repeated atoms and assertions.
func (p *parser) branch() *node {
	n := &node{kind: nodeCat}
	for {
		var term *node
		switch p.peek() {
		case '^':
			p.pos++
			term = &node{kind: nodeBegin, states: p.add(1)}
		case '$':
			p.pos++
			term = &node{kind: nodeEnd, states: p.add(1)}
		case -1, '|', ')', '*', '+', '?', '{':
			n.states += p.add(1)
			return n
		default:
			term = p.repeated()
		}
		n.subs = append(n.subs, term)
		n.states += term.states
	}
}

// repeated parses an atom and the repetitions after it; there may be several.
func (p *parser) repeated() *node {
	n := p.atom()
	for {
		switch p.peek() {
		case '*':
			p.pos++
			n = &node{kind: nodeRepeat, subs: []*node{n}, max: -1, states: n.states + p.add(1)}
		case '+':
			p.pos++
			n = &node{kind: nodeRepeat, subs: []*node{n}, min: 1, max: -1, loop: true, states: n.states + p.add(1)}
		case '?':
			p.pos++
			n = &node{kind: nodeRepeat, subs: []*node{n}, max: 1, states: n.states + p.add(2)}
		case '{':
			p.pos++
			n = p.interval(n)
		default:
			return n
		}
	}
}

// interval parses the rest of `{m}`, `{m,}` or `{m,n}`.
func (p *parser) interval(body *node) *node {
	p.add(1)
	min := p.number()
	extra, limited := 0, true
	if p.accept(',') {
		if c := p.peek(); c >= '0' && c <= '9' {
			extra = p.number() - min
		} else {
			limited = false
		}
	}
	if !p.accept('}') {
		p.fail("malformed repetition count")
	}
	n := &node{kind: nodeRepeat, subs: []*node{body}, min: min, max: min + extra, states: 1}
	// Copies are counted one by one: a count may be so large that a product
	// would overflow.
	for range min {
		n.states += p.add(body.states)
	}
	if !limited {
		n.max = -1
		n.states += p.add(body.states + 1)
		return n
	}
	if extra < 0 {
		p.fail("repetition counts out of order")
	}
	for range extra {
		n.states += p.add(body.states + 1)
	}
	n.states += p.add(1)
	return n
}

func (p *parser) number() int {
	start := p.pos
	n := 0
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		n = min(n*10+c-'0', math.MaxInt32) // far beyond maxStates
		p.pos++
	}
	if p.pos == start {
		p.fail("repetition without a count")
	}
	return n
}

func (p *parser) atom() *node {
	c := p.src[p.pos]
	p.pos++
	switch c {
	case '.':
		return &node{kind: nodeSet, set: anyByte, states: p.add(1)}
	case '[':
		s := p.bracket()
		return &node{kind: nodeSet, set: s, states: p.add(1)}
	case '(':
		p.groups++
		n := &node{kind: nodeGroup, group: p.groups}
		p.add(1)
		body := p.alternatives()
		if !p.accept(')') {
			p.fail("unmatched `('")
		}
		p.add(1)
		n.subs = []*node{body}
		n.states = body.states + 2
		return n
	case '\\':
		if p.pos == len(p.src) {
			p.fail("`\\' at the end")
		}
		c = p.src[p.pos]
		p.pos++
		if strings.IndexByte(".[\\()*+?{|^$", c) < 0 {
			p.fail("`\\' before an ordinary character")
		}
	case 0:
		p.fail("NUL in a pattern")
	}
	s := new(set)
	s.add(c)
	return &node{kind: nodeSet, set: s, states: p.add(1)}
}
