package lsp

import (
	"context"
	"sort"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/shape"
	"gonix.dev/gonix/parser/ast"
)

// References finds the mentions of a name: in the text for a variable, in the
// whole workspace for an attribute or an argument that other files can name.
func (s *Server) References(ctx context.Context, p *protocol.ReferenceParams) ([]protocol.Location, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	out := newPartial(s, p.PartialResultToken)
	asked := s.world(ctx).At(unitOf.Of(d), off)
	s.eachReference(ctx, d, off, p.WorkDoneToken, func(found []reference) {
		for _, r := range found {
			if p.Context.IncludeDeclaration || !declares(r.Mention, asked) {
				out.add(locationOf(r.doc, r.Span))
			}
		}
	})
	return out.rest(), ctx.Err()
}

// declares reports whether a mention brings into being what is asked for. An
// inherit does so for its own attribute; of what it inherits it is a use.
func declares(m, asked *shape.Mention) bool {
	if !m.Defines || m.Inherit == nil || asked == nil || len(asked.Slots) == 0 || len(m.Slots) == 0 {
		return m.Defines
	}
	return m.Slots[0].Key() == asked.Slots[0].Key()
}

// reference is a mention in a text.
type reference struct {
	doc *document.Snapshot
	*shape.Mention
}

// references are all mentions that refer to what the name at an offset refers
// to.
func (s *Server) references(ctx context.Context, d *document.Snapshot, off ast.Pos, token protocol.ProgressToken) []reference {
	var out []reference
	s.eachReference(ctx, d, off, token, func(found []reference) { out = append(out, found...) })
	return out
}

// eachReference calls f for the references in one text after the other.
func (s *Server) eachReference(ctx context.Context, d *document.Snapshot, off ast.Pos, token protocol.ProgressToken, f func([]reference)) {
	world := s.world(ctx)
	m := world.At(unitOf.Of(d), off)
	if w := withAt(d, off); w != nil {
		var out []reference
		for _, u := range provided(scopes.Of(d), w) {
			out = append(out, reference{d, &shape.Mention{Span: u.Span, Name: u.Name}})
		}
		f(out)
		return
	}
	if m == nil {
		return
	}
	targets := keys(world.Chain(m.Slots))
	if len(targets) == 0 {
		// Something unknown: whatever is spelt and looked up like it in this text.
		var out []reference
		for _, o := range occurrences(ctx, s, d, off) {
			out = append(out, reference{d, &shape.Mention{Span: o.Span, Name: m.Name, Defines: o.write}})
		}
		f(out)
		return
	}
	if slot := m.Slots[0]; localOnly(slot) && slot.Unit.Path == unitOf.Of(d).Path {
		f(mentionsIn(world, d, m.Name, targets))
		return
	}
	ctx, progress := s.startWalk(ctx, token, "Finding references")
	defer progress.end("")
	world = s.world(ctx)
	seen := map[string]bool{}
	visit := func(doc *document.Snapshot) error {
		if !seen[docKey(doc.URI)] && strings.Contains(doc.Text, m.Name) {
			seen[docKey(doc.URI)] = true
			if _, err := unitIn(ctx, doc); err != nil {
				return err
			}
			f(mentionsIn(world, doc, m.Name, targets))
		}
		return nil
	}
	visit(d)
	for _, slot := range m.Slots {
		if doc, ok := s.docOf(ctx, slot.Unit); ok {
			visit(doc)
		}
	}
	if err := s.eachFile(ctx, visit); err != nil && ctx.Err() == nil {
		s.logf("references: %v", err)
	}
}

func keys(slots []*shape.Slot) map[string]bool {
	set := map[string]bool{}
	for _, s := range slots {
		set[s.Key()] = true
	}
	return set
}

// localOnly reports whether no other file can mention a slot: it is a let
// binding or a plain argument.
func localOnly(s *shape.Slot) bool {
	switch s.Binding.(type) {
	case *ast.Lambda:
		return true
	case *ast.Formal:
		return false
	}
	_, let := s.Owner().(*ast.Let)
	return let && !s.Inherited() && !nested(s)
}

// nested reports whether a slot is an attribute below the name of a let binding.
func nested(s *shape.Slot) bool {
	a, ok := s.Binding.(*ast.Attr)
	return ok && len(a.Path) > 0 && a.Path[0].Name != s.Name
}

// mentionsIn finds the mentions of slots in one text.
func mentionsIn(world shape.World, d *document.Snapshot, name string, targets map[string]bool) []reference {
	var out []reference
	world.Mentions(unitOf.Of(d), name, func(m *shape.Mention) {
		for _, slot := range world.Chain(m.Slots) {
			if targets[slot.Key()] {
				out = append(out, reference{d, m})
				return
			}
		}
	})
	sort.SliceStable(out, func(i, j int) bool { return out[i].Start < out[j].Start })
	return out
}
