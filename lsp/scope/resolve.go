package scope

import (
	"slices"

	"gonix.dev/gonix/parser/ast"
)

// Resolve resolves all names of a file.
func Resolve(f *ast.File) *Info { return ResolveUntil(nil, f) }

// ResolveUntil is like Resolve, and asks now and then whether to stop. Once it has to,
// it returns soon and knows nothing of the rest of the file.
func ResolveUntil(stop func() bool, f *ast.File) *Info {
	const bytesPerUse = 50 // or more, in most files
	r := &resolver{stop: stop, info: &Info{Globals: globals(), Uses: make([]*Use, 0, len(f.Src)/bytesPerUse+8)}}
	i := r.file(f)
	for _, step := range []func(){i.giveUses, i.markLive} {
		if r.stopped = r.stopped || stop != nil && stop(); r.stopped {
			break
		}
		step()
	}
	return i
}

// ResolveIn resolves the names that touch a part of a file, and knows the scopes around
// it. That takes a fraction of the time. Nothing is known of other parts: nor, therefore,
// who uses a definition.
func ResolveIn(f *ast.File, part ast.Span) *Info {
	r := &resolver{info: &Info{Globals: globals()}, limited: true, part: part}
	return r.file(f)
}

func (r *resolver) file(f *ast.File) *Info {
	i := r.info
	r.scope = i.Globals
	r.expr(f.Root)
	if r.stopped {
		return i
	}
	i.passUses()
	inOrder(i.Uses, func(u *Use) ast.Pos { return u.Start })
	inOrder(i.Defs, func(d *Def) ast.Pos { return d.Span().Start })
	inOrder(i.Scopes, func(s *Scope) ast.Pos { return s.Start })
	i.names = make([]placedName, 0, len(i.Defs))
	for _, d := range i.Defs {
		for _, n := range d.Names {
			i.names = append(i.names, placedName{n, d})
		}
	}
	inOrder(i.names, func(n placedName) ast.Pos { return n.Start })
	return i
}

// passUses makes the withs around a with count what that may have provided. Scopes are
// still as they were entered, the outer before the inner.
func (i *Info) passUses() {
	for _, s := range slices.Backward(i.Scopes) {
		if !s.IsWith() || s.Used == 0 {
			continue
		}
		for w := s.Parent; w != nil; w = w.Parent {
			if w.IsWith() {
				w.Used += s.Used
				break
			}
		}
	}
}

// inOrder sorts a list by place. Nearly always it is sorted already.
func inOrder[T any](list []T, at func(T) ast.Pos) {
	byPlace := func(a, b T) int { return int(at(a) - at(b)) }
	if !slices.IsSortedFunc(list, byPlace) {
		slices.SortStableFunc(list, byPlace)
	}
}

// giveUses tells the definitions who uses them.
func (i *Info) giveUses() {
	n := 0
	for _, u := range i.Uses {
		if u.Def != nil {
			u.Def.count++
			n++
		}
	}
	room := make([]*Use, n)
	for _, u := range i.Uses {
		d := u.Def
		if d == nil {
			continue
		}
		if d.Uses == nil {
			d.Uses, room = room[:0:d.count], room[d.count:]
		}
		d.Uses = append(d.Uses, u)
	}
}

// markLive finds the definitions that something uses: start from the uses that
// are part of no let binding, and follow the bindings they keep alive.
func (i *Info) markLive() {
	var work []*Def
	mark := func(u *Use) {
		if u.Def != nil && !u.Def.live {
			u.Def.live = true
			work = append(work, u.Def)
		}
	}
	for _, d := range i.Defs {
		if d.pinned {
			d.live = true
			work = append(work, d)
		}
	}
	var owned map[*Def][]*Use
	for _, u := range i.Uses {
		if u.Owner == nil {
			mark(u)
			continue
		}
		if owned == nil {
			owned = map[*Def][]*Use{}
		}
		owned[u.Owner] = append(owned[u.Owner], u)
	}
	for len(work) > 0 {
		d := work[len(work)-1]
		work = work[:len(work)-1]
		for _, u := range owned[d] {
			mark(u)
		}
	}
}

// stopAfter is how many expressions are looked at before the resolver asks again
// whether to stop.
const stopAfter = 1 << 12

type resolver struct {
	info  *Info
	scope *Scope
	owner *Def
	// Only what touches part is looked at, if limited is set.
	limited bool
	part    ast.Span
	// What is made in numbers comes from larger pieces of memory.
	uses   []Use
	defs   []Def
	places []ast.Span
	// found remembers what names mean, by a hash: most are said again and again.
	found   [256]finding
	stop    func() bool // nil if nobody will say so
	steps   int         // since it was asked last
	stopped bool
	// extra are the bindings that merge into a rec set, see merged.
	extra map[*ast.AttrSet][]*ast.Attr
}

// passes reports whether there is no need to look at an expression.
func (r *resolver) passes(e ast.Expr) bool {
	if !r.limited || e.Pos() <= r.part.End && r.part.Start <= e.Stop() {
		return false
	}
	set, ok := e.(*ast.AttrSet)
	return !ok || len(r.extra[set]) == 0 // some of which may be there
}

// finding is what a name means in a scope.
type finding struct {
	name  string
	scope *Scope
	def   *Def
	with  *Scope
}

// find is like [Scope.Find], for scopes that are complete.
func (r *resolver) find(at *Scope, name string) (*Def, *Scope) {
	n := len(name)
	if n == 0 {
		return at.Find(name)
	}
	f := &r.found[uint8(int(name[0])+5*int(name[n/2])+17*int(name[n-1])+31*n)]
	if f.scope != at || f.name != name {
		f.name, f.scope = name, at
		f.def, f.with = at.Find(name)
	}
	return f.def, f.with
}

// merged finds bindings that are parts of a rec set which another binding begins:
// in { a = rec { b = 1; }; a.c = b; } the last b is the first. What the evaluator
// makes of a set is decided by its first definition. taken are the bindings that
// are resolved with such a set, rather than by themselves.
func (r *resolver) merged(bindings []ast.Binding) (taken map[*ast.Attr]bool) {
	for i, b := range bindings {
		a, ok := b.(*ast.Attr)
		if !ok {
			continue
		}
		set, ok := a.Value.(*ast.AttrSet)
		if !ok || !set.Rec || len(a.Path) != 1 || a.Path[0].Dynamic() || taken[a] {
			continue
		}
		for j, other := range bindings {
			o, ok := other.(*ast.Attr)
			if !ok || o == a || len(o.Path) == 0 || o.Path[0].Dynamic() || o.Path[0].Name != a.Path[0].Name {
				continue
			}
			_, whole := o.Value.(*ast.AttrSet)
			if j < i {
				break // it decides
			}
			if len(o.Path) == 1 && !whole || len(o.Path) > 1 && o.Path[1].Dynamic() {
				continue
			}
			if taken == nil {
				taken = map[*ast.Attr]bool{}
			}
			if r.extra == nil {
				r.extra = map[*ast.AttrSet][]*ast.Attr{}
			}
			taken[o] = true
			r.extra[set] = append(r.extra[set], o)
		}
	}
	return taken
}

func (r *resolver) use(name string, span ast.Span, at *Scope, inherit bool) *Use {
	if len(r.uses) == cap(r.uses) {
		r.uses = make([]Use, 0, min(max(2*cap(r.uses), 16), 512))
	}
	r.uses = append(r.uses, Use{Span: span, Name: name, Inherit: inherit, Scope: at, Owner: r.owner})
	u := &r.uses[len(r.uses)-1]
	u.Def, u.With = r.find(at, name)
	if u.With != nil {
		u.With.Used++ // as are those around it; see passUses
	}
	r.info.Uses = append(r.info.Uses, u)
	return u
}

// enter makes a new scope the current one and returns the one that was.
func (r *resolver) enter(s *Scope) (outer *Scope) {
	r.info.Scopes = append(r.info.Scopes, s)
	outer, r.scope = r.scope, s
	return outer
}

// define adds a definition that is spelt at one place to a scope.
func (r *resolver) define(s *Scope, d Def, at ast.Span) *Def {
	if old := s.Lookup(d.Name); old != nil {
		old.Names = append(old.Names, at)
		old.Value = nil
		return old
	}
	if len(r.places) == cap(r.places) {
		n := min(max(2*cap(r.places), 16), 256)
		r.places, r.defs = make([]ast.Span, 0, n), make([]Def, 0, n)
	}
	n := len(r.places)
	r.places = append(r.places, at)
	d.Names = r.places[n : n+1 : n+1]
	r.defs = append(r.defs, d)
	def := &r.defs[n]
	s.add(def)
	r.info.Defs = append(r.info.Defs, def)
	return def
}

func (r *resolver) expr(e ast.Expr) {
	if e == nil || r.stopped || r.passes(e) {
		return
	}
	if r.steps++; r.steps == stopAfter && r.stop != nil {
		r.steps, r.stopped = 0, r.stop()
	}
	switch e := e.(type) {
	case *ast.Ident:
		if e.Name != "__curPos" && e.Name != "" {
			r.use(e.Name, e.Span, r.scope, false)
		}
	case *ast.Let:
		r.recursive(&Scope{Span: e.Span, Parent: r.scope, Node: e}, Let, e.Bindings, e.Body)
	case *ast.AttrSet:
		switch {
		case e.Legacy:
			r.recursive(&Scope{Span: e.Span, Parent: r.scope, Node: e}, Let, e.Bindings, nil)
		case e.Rec:
			r.recursive(&Scope{Span: e.Span, Parent: r.scope, Node: e}, Rec, e.Bindings, nil)
		default:
			r.plain(e.Bindings)
		}
	case *ast.Lambda:
		r.lambda(e)
	case *ast.With:
		r.expr(e.Scope)
		start := max(e.Semi, e.Start)
		outer := r.enter(&Scope{Span: ast.Span{Start: start, End: e.End}, Parent: r.scope, Node: e})
		r.expr(e.Body)
		r.scope = outer
	// The bulk of large files, faster than through Children.
	case *ast.Apply:
		r.expr(e.Fn)
		r.expr(e.Arg)
	case *ast.Select:
		r.expr(e.X)
		for _, n := range e.Path {
			r.expr(n.Expr)
		}
		r.expr(e.Default)
	case *ast.String:
		r.parts(e.Parts)
	case *ast.IndString:
		r.parts(e.Parts)
	case *ast.Path:
		r.parts(e.Parts)
	case *ast.List:
		for _, x := range e.Elems {
			r.expr(x)
		}
	case *ast.Int, *ast.Float, *ast.URI, *ast.SearchPath, *ast.Bad:
	default:
		for c := range ast.Children(e) {
			r.node(c)
		}
	}
}

func (r *resolver) parts(list []ast.Part) {
	for i := range list {
		r.expr(list[i].Expr)
	}
}

// node resolves what is below an expression that opens no scope.
func (r *resolver) node(n ast.Node) {
	switch n := n.(type) {
	case ast.Expr:
		r.expr(n)
	case *ast.AttrName:
		r.expr(n.Expr)
	}
}

func (r *resolver) lambda(e *ast.Lambda) {
	s := &Scope{Span: e.Span, Parent: r.scope, Node: e}
	if e.Arg != nil {
		r.define(s, Def{Name: e.Arg.Name, Kind: Arg, Node: e}, e.Arg.Span)
	}
	if e.Formals != nil {
		for _, f := range e.Formals.List {
			r.define(s, Def{Name: f.Name.Name, Kind: Formal, Node: f}, f.Name.Span)
		}
	}
	outer := r.enter(s)
	if e.Formals != nil {
		for _, f := range e.Formals.List {
			r.expr(f.Default)
		}
	}
	r.expr(e.Body)
	r.scope = outer
}

// recursive resolves bindings that see each other, and the body that sees them.
func (r *resolver) recursive(s *Scope, kind Kind, bindings []ast.Binding, body ast.Expr) {
	var parts []*ast.Attr // a.c = ..; that merge into this set
	if set, ok := s.Node.(*ast.AttrSet); ok {
		for _, a := range r.extra[set] {
			if whole, ok := a.Value.(*ast.AttrSet); ok && len(a.Path) == 1 {
				bindings = append(slices.Clip(bindings), whole.Bindings...)
			} else {
				parts = append(parts, a)
			}
		}
	}
	for _, a := range parts {
		d := Def{Name: a.Path[1].Name, Kind: kind, Node: a}
		if len(a.Path) == 2 {
			d.Value = a.Value
		}
		r.define(s, d, a.Path[1].Span)
	}
	taken := r.merged(bindings)
	defs := make([]*Def, len(bindings)) // of the attribute bindings
	type inherited struct {
		def  *Def
		name *ast.AttrName
	}
	var outer []inherited
	for i, b := range bindings {
		switch b := b.(type) {
		case *ast.Attr:
			if len(b.Path) == 0 || b.Path[0].Dynamic() {
				continue
			}
			d := Def{Name: b.Path[0].Name, Kind: kind, Node: b}
			if len(b.Path) == 1 {
				d.Value = b.Value
			}
			defs[i] = r.define(s, d, b.Path[0].Span)
		case *ast.Inherit:
			for _, n := range b.Names {
				if n.Dynamic() {
					continue
				}
				d := r.define(s, Def{Name: n.Name, Kind: kind, Node: b, From: b.From}, n.Span)
				if b.From == nil {
					outer = append(outer, inherited{d, n})
				}
			}
		}
	}
	outerOwner := r.owner
	for _, in := range outer {
		if kind == Let {
			r.owner = in.def
		}
		in.def.Inherits = r.use(in.name.Name, in.name.Span, s.Parent, true)
		r.owner = outerOwner
	}
	around := r.enter(s)
	for i, b := range bindings {
		switch b := b.(type) {
		case *ast.Attr:
			if kind == Let && defs[i] != nil {
				r.owner = defs[i]
			}
			if !taken[b] {
				r.attr(b)
			}
			r.owner = outerOwner
		case *ast.Inherit:
			r.inheritFrom(kind, s, b, outerOwner)
		}
	}
	for _, a := range parts {
		r.attr(a)
	}
	if legacy, ok := s.Node.(*ast.AttrSet); ok && legacy.Legacy {
		if d := s.Lookup("body"); d != nil {
			d.pinned = true // let { body = e; } selects it
		}
	}
	r.expr(body)
	r.scope = around
}

// inheritFrom resolves the source of an inherit. A let keeps the source alive
// through any of the names.
func (r *resolver) inheritFrom(kind Kind, s *Scope, b *ast.Inherit, outerOwner *Def) {
	if b.From != nil {
		if kind == Let && len(b.Names) == 1 && !b.Names[0].Dynamic() {
			r.owner = s.Lookup(b.Names[0].Name)
		}
		r.expr(b.From)
		r.owner = outerOwner
	}
	for _, n := range b.Names {
		r.expr(n.Expr)
	}
}

// plain resolves the bindings of a set that is not recursive.
func (r *resolver) plain(bindings []ast.Binding) {
	taken := r.merged(bindings)
	for _, b := range bindings {
		switch b := b.(type) {
		case *ast.Attr:
			if !taken[b] {
				r.attr(b)
			}
		case *ast.Inherit:
			r.expr(b.From)
			for _, n := range b.Names {
				switch {
				case n.Dynamic():
					r.expr(n.Expr)
				case b.From == nil:
					r.use(n.Name, n.Span, r.scope, true)
				}
			}
		}
	}
}

// attr resolves the names and the value of a binding.
func (r *resolver) attr(b *ast.Attr) {
	if r.limited && r.extra == nil && (b.Start > r.part.End || b.End < r.part.Start) {
		return
	}
	for _, n := range b.Path {
		r.expr(n.Expr)
	}
	r.expr(b.Value)
}
