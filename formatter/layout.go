package formatter

import (
	"context"
	"strings"
	"unsafe"
)

// layout turns a document into text.
//
// Spacings at the top of what is being expanded become line breaks; a group in
// it is put on one line if it fits there, together with what must follow it on
// that line. If it does not, each of its priority groups, the last one first, is
// tried as the only one to be expanded; else the group is expanded too.
//
// Whether something fits depends on the column it starts at, not on what was
// written before, so the end of a group that is expanded for a trial is
// computed without writing anything ([layout.endColumn]), and text is written
// once. Only what comes after the last line break of the trial matters, which
// keeps trials cheap however deep they nest.
type layout struct {
	*doc
	width  int32 // columns of a line, not counting indentation
	indent int32 // columns of one level of indentation
	ctx    context.Context

	out    []byte
	column int32 // not counting indentation; 0 at the start of a line
	levels []level
	muted  bool // inside a region that is not formatted

	asides   []int32 // where in out the comments after code start
	segments []int32 // indexes of priority groups, a stack
	pinned   []pin
	trials   map[trial]int32
	depth    int

	// For tests: the number of trials.
	counting   bool
	trialCount int
}

// level is the indentation of texts of one nesting level. Levels that start
// together on one line share one step of indentation.
type level struct{ columns, nesting int32 }

// pin is a spacing that is on one line for the time being.
type pin struct {
	index int32
	kind  kind
}

// run lays out the whole document.
func (l *layout) run() {
	l.out = l.out[:0]
	l.column = 0
	l.levels = append(l.levels[:0], level{})
	l.muted = false
	l.asides, l.segments, l.pinned = l.asides[:0], l.segments[:0], l.pinned[:0]
	clear(l.trials)
	l.depth = 0
	l.expand(0, int32(len(l.elems)))
}

// expand writes the elements from index i to end, with spacings as line breaks.
func (l *layout) expand(i, end int32) {
	for i < end {
		e := &l.elems[i]
		switch k := e.kind; {
		case k == open:
			g := &l.groups[e.n]
			l.group(g)
			i = g.closer + 1
			continue
		case k == text && e.lone:
			l.lone(i, e)
		case k == text:
			l.text(e)
		case k.isText():
			l.otherText(i, e)
		case k.isSpacing() && l.column > 0:
			l.expandSpacing(i, e)
		}
		i++
	}
}

func (l *layout) expandSpacing(i int32, e *elem) {
	switch e.kind {
	case hardSpace:
		l.blank()
	case emptyLine:
		l.newlines(2)
	case newlines:
		l.newlines(e.n)
	case softBreak:
		if !l.firstLineFits(i+1, l.width-l.column) {
			l.newlines(1)
		}
	case softSpace:
		if l.firstLineFits(i+1, l.width-l.column-1) {
			l.blank()
		} else {
			l.newlines(1)
		}
	default:
		l.newlines(1)
	}
}

func (l *layout) blank() {
	if !l.muted {
		l.out = append(l.out, ' ')
	}
	l.column++
}

func (l *layout) newlines(n int32) {
	l.column = 0
	if l.muted {
		return
	}
	for ; n > 0; n-- {
		l.out = append(l.out, '\n')
	}
}

// nest makes the level of a text the current one.
func (l *layout) nest(nesting int32) {
	top := &l.levels[len(l.levels)-1]
	for top.nesting > nesting {
		l.levels = l.levels[:len(l.levels)-1]
		top = &l.levels[len(l.levels)-1]
	}
	if top.nesting < nesting {
		columns := top.columns
		if l.column == 0 {
			columns += l.indent
		}
		l.levels = append(l.levels, level{columns, nesting})
	}
}

// startLine writes the indentation of a line.
func (l *layout) startLine(offset int32) {
	if l.muted {
		return
	}
	const blanks = "                                                                "
	n := int(l.levels[len(l.levels)-1].columns + offset)
	for n > len(blanks) {
		l.out = append(l.out, blanks...)
		n -= len(blanks)
	}
	l.out = append(l.out, blanks[:max(n, 0)]...)
}

// text writes a text of an expanded group.
func (l *layout) text(e *elem) {
	if !e.joined {
		l.nest(e.level)
		if l.column == 0 {
			l.startLine(e.offset)
		}
	}
	l.write(e)
}

// lone writes a text that is a group by itself, like group.
func (l *layout) lone(i int32, e *elem) {
	if l.column > 0 {
		if room := l.width - l.column - e.n; room >= 0 && l.firstLineWidth(i+1, room) <= room {
			l.write(e)
			return
		}
	}
	l.text(e)
}

func (l *layout) write(e *elem) {
	l.column += e.n
	if l.muted {
		return
	}
	if e.pos >= 0 {
		l.out = append(l.out, l.src[e.pos:e.pos+e.size]...)
	} else {
		l.out = append(l.out, l.aux[^e.pos:^e.pos+e.size]...)
	}
}

// aside writes the comment at the end of a line of code.
func (l *layout) aside(e *elem) {
	if l.column == 0 {
		l.startLine(e.offset)
	}
	if !l.muted {
		l.asides = append(l.asides, int32(len(l.out)))
	}
	l.write(e)
}

// misplaced reports whether a comment after code is aligned with what is on the
// line below it: when the text is read again, it belongs to that.
func (l *layout) misplaced() bool {
	out := unsafe.String(unsafe.SliceData(l.out), len(l.out))
	for _, at := range l.asides {
		n := strings.IndexByte(out[at:], '\n')
		if n < 0 {
			continue
		}
		next := at + int32(n) + 1
		for int(next) < len(out) && (out[next] == ' ' || out[next] == '\t') {
			next++
		}
		if int(next) < len(out) && column(out, next) == column(out, at) {
			return true
		}
	}
	return false
}

// otherText writes what is not simply text in an expanded group.
func (l *layout) otherText(i int32, e *elem) {
	switch e.kind {
	case lineComment:
		// A comment right after an opening bracket would, aligned with the first
		// item on the next line, become a comment of that item the next time.
		if l.column == 2 && l.levelAt(i+1) > l.levels[len(l.levels)-1].nesting {
			l.blank()
		} else if !e.joined {
			l.nest(e.level)
		}
		l.aside(e)
	case disable:
		l.muted = true
	case verbatim:
		l.verbatim(e)
	case rawText:
		if !e.joined {
			l.nest(e.level)
		}
		l.write(e)
		l.column = max(l.column, 1)
	default:
		l.text(e)
	}
}

// group writes a group, in the best way it can be.
func (l *layout) group(g *group) {
	if g.open&0xff == 0 && l.ctx != nil && l.ctx.Err() != nil {
		return
	}
	if l.fitsGroup(g, l.column) {
		l.compact(g.open+1, g.closer, false)
		return
	}
	if g.class != transparent && g.hasPriority {
		if p := l.choose(g, l.column); p >= 0 {
			prio := &l.groups[p]
			l.compact(g.open+1, prio.open, true)
			mark := l.pin(prio.closer+1, g.closer)
			l.expand(prio.open+1, prio.closer)
			l.unpin(mark)
			l.compact(prio.closer+1, g.closer, true)
			return
		}
	}
	l.expand(g.open+1, g.closer)
}

// fitsGroup reports whether a group fits on the line when it starts at column.
func (l *layout) fitsGroup(g *group, column int32) bool {
	if g.hard {
		return false
	}
	width := g.width + g.tail.blank()
	if column == 0 {
		width -= l.dropped(g.open+1, g.closer, false)
	}
	room := l.width - column - width
	return room >= 0 && l.firstLineWidth(g.closer+1, room) <= room
}

// dropped returns the columns of the spacing at the start of elements, which
// disappears at the start of a line.
func (l *layout) dropped(from, to int32, spliced bool) int32 {
	if i := l.leading(from, to, spliced); i >= 0 {
		return l.elems[i].kind.blank()
	}
	return 0
}

// leading returns the index of the spacing that starts the elements, or starts
// the group that does, or -1. Spliced elements are without the brackets of
// groups that are not regular.
func (l *layout) leading(from, to int32, spliced bool) int32 {
	inside := false
	for i := from; i < to; i++ {
		e := &l.elems[i]
		switch {
		case e.kind == nop:
		case e.kind.isSpacing():
			return i
		case e.kind == closer && spliced:
		case e.kind == open:
			if spliced && l.groups[e.n].class != regular {
				continue
			}
			if inside {
				return -1
			}
			inside = true
		default:
			return -1
		}
	}
	return -1
}

// compact writes elements on one line.
func (l *layout) compact(from, to int32, spliced bool) {
	start := l.column
	skip := int32(-1)
	before := l.levels[len(l.levels)-1].nesting // for a comment at the end
	if start == 0 {
		skip = l.leading(from, to, spliced)
		first := l.firstText(from)
		if first >= to {
			return
		}
		e := &l.elems[first]
		if e.level > before {
			before += l.indent
		}
		l.nest(e.level)
		l.startLine(e.offset)
	}
	comments := int32(0) // columns of comments so far
	tail := nop
	for i := from; i < to; i++ {
		e := &l.elems[i]
		switch k := e.kind; {
		case k == text:
			if tail.blank() > 0 {
				l.blank()
			}
			tail = nop
			l.write(e)
		case k == closer, k == nop, i == skip:
		case k == open, k == optionalText:
			if tail.blank() > 0 {
				l.blank()
			}
			tail = nop
		case k.isSpacing():
			if tail != nop {
				k, _ = mergeSpacings(tail, 0, k, 0)
			}
			tail = k
		case k == comment:
			if tail.blank() > 0 {
				l.blank()
			}
			tail = nop
			l.write(e)
			comments += e.n
		case k == lineComment:
			if tail.blank() > 0 {
				l.blank()
			}
			tail = nop
			// As in otherText.
			next := int32(0)
			if l.levelAt(to) > before {
				next = l.indent
			}
			if next-(l.column-comments) == 0 {
				l.blank()
				comments++
			}
			l.aside(e)
			comments += e.n
		}
	}
	if tail.blank() > 0 {
		l.blank()
	}
}
