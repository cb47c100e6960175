package formatter

import "unicode/utf8"

// kind tells what an element of a document is. The spacings are ordered by
// strength; see mergeSpacings.
type kind uint8

const (
	nop kind = iota // stands where an element was taken away

	// Spacings.
	softBreak // nothing, or a line break where what follows does not fit
	brk       // nothing, or a line break when its group is expanded
	hardSpace // a space
	softSpace // a space, or a line break where what follows does not fit
	space     // a space, or a line break when its group is expanded
	hardLine  // a line break
	emptyLine // two line breaks
	newlines  // elem.n line breaks, of which none may be dropped

	// Texts.
	text         // counts towards the width of a line
	comment      // does not
	lineComment  // the same, at the end of a line of code
	optionalText // exists only in expanded groups
	disable      // starts a region that is not formatted
	verbatim     // ends it, with its source
	rawText      // like text, but never indented

	// Groups.
	open   // elem.n is the index of the group
	closer // the same
)

func (k kind) isSpacing() bool { return softBreak <= k && k <= newlines }
func (k kind) isHard() bool    { return k == hardSpace || hardLine <= k && k <= newlines }
func (k kind) isSoft() bool    { return k.isSpacing() && !k.isHard() }
func (k kind) isBreak() bool   { return hardLine <= k && k <= newlines }
func (k kind) isText() bool    { return text <= k && k <= rawText }

// blank returns the number of columns a spacing takes in a compact group.
func (k kind) blank() int32 {
	if k == hardSpace || k == softSpace || k == space {
		return 1
	}
	return 0
}

// elem is one element of a document. It holds no pointers, so that documents
// cost the garbage collector nothing.
type elem struct {
	// pos and size say where a text stands: in the source, or, when pos is
	// negative, at ^pos in doc.aux.
	pos, size int32
	n         int32 // width of a text in columns, number of newlines, or index of a group
	level     int32 // nesting depth of a text
	offset    int32 // columns that a text is indented beyond its nesting
	kind      kind
	joined    bool // continues the text before it: keeps that one's level and offset
	lone      bool // a text that is a group by itself: nothing continues it
}

// class says how the layout treats a group.
type class uint8

const (
	// regular groups are laid out on one line if they fit, else expanded.
	regular class = iota
	// priority groups are the ones that their parent tries to expand alone, when
	// it does not fit on a line but its other elements do.
	priority
	// transparent groups pass the priority groups among their elements on to
	// their own parent.
	transparent
)

// group is what is known of the elements between an open and its closer.
type group struct {
	open, closer int32
	run          // the group on one line
	class        class
	hasPriority  bool // among its elements and those of its transparent groups
}

// doc is a document under construction: a sequence of texts and spacings,
// grouped by brackets. Elements are put into a normal form as they come:
//
//   - neighbouring spacings are merged into one;
//   - line breaks, spaces and comments at the start of a group move out before
//     it, and line breaks and spaces at its end after it: they are no business
//     of the group, and would force it to expand;
//   - a space before a group that starts with a spacing merges with that;
//   - a group that consists of one group of its own class dissolves.
type doc struct {
	src   string
	ascii bool // src is all ASCII: columns are bytes
	aux   []byte

	elems  []elem
	groups []group
	opened []int32 // groups not closed yet, by index
	moved  []elem  // scratch space of leave

	level, offset int32

	// flat and breaks count, over all elements added so far and before they were
	// normalised, the columns on one line and the line breaks.
	flat, breaks int32
}

// reset empties the document, for a source of so many tokens.
func (d *doc) reset(src string, tokens int) {
	const perToken, groupsPerToken = 1.5, 0.5 // rarely exceeded
	d.src = src
	if n := int(perToken * float64(tokens)); cap(d.elems) < n {
		d.elems = make([]elem, 0, n+n/2)
	}
	if n := int(groupsPerToken * float64(tokens)); cap(d.groups) < n {
		d.groups = make([]group, 0, n+n/2)
	}
	d.ascii = isASCII(src)
	d.aux = d.aux[:0]
	d.elems = d.elems[:0]
	d.groups = d.groups[:0]
	d.opened = d.opened[:0]
	d.level, d.offset, d.flat, d.breaks = 0, 0, 0, 0
}

func isASCII(s string) bool {
	for len(s) >= 8 {
		if (s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7])&0x80 != 0 {
			return false
		}
		s = s[8:]
	}
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// source adds the text src[start:end].
func (d *doc) source(k kind, start, end int32) {
	if start == end {
		return
	}
	width := end - start
	if !d.ascii {
		width = int32(utf8.RuneCountInString(d.src[start:end]))
	}
	d.add(k, start, end-start, width)
}

// string adds a text that is not in the source.
func (d *doc) string(k kind, s string) {
	if s == "" {
		return
	}
	d.add(k, ^int32(len(d.aux)), int32(len(s)), int32(utf8.RuneCountInString(s)))
	d.aux = append(d.aux, s...)
}

// lone adds the text src[start:end] as what a group with only that would be.
func (d *doc) lone(start, end int32) {
	width := end - start
	if !d.ascii {
		width = int32(utf8.RuneCountInString(d.src[start:end]))
	}
	d.flat += width
	d.elems = append(d.elems, elem{
		pos: start, size: end - start, n: width, level: d.level, offset: d.offset, kind: text, lone: true,
	})
}

func (d *doc) add(k kind, pos, size, width int32) {
	joined := false
	if n := len(d.elems); n > 0 {
		last := &d.elems[n-1]
		joined = last.kind == k && !last.lone
	}
	d.flat += width
	d.elems = append(d.elems, elem{
		pos: pos, size: size, n: width, level: d.level, offset: d.offset, kind: k, joined: joined,
	})
}

// space adds a spacing.
func (d *doc) space(k kind) {
	d.flat += k.blank()
	if k.isBreak() {
		d.breaks++
	}
	n := int32(0)
	if k == newlines {
		n = 1
	}
	d.spacing(k, n)
}

// spacing adds a spacing that is counted already.
func (d *doc) spacing(k kind, n int32) {
	if last := len(d.elems) - 1; last >= 0 && d.elems[last].kind.isSpacing() {
		e := &d.elems[last]
		e.kind, e.n = mergeSpacings(e.kind, e.n, k, n)
		return
	}
	d.elems = append(d.elems, elem{kind: k, n: n})
}

// mergeSpacings returns the spacing that stands for two neighbours: the stronger
// one, except that a pair may need both of what each of them allows.
func mergeSpacings(a kind, an int32, b kind, bn int32) (kind, int32) {
	if a > b {
		a, an, b, bn = b, bn, a, an
	}
	switch {
	case b == newlines:
		switch a {
		case newlines:
			return newlines, an + bn
		case emptyLine:
			return newlines, bn + 2
		case hardSpace:
			return newlines, bn
		}
		return newlines, bn + 1
	case a == brk && (b == softSpace || b == hardSpace):
		return space, 0
	case a == softBreak && b == hardSpace:
		return softSpace, 0
	}
	return b, bn
}

// enter starts a group.
func (d *doc) enter(c class) {
	g := int32(len(d.groups))
	at := int32(len(d.elems))
	if at > 0 && d.elems[at-1].kind == hardSpace {
		// The space goes inside, to merge with a spacing there.
		at--
		d.elems[at] = elem{kind: open, n: g}
		d.elems = append(d.elems, elem{kind: hardSpace})
	} else {
		d.elems = append(d.elems, elem{kind: open, n: g})
	}
	d.groups = append(d.groups, group{open: at, class: c})
	d.opened = append(d.opened, g)
}

// leave ends the group entered last.
func (d *doc) leave() {
	gi := d.opened[len(d.opened)-1]
	d.opened = d.opened[:len(d.opened)-1]
	g := &d.groups[gi]

	// Move comments and hard spacings at the start out.
	first := g.open + 1
	for int(first) < len(d.elems) {
		if k := d.elems[first].kind; !k.isHard() && k != comment && k != lineComment && k != verbatim {
			break
		}
		first++
	}
	if int(first) == len(d.elems) {
		d.dissolve(g)
		return
	}
	if first > g.open+1 {
		d.moved = append(d.moved[:0], d.elems[g.open+1:first]...)
		w := g.open
		for _, e := range d.moved {
			if w > 0 && e.kind.isSpacing() && d.elems[w-1].kind.isSpacing() {
				p := &d.elems[w-1]
				p.kind, p.n = mergeSpacings(p.kind, p.n, e.kind, e.n)
				continue
			}
			d.elems[w] = e
			w++
		}
		for ; w < first-1; w++ {
			d.elems[w] = elem{}
		}
		g.open = first - 1
		d.elems[g.open] = elem{kind: open, n: gi}
	}

	// Move hard spacings at the end out.
	last := len(d.elems) - 1
	if e := d.elems[last]; e.kind.isHard() {
		d.elems[last] = elem{kind: closer, n: gi}
		d.elems = append(d.elems, e)
	} else {
		last++
		d.elems = append(d.elems, elem{kind: closer, n: gi})
	}
	g.closer = int32(last)

	d.collapse(gi)
	d.measure(gi)
	if len(d.opened) > 0 && (g.class == priority || g.class == transparent && g.hasPriority) {
		d.groups[d.opened[len(d.opened)-1]].hasPriority = true
	}
}

// dissolve removes the brackets of a group, which is the last, that has only
// elements that do not belong into groups.
func (d *doc) dissolve(g *group) {
	rest := d.elems[g.open+1:]
	d.elems = d.elems[:g.open]
	for _, e := range rest {
		if e.kind.isSpacing() {
			d.spacing(e.kind, e.n)
		} else {
			d.elems = append(d.elems, e)
		}
	}
}

// collapse removes a group inside the group gi that is all there is in it, when
// both are of one class.
func (d *doc) collapse(gi int32) {
	g := &d.groups[gi]
	i := d.skipNops(g.open + 1)
	if d.elems[i].kind != open {
		return
	}
	inner := &d.groups[d.elems[i].n]
	if inner.class != g.class || d.skipNops(inner.closer+1) != g.closer {
		return
	}
	d.elems[inner.open], d.elems[inner.closer] = elem{}, elem{}
	g.hasPriority = inner.hasPriority
}

func (d *doc) skipNops(i int32) int32 {
	for d.elems[i].kind == nop {
		i++
	}
	return i
}

// measure computes the width of a closed group from those of its elements.
func (d *doc) measure(gi int32) {
	g := &d.groups[gi]
	var r run
	for i := g.open + 1; i < g.closer && !r.hard; {
		i = r.add(d, i)
	}
	r.finish()
	g.run = r
}

// flatten turns the elements from index start on, a whole number of groups,
// into a single line without groups. Texts lose levels of nesting.
func (d *doc) flatten(start int, levels int32) {
	flat := append(d.moved[:0], d.elems[start:]...)
	d.moved = flat
	d.elems = d.elems[:start]
	for _, e := range flat {
		switch {
		case e.kind.isText():
			e.level -= levels
			e.lone = false
			e.joined = len(d.elems) > 0 && d.elems[len(d.elems)-1].kind == e.kind
			d.elems = append(d.elems, e)
		case e.kind.blank() > 0:
			d.spacing(hardSpace, 0)
		}
	}
}
