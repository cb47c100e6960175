package lsp

import (
	"context"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// inQuotes reports whether the cursor stands in a name in quotes, as in a."b" and
// { "b" = 1; }. Then that is the word, and what is between the quotes is replaced.
func (pl *place) inQuotes() bool {
	n, i := cursor.Innermost[*ast.AttrName](pl.path)
	if n == nil || i != len(pl.path)-1 || !n.Quoted || n.Dynamic() || pl.off <= n.Start {
		return false
	}
	inner := ast.Span{Start: n.Start + 1, End: n.End}
	if n.End > inner.Start && pl.doc.Text[n.End-1] == '"' {
		inner.End--
	}
	if pl.off > inner.End {
		return false
	}
	pl.word, pl.edit, pl.prefix = n.Span, inner, pl.doc.Text[inner.Start:pl.off]
	return true
}

// quotedCandidates are the names that may stand between quotes.
func (s *Server) quotedCandidates(ctx context.Context, pl place) ([]candidate, bool) {
	list, more, _ := s.namesAt(ctx, pl)
	out := list[:0]
	for _, c := range list {
		if c.kind == protocol.CompletionItemKindKeyword || c.snippet && strings.HasPrefix(c.label, "<") {
			continue
		}
		text := quote.String(c.label)
		c.insert, c.plain, c.snippet = text[1:len(text)-1], "", false
		out = append(out, c)
	}
	return out, more
}
