package lsp

import (
	"context"
	"sort"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// SelectionRange lists what a selection grows to, step by step: the word, the
// content of the brackets, the brackets, the binding, and so on up to the file.
func (s *Server) SelectionRange(ctx context.Context, p *protocol.SelectionRangeParams) ([]protocol.SelectionRange, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	out := make([]protocol.SelectionRange, 0, len(p.Positions))
	for _, pos := range p.Positions {
		var r *protocol.SelectionRange
		for _, span := range selections(d, d.Mapper().Offset(document.Position(pos))) {
			r = &protocol.SelectionRange{Range: rangeOf(d, span), Parent: r}
		}
		out = append(out, *r)
	}
	return out, nil
}

// selections are the spans around an offset, the largest first, each properly
// inside the one before.
func selections(d *document.Snapshot, off ast.Pos) []ast.Span {
	out := []ast.Span{{Start: 0, End: ast.Pos(len(d.Text))}}
	add := func(s ast.Span) {
		last := out[len(out)-1]
		if s.Start <= off && off <= s.End && s != last && last.Start <= s.Start && s.End <= last.End {
			out = append(out, s)
		}
	}
	for _, n := range cursor.Path(d.File().Root, off) {
		add(n.Range())
		switch n := n.(type) {
		case *ast.AttrSet:
			add(trim(d.Text, n.Open+1, n.End-1))
		case *ast.List, *ast.Paren, *ast.Formals, *ast.String:
			add(trim(d.Text, n.Pos()+1, n.Stop()-1))
		case *ast.IndString:
			add(ast.Span{Start: n.Start + 2, End: n.End - 2})
		case *ast.Inherit:
			if n.From != nil {
				open := strings.LastIndexByte(d.Text[:n.From.Pos()], '(')
				closing := strings.IndexByte(d.Text[n.From.Stop():], ')')
				if open >= int(n.Start) && closing >= 0 {
					add(ast.Span{Start: ast.Pos(open), End: n.From.Stop() + ast.Pos(closing) + 1})
				}
			}
		case *ast.Let:
			add(trim(d.Text, n.Start+3, n.In))
		case *ast.Attr:
			if k := len(n.Path); k > 0 {
				add(ast.Span{Start: n.Path[0].Start, End: n.Path[k-1].End})
			}
		}
		for _, part := range parts(n) {
			if part.Expr != nil {
				add(part.Span)
			}
		}
	}
	// Comments, keywords and operators are not in the tree.
	all := lossless.Of(d)
	if i := sort.Search(len(all.Comments), func(i int) bool { return all.Comments[i].End > off }); i < len(all.Comments) {
		add(all.Comments[i].Span)
	}
	i := sort.Search(len(all.Tokens), func(i int) bool { return all.Tokens[i].End > off })
	if i > 0 && (i == len(all.Tokens) || all.Tokens[i].Start > off) {
		i-- // behind a word is at the word
	}
	if i < len(all.Tokens) && all.Tokens[i].Kind != ast.STR_TEXT {
		add(all.Tokens[i].Span)
	}
	return out
}

// parts are the pieces of a string or path.
func parts(n ast.Node) []ast.Part {
	switch n := n.(type) {
	case *ast.String:
		return n.Parts
	case *ast.IndString:
		return n.Parts
	case *ast.Path:
		return n.Parts
	}
	return nil
}

// lossless is the tree of a text with its tokens. It costs a second pass over the text,
// and is wanted seldom.
var lossless = document.NewAnalysis(func(d *document.Snapshot) *ast.File {
	return parser.ParseUntil(d.Stopped, d.File().Name, d.Text, parser.KeepTokens|parser.PipeOperators)
})

// trim leaves out space at both ends.
func trim(text string, start, end ast.Pos) ast.Span {
	space := func(i ast.Pos) bool {
		switch text[i] {
		case ' ', '\t', '\n', '\r':
			return true
		}
		return false
	}
	end = min(end, ast.Pos(len(text)))
	for start < end && space(start) {
		start++
	}
	for start < end && space(end-1) {
		end--
	}
	return ast.Span{Start: start, End: end}
}
