package formatter

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"gonix.dev/gonix/parser/ast"
)

// triviaKind tells the kinds of trivia apart.
type triviaKind uint8

const (
	blankLine  triviaKind = iota // one or more empty lines
	oneLine                      // # text
	manyLines                    // /* text */ over several lines
	annotation                   // /* language */ before a string
	directive                    // /*nixfmt:disable*/ or /*nixfmt:enable*/
)

// trivium is a blank line or a comment.
type trivium struct {
	kind triviaKind
	// start and end delimit the comment in the source.
	start, end int32
	// text is what is to be printed for oneLine, "#" included, and annotation.
	text piece
	// region is what a directive does.
	region region
}

// piece is a text in the source, or, when pos is negative, at ^pos in doc.aux.
type piece struct{ pos, size int32 }

// notes is a sequence of trivia: trivia.all[from:to].
type notes struct{ from, to int32 }

func (n notes) empty() bool { return n.from == n.to }

// trivia says which comments and blank lines belong to which tokens. A token has
// notes before it, and at most one comment after it on its line. Both are found
// by the token's place: the notes by where it starts, the comment by where it
// ends. Most tokens have neither, which takes one look at a bit.
type trivia struct {
	d   *doc
	all []trivium

	hasLead, hasTrail bitmap
	leads             []lead  // by start
	trails            []trail // by end
	moreLeads         []lead  // added later, not sorted

	// unsettled is set when a comment moves to a place from where it may move again
	// when that is read.
	unsettled bool
}

type lead struct {
	start int32
	notes
}

type trail struct {
	end  int32
	text piece // size 0 when the comment was moved elsewhere
}

// bitmap is a set of offsets.
type bitmap []uint64

func (b bitmap) has(i int32) bool { return b[i>>6]&(1<<(i&63)) != 0 }
func (b bitmap) set(i int32)      { b[i>>6] |= 1 << (i & 63) }

func (b bitmap) reset(n int) bitmap {
	n = n>>6 + 1
	if cap(b) < n {
		return make(bitmap, n, n+n/2)
	}
	b = b[:n]
	clear(b)
	return b
}

// attach finds the trivia of a file.
func (t *trivia) attach(d *doc, f *ast.File, sp *regions) {
	t.d = d
	n := len(f.Src) + 1
	t.hasLead, t.hasTrail = t.hasLead.reset(n), t.hasTrail.reset(n)
	t.all, t.leads, t.trails, t.moreLeads = t.all[:0], t.leads[:0], t.trails[:0], t.moreLeads[:0]
	t.unsettled = false

	g := gap{trivia: t, src: f.Src, comments: f.Comments, regions: sp}
	end := int32(0)
	atStart := true // no token that could have a comment after it
	for i := range f.Tokens {
		tok := &f.Tokens[i]
		start := int32(tok.Start)
		// Most tokens follow immediately or after a blank.
		if start-end > 1 || start-end == 1 && f.Src[end] != ' ' || atStart && start > end {
			g.read(end, start, atStart)
		}
		end = int32(tok.End)
		atStart = tok.Kind == ast.DOLLAR_CURLY
	}
	if rest := int32(len(f.Src)); rest > end {
		g.read(end, rest, atStart)
	}
}

// gap reads what stands between two tokens.
type gap struct {
	*trivia
	src      string
	comments []ast.Comment // those not read yet
	regions  *regions
	items    []gapItem
}

// gapItem is a comment, or a number of line ends.
type gapItem struct {
	newlines   int32
	start, end int32
	line       bool  // a comment that ends with its line
	trailing   bool  // it may belong to the token before
	doc        bool  // /** */
	single     piece // the text of a comment on one line, when it has one
	lines      int   // lines with text
	annotation bool
	directive  directiveKind
}

func (g *gap) read(start, end int32, atStart bool) {
	if len(g.comments) == 0 || int32(g.comments[0].Start) >= end {
		if countNewlines(g.src[start:end]) > 1 {
			from := int32(len(g.all))
			g.all = append(g.all, trivium{kind: blankLine})
			g.lead(end, notes{from, from + 1})
		}
		return
	}
	g.split(start, end)
	trailing := 0
	if !atStart {
		trailing = g.trailing(end)
	}
	if trailing > 0 {
		g.trail(start, g.items[:trailing])
	}
	from := int32(len(g.all))
	for i := range g.items[trailing:] {
		g.note(&g.items[trailing+i])
	}
	if to := int32(len(g.all)); to > from {
		g.lead(end, notes{from, to})
	}
}

func countNewlines(s string) (n int32) {
	for {
		i := strings.IndexByte(s, '\n')
		if i < 0 {
			return n
		}
		n++
		s = s[i+1:]
	}
}

// split makes the items of the gap between two tokens.
func (g *gap) split(start, end int32) {
	g.items = g.items[:0]
	for at := start; at < end; {
		next := end
		if len(g.comments) > 0 {
			next = min(end, int32(g.comments[0].Start))
		}
		if n := countNewlines(g.src[at:next]); n > 0 {
			g.items = append(g.items, gapItem{newlines: n})
		}
		if next == end {
			return
		}
		c := g.comments[0]
		g.comments = g.comments[1:]
		g.items = append(g.items, g.comment(int32(c.Start), int32(c.End), end))
		at = int32(c.End)
	}
}

// comment looks at one comment; the gap ends at end.
func (g *gap) comment(start, stop, end int32) gapItem {
	it := gapItem{start: start, end: stop}
	s := g.src[start:stop]
	if s[0] == '#' {
		it.line, it.trailing = true, true
		return it
	}
	it.directive = g.directive(start, stop)
	var first piece
	it.doc = isDocComment(s)
	it.lines, first = g.commentLines(start, stop, nil)
	if it.lines <= 1 && !it.doc {
		it.trailing = true
		body := commentBody{src: g.src}
		it.single = body.trimmed(first.pos, first.pos+first.size)
		first = it.single
		if it.lines == 1 && g.isAnnotation(first, stop, end) {
			it.annotation, it.trailing = true, false
		}
	}
	if it.directive != noDirective {
		it.trailing = true
	}
	return it
}

// isAnnotation reports whether a comment with this text, which stops at stop,
// names the language of the string after it.
func (g *gap) isAnnotation(p piece, stop, end int32) bool {
	name := g.src[p.pos : p.pos+p.size]
	if name == "" || utf8.RuneCountInString(name) > 30 {
		return false
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("-+._", r) {
			return false
		}
	}
	rest := g.src[stop:]
	rest = strings.TrimLeftFunc(rest, isBlank)
	if s, ok := strings.CutPrefix(rest, "\r\n"); ok {
		rest = s
	} else {
		rest = strings.TrimPrefix(rest, "\n")
	}
	rest = strings.TrimLeftFunc(rest, isBlank)
	return strings.HasPrefix(rest, `"`) || strings.HasPrefix(rest, "''")
}

// trailing returns how many of the items belong to the token before them; the
// token after them is at next.
func (g *gap) trailing(next int32) int {
	n := 0
	for n < len(g.items) && g.items[n].newlines == 0 && g.items[n].trailing {
		n++
	}
	// A comment that is aligned with the comment or the token on the next line
	// belongs to that.
	if n == 1 && g.items[0].line && len(g.items) > 1 && g.items[1].newlines == 1 {
		below := next
		if len(g.items) > 2 {
			if !g.items[2].line {
				return n
			}
			below = g.items[2].start
		}
		if column(g.src, g.items[0].start) == column(g.src, below) {
			return 0
		}
	}
	return n
}

// trail gives the token that ends at end its comment.
func (g *gap) trail(end int32, items []gapItem) {
	var text piece
	if len(items) == 1 && items[0].line {
		it := &items[0]
		body := trimSpace(g.src[it.start+1 : it.end])
		if body == "" {
			return
		}
		text = g.hash(it.start+1+int32(strings.Index(g.src[it.start+1:it.end], body)), body, it.start)
	} else {
		var words []string
		for i := range items {
			it := &items[i]
			word := ""
			switch {
			case it.directive == disableFormat:
				word = "nixfmt:disable"
			case it.directive == enableFormat:
				word = "nixfmt:enable"
			case it.line:
				word = trimSpace(g.src[it.start+1 : it.end])
			case it.lines == 1:
				word = g.src[it.single.pos : it.single.pos+it.single.size]
			}
			if word != "" {
				words = append(words, word)
			}
		}
		if len(words) == 0 {
			return
		}
		text = g.keep("# " + strings.Join(words, " "))
	}
	g.trails = append(g.trails, trail{end, text})
	g.hasTrail.set(end)
}

// hash returns "# " and the body that stands at pos in the source, where the
// comment starts at start.
func (g *gap) hash(pos int32, body string, start int32) piece {
	if pos == start+2 && g.src[start+1] == ' ' {
		return piece{start, int32(len(body)) + 2}
	}
	return g.keep("# " + body)
}

// keep stores a text that is not in the source.
func (t *trivia) keep(s string) piece {
	p := piece{^int32(len(t.d.aux)), int32(len(s))}
	t.d.aux = append(t.d.aux, s...)
	return p
}

// note adds the trivia for an item.
func (g *gap) note(it *gapItem) {
	switch {
	case it.newlines == 1:
	case it.newlines > 1:
		g.all = append(g.all, trivium{kind: blankLine})
	case it.line:
		body := trimSpaceRight(g.src[it.start:it.end])
		g.all = append(g.all, trivium{
			kind: oneLine, start: it.start, end: it.end,
			text: piece{it.start, int32(len(body))},
		})
	case it.directive != noDirective:
		g.all = append(g.all, g.regions.resolve(g.trivia, it))
	case it.annotation:
		g.all = append(g.all, trivium{kind: annotation, start: it.start, end: it.end, text: it.single})
	case it.lines == 0:
	case it.lines == 1 && !it.doc:
		body := g.src[it.single.pos : it.single.pos+it.single.size]
		g.all = append(g.all, trivium{kind: oneLine, start: it.start, end: it.end, text: g.keep("# " + body)})
	default:
		g.all = append(g.all, trivium{kind: manyLines, start: it.start, end: it.end})
	}
}

func (g *gap) lead(start int32, n notes) {
	g.leads = append(g.leads, lead{start, n})
	g.hasLead.set(start)
}

// findLead returns the entry of the token that starts at start, or nil.
func (t *trivia) findLead(start ast.Pos) *lead {
	p := int32(start)
	if !t.hasLead.has(p) {
		return nil
	}
	i := sort.Search(len(t.leads), func(i int) bool { return t.leads[i].start >= p })
	if i < len(t.leads) && t.leads[i].start == p {
		return &t.leads[i]
	}
	for i := range t.moreLeads {
		if t.moreLeads[i].start == p {
			return &t.moreLeads[i]
		}
	}
	return nil
}

func (t *trivia) findTrail(end ast.Pos) *trail {
	p := int32(end)
	if !t.hasTrail.has(p) {
		return nil
	}
	i := sort.Search(len(t.trails), func(i int) bool { return t.trails[i].end >= p })
	if i < len(t.trails) && t.trails[i].end == p && t.trails[i].text.size > 0 {
		return &t.trails[i]
	}
	return nil
}

// hasNotes reports whether there are notes before the token at start.
func (t *trivia) hasNotes(start ast.Pos) bool {
	l := t.findLead(start)
	return l != nil && !l.empty()
}

// hasComment reports whether there is a comment after the token that ends at end.
func (t *trivia) hasComment(end ast.Pos) bool { return t.findTrail(end) != nil }

// bare reports whether a token has no trivia at all.
func (t *trivia) bare(start, end ast.Pos) bool { return !t.hasNotes(start) && !t.hasComment(end) }

// takeNotes returns the notes before the token at start and takes them away
// from it.
func (t *trivia) takeNotes(start ast.Pos) notes {
	l := t.findLead(start)
	if l == nil {
		return notes{}
	}
	n := l.notes
	l.notes = notes{}
	return n
}

// takeComment returns the comment after the token that ends at end and takes it
// away from it.
func (t *trivia) takeComment(end ast.Pos) piece {
	tr := t.findTrail(end)
	if tr == nil {
		return piece{}
	}
	p := tr.text
	tr.text = piece{}
	return p
}

// setNotes replaces the notes before the token at start.
func (t *trivia) setNotes(start ast.Pos, n notes) {
	if l := t.findLead(start); l != nil {
		l.notes = n
		return
	}
	t.moreLeads = append(t.moreLeads, lead{int32(start), n})
	t.hasLead.set(int32(start))
}

// join returns the notes a followed by the notes b.
func (t *trivia) join(a, b notes) notes {
	switch {
	case a.empty():
		return b
	case b.empty():
		return a
	}
	from := int32(len(t.all))
	t.all = append(t.all, t.all[a.from:a.to]...)
	t.all = append(t.all, t.all[b.from:b.to]...)
	return notes{from, int32(len(t.all))}
}

// stray passes on notes in an unusual place.
func (t *trivia) stray(n notes) notes {
	for i := n.from; i < n.to; i++ {
		t.unsettled = t.unsettled || t.all[i].kind != blankLine
	}
	return n
}

// asNote returns the note for a comment that stood after a token.
func (t *trivia) asNote(p piece) notes {
	if p.size == 0 {
		return notes{}
	}
	from := int32(len(t.all))
	t.all = append(t.all, trivium{kind: oneLine, text: p})
	return notes{from, from + 1}
}

// raise moves the comment after a token before it, behind its other notes.
func (t *trivia) raise(start, end ast.Pos) {
	if p := t.takeComment(end); p.size > 0 {
		t.unsettled = true
		t.setNotes(start, t.join(t.takeNotes(start), t.asNote(p)))
	}
}
