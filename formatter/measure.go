package formatter

// run is a sequence of elements laid out on one line.
type run struct {
	width    int32 // columns, without comments and without the spacing at the end
	tail     kind  // the spacing at the end, or nop
	hard     bool  // it has a line break, so that it cannot be on one line
	comments bool  // it has comments, which take columns but count for no limit
}

// add appends the element, or the whole group, at index i and returns the index
// after it.
func (r *run) add(d *doc, i int32) int32 {
	e := &d.elems[i]
	switch k := e.kind; {
	case k == text:
		r.flush()
		r.width += e.n
	case k.isSpacing():
		r.spacing(k)
	case k == open:
		// A spacing before a group does not merge with one at the group's start.
		r.flush()
		g := &d.groups[e.n]
		r.width += g.width
		r.tail = g.tail
		r.hard = r.hard || g.hard
		r.comments = r.comments || g.comments
		return g.closer + 1
	case k == comment, k == lineComment:
		r.flush()
		r.comments = true
	case k == optionalText:
		r.flush()
	case k == disable, k == verbatim, k == rawText:
		r.hard = true
	}
	return i + 1
}

func (r *run) spacing(k kind) {
	if r.tail != nop {
		k, _ = mergeSpacings(r.tail, 0, k, 0)
	}
	r.tail = k
	if k.isBreak() {
		r.hard = true
	}
}

func (r *run) flush() {
	r.width += r.tail.blank()
	r.tail = nop
}

// finish checks that the run is complete: a line break at its end is one too.
func (r *run) finish() { r.hard = r.hard || r.tail.isBreak() }

// firstLineWidth returns the number of columns that the elements from index i on
// take up to the first place where the line may be broken. It stops counting
// beyond limit.
func (l *layout) firstLineWidth(i, limit int32) int32 {
	width := int32(0)
	elems := l.elems
	for ; int(i) < len(elems) && width <= limit; i++ {
		e := &elems[i]
		switch k := e.kind; {
		case k == text, k == optionalText, k == rawText, k == disable, k == verbatim:
			width += e.n
		case k == hardSpace:
			if l.mergedAt(i) != hardSpace {
				return width
			}
			width++
			i = l.afterSpacing(i) - 1
		case k.isSpacing():
			return width
		}
	}
	return width
}

// mergedAt returns the spacing at index i merged with those that follow it
// immediately, apart from the ends of groups.
func (l *layout) mergedAt(i int32) kind {
	k := l.elems[i].kind
	for i++; int(i) < len(l.elems); i++ {
		next := l.elems[i].kind
		if next.isSpacing() {
			k, _ = mergeSpacings(k, 0, next, 0)
		} else if next != closer && next != nop {
			break
		}
	}
	return k
}

// afterSpacing returns the index after the spacing at i and those it merges
// with.
func (l *layout) afterSpacing(i int32) int32 {
	for i++; int(i) < len(l.elems); i++ {
		if k := l.elems[i].kind; !k.isSpacing() && k != closer && k != nop {
			break
		}
	}
	return i
}

// firstLineFits reports whether the elements from index i on, up to the first
// place where the line must be broken, fit in limit columns. Groups are broken
// only when they do not fit in the width of a whole line.
func (l *layout) firstLineFits(i, limit int32) bool {
	room := l.width
	for int(i) < len(l.elems) {
		if room < 0 {
			return false
		}
		e := &l.elems[i]
		switch k := e.kind; {
		case k == text:
			room -= e.n
		case k == verbatim:
			return l.width-room <= limit
		case k.isSpacing():
			if l.mergedAt(i) != hardSpace {
				return l.width-room <= limit
			}
			room--
			i = l.afterSpacing(i)
			continue
		case k == open:
			g := &l.groups[e.n]
			if g.hard {
				break
			}
			if w := g.width + g.tail.blank(); w <= room-l.firstLineWidth(g.closer+1, room-w) {
				room -= w
				if g.comments {
					room -= l.commentWidth(g.open+1, g.closer)
				}
				i = g.closer + 1
				continue
			}
		}
		i++
	}
	return room >= 0 && l.width-room <= limit
}

// commentWidth returns the columns that the comments among elements take.
func (l *layout) commentWidth(from, to int32) int32 {
	width := int32(0)
	for i := from; i < to; i++ {
		if k := l.elems[i].kind; k == comment || k == lineComment {
			width += l.elems[i].n
		}
	}
	return width
}

// firstText returns the index of the first text at or after i, or len(l.elems).
func (l *layout) firstText(i int32) int32 {
	for int(i) < len(l.elems) && !l.elems[i].kind.isText() {
		i++
	}
	return i
}

// levelAt returns the nesting level of the first text at or after i.
func (l *layout) levelAt(i int32) int32 {
	if i = l.firstText(i); int(i) < len(l.elems) {
		return l.elems[i].level
	}
	return 0
}
