package formatter

// choose returns the priority group that is to be expanded so that the rest of
// the group g, which starts at column, stays on its lines, or -1.
func (l *layout) choose(g *group, column int32) int32 {
	mark := len(l.segments)
	l.collect(g)
	chosen := int32(-1)
	for len(l.segments) > mark {
		last := len(l.segments) - 1
		p := l.segments[last]
		l.segments = l.segments[:last]
		if chosen < 0 && l.endAlone(g, &l.groups[p], column) >= 0 {
			chosen = p
		}
	}
	return chosen
}

// collect puts the priority groups of g on the stack of segments.
func (l *layout) collect(g *group) {
	for i := g.open + 1; i < g.closer; i++ {
		if l.elems[i].kind != open {
			continue
		}
		sub := &l.groups[l.elems[i].n]
		switch {
		case sub.class == priority:
			l.segments = append(l.segments, l.elems[i].n)
		case sub.class == transparent && sub.hasPriority:
			l.collect(sub)
		}
		i = sub.closer
	}
}

// endAlone returns the column at which the group g ends when it starts at column
// and only its priority group p is expanded, or -1 if what is before and after p
// does not fit on the lines then.
func (l *layout) endAlone(g, p *group, column int32) int32 {
	pre := l.line(g.open+1, p.open, l.width)
	if pre.hard {
		return -1
	}
	if !pre.empty {
		width := pre.width + pre.tail.blank()
		if column == 0 {
			width -= l.dropped(g.open+1, p.open, true)
		}
		room := l.width - column - width
		if room < 0 || l.firstLineWidth(p.open+1, room) > room {
			return -1
		}
		column += width
		if pre.comments {
			column += l.commentWidth(g.open+1, p.open)
		}
	}
	post := l.line(p.closer+1, g.closer, l.width)
	if post.hard {
		return -1
	}
	mark := l.pin(p.closer+1, g.closer)
	column = l.endColumn(p.open+1, p.closer, column)
	l.unpin(mark)
	if post.empty {
		return column
	}
	width := post.width + post.tail.blank()
	if column == 0 {
		width -= l.dropped(p.closer+1, g.closer, true)
	}
	room := l.width - column - width
	if room < 0 || l.firstLineWidth(g.closer+1, room) > room {
		return -1
	}
	column += width
	if post.comments {
		column += l.commentWidth(p.closer+1, g.closer)
	}
	return column
}

// segment is a run of elements before or after a priority group.
type segment struct {
	run
	empty bool
}

// line measures elements, which may leave and enter groups, on one line. It
// stops when they take more than limit columns, and says hard then.
func (l *layout) line(from, to, limit int32) segment {
	s := segment{empty: true}
	for i := from; i < to; {
		e := &l.elems[i]
		if e.kind == nop || e.kind == closer {
			i++
			continue
		}
		if e.kind == open && l.groups[e.n].closer >= to {
			s.flush()
			i++
			continue
		}
		s.empty = false
		i = s.add(l.doc, i)
		if s.hard || s.width > limit {
			s.hard = true
			return s
		}
	}
	return s
}

// pin puts the spacings between elements, outside of the regular groups among
// them, on one line, until unpin is called with the result.
func (l *layout) pin(from, to int32) int {
	mark := len(l.pinned)
	inside := int32(0) // the end of the priority group around, if any
	for i := from; i < to; i++ {
		e := &l.elems[i]
		switch {
		case e.kind == open:
			g := &l.groups[e.n]
			switch {
			case g.class == regular || i < inside:
				i = g.closer
			case g.class == priority:
				inside = g.closer
			}
		case e.kind.isSoft():
			l.pinned = append(l.pinned, pin{i, e.kind})
			if e.kind.blank() > 0 {
				e.kind = hardSpace
			} else {
				e.kind = nop
			}
		}
	}
	return mark
}

func (l *layout) unpin(mark int) {
	for _, p := range l.pinned[mark:] {
		l.elems[p.index].kind = p.kind
	}
	l.pinned = l.pinned[:mark]
}

// trial identifies a group laid out from a column, for the memory of endGroup.
type trial struct {
	group  int32
	column int32
	pinned int32 // index of the first pinned spacing after it
}

// memoryDepth is the depth of trials from which on their results are
// remembered: trials within trials could take exponential time otherwise.
const memoryDepth = 8

// endColumn returns the column at which the elements from index from to to end
// when they are expanded, starting at column.
func (l *layout) endColumn(from, to, column int32) int32 {
	// Skip what is before the last certain line break.
	i := to - 1
scan:
	for ; i >= from; i-- {
		e := &l.elems[i]
		switch k := e.kind; {
		case k == closer:
			i = l.groups[e.n].open
		case k == brk || k == space || k.isBreak():
			column = 0
			break scan
		}
	}
	for i++; i < to; {
		e := &l.elems[i]
		switch k := e.kind; {
		case k == open:
			g := &l.groups[e.n]
			column = l.endGroup(e.n, column)
			i = g.closer + 1
			continue
		case k == verbatim || k == rawText:
			column = 1
		case k.isText():
			column += e.n
		case k.isSpacing() && column > 0:
			switch k {
			case hardSpace:
				column++
			case softBreak:
				if !l.firstLineFits(i+1, l.width-column) {
					column = 0
				}
			case softSpace:
				if l.firstLineFits(i+1, l.width-column-1) {
					column++
				} else {
					column = 0
				}
			}
		}
		i++
	}
	return column
}

// endGroup returns the column at which a group ends when it starts at column.
func (l *layout) endGroup(gi, column int32) int32 {
	g := &l.groups[gi]
	if l.fitsGroup(g, column) {
		width := g.width + g.tail.blank()
		if column == 0 {
			width -= l.dropped(g.open+1, g.closer, false)
		}
		if g.comments {
			width += l.commentWidth(g.open+1, g.closer)
		}
		return column + width
	}
	if l.counting {
		l.trialCount++
	}
	l.depth++
	defer func() { l.depth-- }()
	key := trial{group: gi, column: column, pinned: -1}
	if l.depth > memoryDepth {
		for _, p := range l.pinned {
			if p.index > g.closer && (key.pinned < 0 || p.index < key.pinned) {
				key.pinned = p.index
			}
		}
		if end, ok := l.trials[key]; ok {
			return end
		}
	}
	end := int32(-1)
	if g.class != transparent && g.hasPriority {
		mark := len(l.segments)
		l.collect(g)
		for len(l.segments) > mark {
			last := len(l.segments) - 1
			p := l.segments[last]
			l.segments = l.segments[:last]
			if end < 0 {
				end = l.endAlone(g, &l.groups[p], column)
			}
		}
	}
	if end < 0 {
		end = l.endColumn(g.open+1, g.closer, column)
	}
	if l.depth > memoryDepth {
		if l.trials == nil {
			l.trials = map[trial]int32{}
		}
		l.trials[key] = end
	}
	return end
}
