package lsp

import (
	"context"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// DocumentHighlight marks everything in the text that means the same as the name
// under the cursor.
func (s *Server) DocumentHighlight(ctx context.Context, p *protocol.DocumentHighlightParams) ([]protocol.DocumentHighlight, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	out := []protocol.DocumentHighlight{}
	marks := occurrences(ctx, s, d, off)
	if w := withAt(d, off); w != nil {
		marks = []occurrence{{withKeyword(w), true}}
		for _, u := range provided(scopes.Of(d), w) {
			marks = append(marks, occurrence{u.Span, false})
		}
	} else if use := scopes.Of(d).UseAt(off); use != nil {
		for _, w := range providers(use) {
			marks = append(marks, occurrence{withKeyword(w), true})
		}
	}
	for _, o := range marks {
		kind := protocol.DocumentHighlightKindRead
		if o.write {
			kind = protocol.DocumentHighlightKindWrite
		}
		out = append(out, protocol.DocumentHighlight{Range: rangeOf(d, o.Span), Kind: kind})
	}
	return out, ctx.Err()
}

// occurrence is one mention of a name: where it is defined, or where it is used.
type occurrence struct {
	ast.Span
	write bool
}

// occurrences are the mentions, in one text, of what the name at an offset means.
func occurrences(ctx context.Context, s *Server, d *document.Snapshot, off ast.Pos) []occurrence {
	info := scopes.Of(d)
	def, use := info.At(off)
	var out []occurrence
	switch {
	case def != nil:
		for _, n := range def.Names {
			out = append(out, occurrence{n, true})
		}
		for _, u := range def.Uses {
			out = append(out, occurrence{u.Span, false})
		}
		return out
	case use != nil:
		// A name that a with provides, or nobody: the same name under the same
		// withs is the same thing.
		for _, u := range info.Uses {
			if u.Def == nil && u.Name == use.Name && u.With == use.With {
				out = append(out, occurrence{u.Span, false})
			}
		}
		return out
	}
	world := s.world(ctx)
	m := world.At(unitOf.Of(d), off)
	if m == nil {
		return nil
	}
	if len(m.Slots) == 0 {
		return []occurrence{{m.Span, false}}
	}
	for _, r := range mentionsIn(world, d, m.Name, keys(world.Chain(m.Slots))) {
		out = append(out, occurrence{r.Span, r.Defines})
	}
	return out
}
