package lsp

import (
	"context"
	"sort"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// fold is a region that can be collapsed: what stands between the two ends stays
// out of sight.
type fold struct {
	ast.Span
	kind protocol.FoldingRangeKind
}

// folds are the regions of a text that span lines.
var folds = document.NewAnalysis(func(d *document.Snapshot) []fold {
	f, m := d.File(), d.Mapper()
	lines := m.Walk()
	var out []fold
	add := func(start, end ast.Pos, kind protocol.FoldingRangeKind) {
		if start < end && end > m.LineEnd(lines.Line(start)) {
			out = append(out, fold{ast.Span{Start: start, End: end}, kind})
		}
	}
	steps := 0
	ast.Inspect(f.Root, func(n ast.Node) bool {
		if n.Stop() <= m.LineEnd(lines.Line(n.Pos())) {
			return false // as are all below it
		}
		if steps++; steps&0xfff == 0 && d.Stopped() {
			return false
		}
		switch n := n.(type) {
		case *ast.AttrSet:
			add(n.Open+1, n.End-1, "")
		case *ast.List, *ast.Paren, *ast.String:
			add(n.Pos()+1, n.Stop()-1, "")
		case *ast.IndString:
			add(n.Start+2, n.End-2, "")
		case *ast.Formals:
			add(n.Start+1, n.End-1, "")
		case *ast.Let:
			add(n.Start+3, n.In, "")
		case *ast.Inherit:
			add(n.Start+7, n.End-1, protocol.FoldingRangeKindImports)
		case *ast.If:
			add(n.ThenPos+4, n.ElsePos, "")
		case *ast.Attr:
			if beginsBelow(n, m) {
				add(n.Eq+1, n.End-1, "")
			}
		}
		return true
	})
	for _, f := range embeddedFolds(d) {
		add(f.Start, f.End, "")
	}
	list := f.Comments
	for i := 0; i < len(list); {
		c := list[i]
		if c.Kind != ast.LineComment {
			add(c.Start+2, c.End-2, protocol.FoldingRangeKindComment)
			i++
			continue
		}
		// Line comments that follow each other line by line are one.
		j := i
		for j+1 < len(list) && list[j+1].Kind == ast.LineComment && m.Line(list[j+1].Start) == m.Line(list[j].Start)+1 && ownLine(d, list[j+1].Start) {
			j++
		}
		if j > i && ownLine(d, c.Start) {
			add(m.LineEnd(m.Line(c.Start)), list[j].End, protocol.FoldingRangeKindComment)
		}
		i = j + 1
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Start < out[j].Start })
	return out
})

// beginsBelow reports whether the value of a binding, or the body of the function
// that it is, begins below the line of the name, where nothing else can be folded.
func beginsBelow(n *ast.Attr, m *document.Mapper) bool {
	line, e := m.Line(n.Start), n.Value
	for m.Line(e.Pos()) == line {
		l, ok := e.(*ast.Lambda)
		if !ok || m.Line(l.Colon) > line {
			return false
		}
		e = l.Body
	}
	return true
}

// ownLine reports whether nothing but space stands before an offset on its line.
func ownLine(d *document.Snapshot, off ast.Pos) bool {
	for i := off - 1; i >= 0; i-- {
		switch d.Text[i] {
		case ' ', '\t':
		case '\n', '\r':
			return true
		default:
			return false
		}
	}
	return true
}

// FoldingRanges lists the regions that can be collapsed. A client that folds
// whole lines keeps the line of the closing bracket in sight.
func (s *Server) FoldingRanges(ctx context.Context, p *protocol.FoldingRangeParams) ([]protocol.FoldingRange, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	starts, ends := d.Mapper().Walk(), d.Mapper().Walk()
	list := folds.Of(d)
	out := make([]protocol.FoldingRange, 0, len(list))
	for _, f := range list {
		start, end := starts.Position(f.Start), ends.Position(f.End)
		r := protocol.FoldingRange{StartLine: start.Line, EndLine: end.Line, Kind: f.kind}
		if s.caps.lineFoldingOnly {
			if f.kind != protocol.FoldingRangeKindComment && ownLine(d, f.End) {
				r.EndLine--
			}
			if r.EndLine <= r.StartLine || len(out) > 0 && out[len(out)-1].StartLine == r.StartLine && out[len(out)-1].EndLine == r.EndLine {
				continue
			}
		} else {
			r.StartCharacter, r.EndCharacter = &start.Character, &end.Character
		}
		out = append(out, r)
	}
	return out, nil
}
