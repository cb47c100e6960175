package lsp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/lsp/shape"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// PrepareRename says what would be renamed, or why nothing can be.
func (s *Server) PrepareRename(ctx context.Context, p *protocol.PrepareRenameParams) (protocol.PrepareRenameResult, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	m, _, err := s.renameTarget(ctx, d, off)
	if err != nil {
		return nil, err
	}
	return &protocol.PrepareRenamePlaceholder{Range: rangeOf(d, m.Span), Placeholder: m.Name}, nil
}

func refusal(format string, args ...any) error {
	return jsonrpc2.Errorf(jsonrpc2.Code(protocol.LSPErrorCodesRequestFailed), format, args...)
}

// renameTarget finds the slots that a rename at an offset is about: that of the
// name, and, through the inherits of lets, those it is another name of.
func (s *Server) renameTarget(ctx context.Context, d *document.Snapshot, off ast.Pos) (*shape.Mention, map[string]bool, error) {
	if len(d.File().Errors) > 0 {
		return nil, nil, refusal("the file has syntax errors: %s", d.File().Errors[0].Msg)
	}
	world := s.world(ctx)
	m := world.At(unitOf.Of(d), off)
	if m == nil {
		return nil, nil, refusal("there is no name here")
	}
	if len(m.Slots) == 0 {
		use := scopes.Of(d).UseAt(off)
		switch {
		case use != nil && use.Def != nil && use.Def.Kind == scope.Global:
			return nil, nil, refusal("'%s' is part of the language", m.Name)
		case use != nil && use.With != nil:
			return nil, nil, refusal("'%s' comes from a `with`, and what that has is not known", m.Name)
		}
		return nil, nil, refusal("where '%s' is defined is not known", m.Name)
	}
	if m.Inherit != nil && m.Inherit.From == nil {
		// inherit x: the variable outside is meant, as for every other mention.
		m.Slots = append(world.Aliases(m.Slots[0]), m.Slots[1:]...)
		if len(m.Slots) == 0 {
			return nil, nil, refusal("where '%s' is defined is not known", m.Name)
		}
	}
	targets := map[string]bool{}
	slots := m.Slots[:1]
	if !m.Defines {
		slots = m.Slots
	}
	for len(slots) > 0 {
		var next []*shape.Slot
		for _, slot := range slots {
			if !targets[slot.Key()] {
				targets[slot.Key()] = true
				if inLet(slot) {
					next = append(next, world.Aliases(slot)...)
				}
			}
		}
		slots = next
	}
	v := s.viewOf(ctx)
	for _, slot := range m.Slots {
		path := slot.Unit.Path
		if _, inside := v.folderOf(path); !inside && path != unitOf.Of(d).Path {
			return nil, nil, refusal("'%s' is defined outside of the workspace, in %s", m.Name, path)
		}
		if fn := passedTo(slot); fn != "" {
			return nil, nil, refusal("'%s' is passed to %s, which may expect it by that name", m.Name, fn)
		}
		if file := filledIn(s.worldWith(ctx, slot.Name), slot); file != "" {
			return nil, nil, refusal("'%s' is an argument of %s, which callPackage fills in by that name", m.Name, file)
		}
	}
	return m, targets, nil
}

// inLet reports whether a slot is a name that a let inherits: a local name for
// something, which goes by the name of that.
func inLet(s *shape.Slot) bool {
	_, let := s.Owner().(*ast.Let)
	return let && s.Inherited()
}

// passedTo returns the function that the set a slot is in is an argument of, when
// nothing is known of it; "" otherwise.
func passedTo(s *shape.Slot) string {
	set, ok := s.Owner().(*ast.AttrSet)
	if !ok {
		return ""
	}
	path := cursor.Path(s.Unit.File.Root, set.Open)
	for i, n := range path {
		if call, ok := n.(*ast.Apply); ok && cursor.Unparen(call.Arg) == ast.Expr(set) && i < len(path) {
			fn, _ := cursor.Call(call)
			return s.Unit.File.Src[fn.Pos():fn.Stop()]
		}
	}
	return ""
}

// filledIn returns the file whose function takes an argument of the name of an
// attribute, and is called by callPackage in the file of the attribute: it gets the
// attribute without anybody saying so. It returns "" when there is none.
func filledIn(world shape.World, s *shape.Slot) string {
	if _, ok := s.Owner().(*ast.AttrSet); !ok {
		return ""
	}
	found := ""
	partial := map[ast.Node]bool{} // calls that go on with another argument
	ast.Inspect(s.Unit.File.Root, func(n ast.Node) bool {
		call, ok := n.(*ast.Apply)
		if !ok || found != "" {
			return found == ""
		}
		partial[call.Fn] = true
		if partial[n] {
			return true
		}
		fn, args := cursor.Call(call)
		if !strings.HasPrefix(cursor.LastName(fn), "callPackage") || len(args) == 0 {
			return true
		}
		unit := world.File(s.Unit, args[0])
		if unit == nil {
			return true
		}
		l, ok := cursor.Unparen(unit.File.Root).(*ast.Lambda)
		if !ok || l.Formals == nil {
			return true
		}
		if len(args) > 1 {
			if set, ok := cursor.Unparen(args[1]).(*ast.AttrSet); ok && shape.Literal(s.Unit, set).Attr(s.Name) != nil {
				return true // it is passed by hand
			}
		}
		for _, f := range l.Formals.List {
			if f.Name.Name == s.Name {
				found = unit.Path
			}
		}
		return true
	})
	return found
}

// Rename renames what the name under the cursor refers to, in all files of the
// workspace. It refuses, with the reason, what it cannot do safely.
func (s *Server) Rename(ctx context.Context, p *protocol.RenameParams) (*protocol.WorkspaceEdit, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	m, targets, err := s.renameTarget(ctx, d, off)
	if err != nil {
		return nil, err
	}
	r := &renaming{world: s.world(ctx), targets: targets, old: m.Name, name: p.NewName}
	variable := false
	for _, slot := range m.Slots {
		_, set := slot.Owner().(*ast.AttrSet)
		variable = variable || !set
	}
	if p.NewName == "" || variable && !quote.IsIdentifier(p.NewName) {
		return nil, refusal("'%s' is no name for a variable", p.NewName)
	}
	edits := map[*document.Snapshot][]analysis.Edit{}
	var order []*document.Snapshot
	seen := map[string]bool{}
	visit := func(doc *document.Snapshot) error {
		if seen[docKey(doc.URI)] || !strings.Contains(doc.Text, m.Name) {
			return nil
		}
		seen[docKey(doc.URI)] = true
		unit, err := unitIn(ctx, doc)
		if err != nil {
			return err
		}
		list, err := r.file(unit)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			edits[doc] = list
			order = append(order, doc)
		}
		return nil
	}
	if !localOnly(m.Slots[0]) {
		var progress *progress
		ctx, progress = s.startWalk(ctx, p.WorkDoneToken, "Renaming "+m.Name)
		defer progress.end("")
		r.world = s.world(ctx)
	}
	for _, slot := range m.Slots {
		if c := callersOf(r.world, slot); c != nil {
			if err := c.inWorkspace(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	if err := visit(d); err != nil {
		return nil, err
	}
	if !localOnly(m.Slots[0]) {
		if err := s.eachFile(ctx, visit); err != nil {
			return nil, err
		}
	}
	return s.workspaceEdit(order, edits), nil
}

// renaming is one rename under way.
type renaming struct {
	world     shape.World
	targets   map[string]bool
	old, name string
}

// is reports whether a slot is renamed, and whether by itself rather than as the
// local name of something that is.
func (r *renaming) is(slot *shape.Slot) bool {
	for range 20 {
		if r.targets[slot.Key()] {
			return true
		}
		if !inLet(slot) {
			return false
		}
		next := r.world.Aliases(slot)
		if len(next) == 0 {
			return false
		}
		slot = next[0]
	}
	return false
}

// file returns the edits in one file.
func (r *renaming) file(u *shape.Unit) ([]analysis.Edit, error) {
	var edits []analysis.Edit
	var problem error
	attr := quote.Identifier(r.name)
	r.world.Mentions(u, r.old, func(m *shape.Mention) {
		if m.Inherit != nil {
			if e, ok := r.inherit(u, m); ok {
				edits = append(edits, e...)
			}
			return
		}
		if !slices.ContainsFunc(m.Slots, r.is) {
			return
		}
		if err := r.capture(u, m); err != nil && problem == nil {
			problem = err
		}
		if _, variable := m.Node.(*ast.Ident); variable && attr != r.name && problem == nil {
			p := u.File.Position(m.Start)
			problem = refusal("'%s' is no name for a variable, as which it is used at %s:%d:%d", r.name, u.Path, p.Line, p.Column)
		}
		edits = append(edits, analysis.Edit{Span: m.Span, New: attr})
	})
	return edits, problem
}

// inherit renames at a name that is inherited. What is inherited and what the
// inherit defines are two slots: when only one of them gets the new name, the
// name leaves the inherit and becomes a binding.
func (r *renaming) inherit(u *shape.Unit, m *shape.Mention) ([]analysis.Edit, bool) {
	if len(m.Slots) == 0 {
		return nil, false
	}
	inner := slices.ContainsFunc(m.Slots, r.is) // what it defines, or an argument it becomes
	outer := slices.ContainsFunc(r.world.Aliases(m.Slots[0]), r.is)
	attr := quote.Identifier(r.name)
	switch {
	case inner && outer:
		return []analysis.Edit{{Span: m.Span, New: attr}}, true
	case !inner && !outer:
		return nil, false
	}
	left, right := r.old, r.old
	if inner {
		left = r.name
	} else {
		right = r.name
	}
	value := quote.Identifier(right)
	if from := m.Inherit.From; from != nil {
		src := u.File.Src[from.Pos():from.Stop()]
		switch from.(type) {
		case *ast.Ident, *ast.Select, *ast.AttrSet:
		default:
			src = "(" + src + ")"
		}
		value = src + "." + value
	}
	binding := quote.Identifier(left) + " = " + value + ";"
	if len(m.Inherit.Names) == 1 {
		return []analysis.Edit{{Span: m.Inherit.Span, New: binding}}, true
	}
	start := m.Start
	for start > 0 && strings.ContainsRune(" \t\r\n", rune(u.File.Src[start-1])) {
		start--
	}
	return []analysis.Edit{
		{Span: ast.Span{Start: start, End: m.End}},
		{Span: ast.Span{Start: m.Inherit.End, End: m.Inherit.End}, New: " " + binding},
	}, true
}

// capture refuses a new name that would mean something else, or that something
// else already has.
func (r *renaming) capture(u *shape.Unit, m *shape.Mention) error {
	at := func(off ast.Pos) string {
		p := u.File.Position(off)
		return fmt.Sprintf("%s:%d:%d", u.Path, p.Line, p.Column)
	}
	info := u.Scope.Whole()
	if use := info.UseAt(m.Start); use != nil && use.Span == m.Span && use.Def != nil {
		// On the way from the use to the definition, nobody else may have the name.
		for s := use.Scope; s != nil; s = s.Parent {
			if other := s.Lookup(r.name); other != nil && other.Kind != scope.Global {
				return refusal("'%s' is already defined at %s", r.name, at(other.Span().Start))
			}
			if s == use.Def.Scope {
				break
			}
		}
	}
	def := info.DefAt(m.Start)
	if def == nil || !m.Defines || def.Scope == nil {
		return nil
	}
	if other := def.Scope.Lookup(r.name); other != nil {
		return refusal("'%s' is already defined at %s", r.name, at(other.Span().Start))
	}
	// A use of the new name inside means something outside so far.
	for _, use := range info.Uses {
		if use.Name != r.name {
			continue
		}
		for s := use.Scope; s != nil; s = s.Parent {
			if s == def.Scope {
				return refusal("'%s' at %s would mean the renamed", r.name, at(use.Start))
			}
			if s.Lookup(r.name) != nil {
				break
			}
		}
	}
	return nil
}

// workspaceEdit makes the protocol's edit of edits of several texts.
func (s *Server) workspaceEdit(order []*document.Snapshot, edits map[*document.Snapshot][]analysis.Edit) *protocol.WorkspaceEdit {
	out := &protocol.WorkspaceEdit{}
	for _, d := range order {
		list := make([]protocol.TextEdit, 0, len(edits[d]))
		for _, e := range edits[d] {
			list = append(list, protocol.TextEdit{Range: rangeOf(d, e.Span), NewText: e.New})
		}
		if !s.caps.documentChanges {
			if out.Changes == nil {
				out.Changes = map[uri.URI][]protocol.TextEdit{}
			}
			out.Changes[d.URI] = append(out.Changes[d.URI], list...)
			continue
		}
		change := &protocol.TextDocumentEdit{TextDocument: protocol.OptionalVersionedTextDocumentIdentifier{
			TextDocumentIdentifier: protocol.TextDocumentIdentifier{URI: d.URI},
		}}
		if d.Open {
			change.TextDocument.Version = &d.Version
		}
		for i := range list {
			change.Edits = append(change.Edits, &list[i])
		}
		out.DocumentChanges = append(out.DocumentChanges, change)
	}
	return out
}
