package parser

import (
	"slices"
	"sort"

	"gonix.dev/gonix/parser/ast"
)

// Parsing while somebody types.
//
// What a keystroke changes is one binding, and those around it. So the next version
// of a text is parsed like any other, from its start, except that the parser knows
// the tree of the version before. Wherever it is about to read a binding that stood
// at the same place of that tree, in text that did not change, it takes the binding
// over instead, and all that follow up to the next change or error. That goes for
// bindings of any depth: those of a set or let around the change, those beside it,
// and, when a brace was opened, those that have come to be inside of another.
//
// A binding may be taken over when it was read cleanly, without an error or anything
// that the parser does to recover from one. Then nothing around it has had a say
// in how it was read, and nothing behind its semicolon: at the same text the parser
// would make the same nodes. Bindings before the change are shared with the older
// tree. Those after it have moved, so they are copied; see shift.go.
//
// The names of the first version are cut from its text; what is read later has texts of
// its own, so that those of all versions need not be kept. But nodes are allocated many
// at a time, and shared ones keep alive what was allocated with them. Once that may be
// a part of maxOlder versions, all nodes are copied, once.

// Edit tells what distinguishes two versions of a text: the first has, from Start to
// OldEnd, what the second has replaced from Start to NewEnd.
type Edit struct{ Start, OldEnd, NewEnd ast.Pos }

// EditBetween compares two texts.
func EditBetween(older, newer string) Edit {
	start := commonPrefix(older, newer)
	same := commonSuffix(older[start:], newer[start:])
	return Edit{Start: ast.Pos(start), OldEnd: ast.Pos(len(older) - same), NewEnd: ast.Pos(len(newer) - same)}
}

// Moved returns by how much what comes after the edit has moved.
func (e Edit) Moved() ast.Pos { return e.NewEnd - e.OldEnd }

// Revision is a version of a text that is being edited, parsed.
type Revision struct {
	File *ast.File

	mode      Mode
	dirty     []ast.Pos // the starts of the bindings that are not clean, in order
	multiline []cut
	edited    ast.Pos // where the edit began that made it
	older     int     // of how many older versions nodes may be in memory in vain
}

// maxOlder bounds what a tree keeps in memory of older ones: each time less than what
// the parser allocates at once.
const maxOlder = 8

// NewRevision parses the first version of a text, like [ParseUntil].
func NewRevision(stop func() bool, name, src string, mode Mode) *Revision {
	p := &parser{stop: stop}
	r := p.revision(p.parse(name, src, mode, false), mode)
	r.edited = maxLength
	return r
}

// Next parses another version of the text. File is what [Parse] makes of it, but
// that it shares nodes with those before. It takes time for what has changed, and
// for what has moved with it. With [KeepTokens] it takes as long as Parse.
func (r *Revision) Next(stop func() bool, src string) *Revision {
	p := &parser{earlier: r.before(src), stop: stop}
	next := p.revision(p.parse(r.File.Name, src, r.mode, false), r.mode)
	next.edited = maxLength
	if e := p.earlier; e != nil {
		next.edited = e.edit.Start
		if e.shared >= 0 {
			next.older = r.older
		}
		if e.shared > r.edited { // with what was read after the edit before
			next.older++
		}
	}
	return next
}

// Dirty returns the starts of the bindings that were not read cleanly, in order. All
// others are what their text alone says.
func (r *Revision) Dirty() []ast.Pos { return r.dirty }

func (p *parser) revision(f *ast.File, mode Mode) *Revision {
	// A binding is added after those inside of it.
	sort.Slice(p.dirty, func(i, j int) bool { return p.dirty[i] < p.dirty[j] })
	return &Revision{File: f, mode: mode, dirty: p.dirty, multiline: p.multiline}
}

// earlier is what a parser knows of the version before.
type earlier struct {
	*Revision
	edit    Edit
	list    []ast.Binding // the bindings where the last ones were found
	path    []ast.Node    // the nodes of the older tree around the last place looked at
	copyAll bool          // share nothing
	shared  ast.Pos       // the end of what has been shared, -1 for nothing
	shifter shifter
}

// before compares the revision with the next version of its text. It returns nil
// when that cannot make use of it.
func (r *Revision) before(src string) *earlier {
	old := r.File.Src
	if r.mode&KeepTokens != 0 || len(src) > maxLength || len(old) > maxLength {
		return nil
	}
	return &earlier{Revision: r, edit: EditBetween(old, src), copyAll: r.older == maxOlder, shared: -1}
}

// own returns a text of the source, or, when it is one of many versions, a copy.
func (p *parser) own(text string) string {
	if p.earlier == nil {
		return text
	}
	return p.text.copy(text)
}

// again returns the same for another parser of the same version.
func (e *earlier) again() *earlier {
	if e == nil {
		return nil
	}
	return &earlier{Revision: e.Revision, edit: e.edit, copyAll: e.copyAll, shared: -1}
}

// compared is how many bytes are compared at once: that is much faster than one by
// one.
const compared = 1 << 10

// commonPrefix returns how many bytes two texts begin with in common.
func commonPrefix(a, b string) int {
	n, i := min(len(a), len(b)), 0
	for i+compared <= n && a[i:i+compared] == b[i:i+compared] {
		i += compared
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// commonSuffix returns how many bytes two texts end with in common.
func commonSuffix(a, b string) int {
	n, i := min(len(a), len(b)), 0
	for i+compared <= n && a[len(a)-i-compared:len(a)-i] == b[len(b)-i-compared:len(b)-i] {
		i += compared
	}
	for i < n && a[len(a)-i-1] == b[len(b)-i-1] {
		i++
	}
	return i
}

// takeOver appends the clean bindings that stood in the older tree at the place of
// the current token, up to the first that has changed or is not clean. It reports
// whether there were any.
func (p *parser) takeOver() bool {
	e := p.earlier
	at, limit, moved := ast.Pos(p.start), e.edit.Start, ast.Pos(0)
	if at >= e.edit.Start {
		if at < e.edit.NewEnd {
			return false
		}
		limit, moved = ast.Pos(len(e.File.Src)), e.edit.Moved()
		at -= moved
	}
	switch p.kind {
	case ast.IDENT, ast.OR_KW, ast.STR_OPEN, ast.DOLLAR_CURLY, ast.INHERIT:
	default:
		return false
	}
	if p.split != nil {
		return false
	}
	list := e.bindings(at)
	n := p.clean(list, limit, moved)
	if n == 0 {
		return false
	}
	p.bindings = slices.Grow(p.bindings, len(list)) // what comes after the change, too
	list = list[:n]
	end := list[n-1].Stop()
	if moved == 0 && !e.copyAll {
		e.shared = max(e.shared, end)
		p.bindings = append(p.bindings, list...)
	} else {
		e.shifter.by = moved
		for _, b := range list {
			p.bindings = append(p.bindings, e.shifter.binding(b))
		}
	}
	p.inherited(at, end, moved)
	p.end = int(end + moved)
	p.pos = p.end
	p.next()
	return true
}

// bindings returns the bindings of the older tree from the one on that starts at an
// offset, none when there is no such. It is asked for one place after the other, and
// goes on from where it has been.
func (e *earlier) bindings(at ast.Pos) []ast.Binding {
	if i, ok := bindingAt(e.list, at); ok {
		return e.list[i:]
	}
	for len(e.path) > 0 && !e.path[len(e.path)-1].Range().Contains(at) {
		e.path = e.path[:len(e.path)-1]
	}
	if len(e.path) == 0 {
		e.path = append(e.path, e.File.Root)
	}
	for {
		n := e.path[len(e.path)-1]
		var list []ast.Binding
		switch n := n.(type) {
		case *ast.AttrSet:
			list = n.Bindings
		case *ast.Let:
			list = n.Bindings
		}
		i, ok := bindingAt(list, at)
		if ok {
			e.list = list
			return list[i:]
		}
		var next ast.Node
		if i > 0 && list[i-1].Range().Contains(at) {
			next = list[i-1]
		} else {
			next = childAt(n, at)
		}
		if next == nil {
			return nil
		}
		e.path = append(e.path, next)
	}
}

// bindingAt returns the index of the binding that starts at an offset, or of the
// first that starts after it.
func bindingAt(list []ast.Binding, at ast.Pos) (int, bool) {
	i := sort.Search(len(list), func(i int) bool { return list[i].Pos() >= at })
	return i, i < len(list) && list[i].Pos() == at
}

// childAt returns the child of a node, other than a binding, that an offset is in.
func childAt(n ast.Node, at ast.Pos) ast.Node {
	switch n := n.(type) {
	case *ast.AttrSet:
		return nil
	case *ast.Let:
		if n.Body.Range().Contains(at) {
			return n.Body
		}
		return nil
	// Of these there may be thousands.
	case *ast.List:
		i := sort.Search(len(n.Elems), func(i int) bool { return n.Elems[i].Stop() > at })
		if i < len(n.Elems) && n.Elems[i].Range().Contains(at) {
			return n.Elems[i]
		}
		return nil
	case *ast.String:
		return exprAt(n.Parts, at)
	case *ast.IndString:
		return exprAt(n.Parts, at)
	}
	for c := range ast.Children(n) {
		if c.Range().Contains(at) {
			return c
		}
	}
	return nil
}

// exprAt returns the interpolation that an offset is in.
func exprAt(parts []ast.Part, at ast.Pos) ast.Node {
	i := sort.Search(len(parts), func(i int) bool { return parts[i].End > at })
	if i < len(parts) && parts[i].Expr != nil && parts[i].Expr.Range().Contains(at) {
		return parts[i].Expr
	}
	return nil
}

// clean returns how many bindings, of those that begin a list, end before a limit
// and may be taken over.
func (p *parser) clean(list []ast.Binding, limit, moved ast.Pos) int {
	if len(list) == 0 {
		return 0
	}
	dirty := p.earlier.dirty
	first := list[0].Pos()
	// The first dirty one from here on, if it is below this list, is in it.
	until := ast.Pos(maxLength)
	if i := sort.Search(len(dirty), func(i int) bool { return dirty[i] >= first }); i < len(dirty) {
		until = dirty[i]
	}
	forced := ast.Pos(-1) // a string that is to be closed by force
	if p.cut.end > 0 {
		forced = ast.Pos(p.cut.start) - moved
	}
	for i, b := range list {
		s := b.Range()
		tooDeep := p.depth+int(s.End-s.Start) >= maxDepth // it could be, here
		if s.End > limit || s.Start >= until || s.Contains(forced) || tooDeep {
			return i
		}
	}
	return len(list)
}

// inherited takes over what the parser noted down besides the tree.
func (p *parser) inherited(start, end, moved ast.Pos) {
	comments := p.earlier.File.Comments
	c := sort.Search(len(comments), func(i int) bool { return comments[i].Start >= start })
	if n := len(comments) - c; n > 0 && comments[c].Start < end {
		p.comments = slices.Grow(p.comments, n)
	}
	for ; c < len(comments) && comments[c].Start < end; c++ {
		again := comments[c]
		again.Start += moved
		again.End += moved
		p.comments = append(p.comments, again)
	}
	for _, w := range p.earlier.File.Warnings {
		if start <= w.Start && w.End <= end {
			again := *w
			again.Start += moved
			again.End += moved
			p.file.Warnings = append(p.file.Warnings, &again)
		}
	}
	all := p.earlier.multiline // in the order of their ends
	i := sort.Search(len(all), func(i int) bool { return all[i].end >= int(start) })
	for ; i < len(all) && all[i].end < int(end); i++ {
		p.multiline = append(p.multiline, cut{all[i].start + int(moved), all[i].end + int(moved)})
	}
}
