package lsp

import (
	"context"
	"encoding/json"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// Functions of Nix are values of bindings. So the items of the hierarchy are
// bindings, and a file for what is bound by none: calls are what a binding's value
// applies, and imports.

// itemData is what comes back with an item: where to look.
type itemData struct {
	Offset ast.Pos `json:"offset"`
}

// PrepareCallHierarchy finds the binding of the name under the cursor.
func (s *Server) PrepareCallHierarchy(ctx context.Context, p *protocol.CallHierarchyPrepareParams) ([]protocol.CallHierarchyItem, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	world := s.world(ctx)
	m := world.At(unitOf.Of(d), off)
	if m == nil {
		return nil, nil
	}
	var out []protocol.CallHierarchyItem
	for _, slot := range world.Chain(m.Slots) {
		if slot.Inherited() {
			continue
		}
		if file, ok := s.docOf(ctx, slot.Unit); ok {
			out = append(out, bindingItem(file, slot.Name, slot.Binding, slot.Names[0]))
		}
	}
	return out, nil
}

func bindingItem(d *document.Snapshot, name string, binding ast.Node, at ast.Span) protocol.CallHierarchyItem {
	span := at
	if r := binding.Range(); r.Start <= at.Start && at.End <= r.End {
		span = r
	}
	data, _ := json.Marshal(itemData{at.Start})
	item := protocol.CallHierarchyItem{
		Name: name, Kind: protocol.SymbolKindVariable, URI: d.URI,
		Range: rangeOf(d, span), SelectionRange: rangeOf(d, at), Data: data,
	}
	if a, ok := binding.(*ast.Attr); ok {
		if _, ok := cursor.Unparen(a.Value).(*ast.Lambda); ok {
			item.Kind = protocol.SymbolKindFunction
		}
	}
	return item
}

// enclosing returns the item of the innermost binding around an offset: the file
// when there is none.
func enclosing(d *document.Snapshot, off ast.Pos) protocol.CallHierarchyItem {
	path := cursor.Path(d.File().Root, off)
	for i := len(path) - 1; i >= 0; i-- {
		if a, ok := path[i].(*ast.Attr); ok && len(a.Path) > 0 && off >= a.Eq {
			at := ast.Span{Start: a.Path[0].Start, End: a.Path[len(a.Path)-1].End}
			item := bindingItem(d, d.Text[at.Start:at.End], a, at)
			data, _ := json.Marshal(itemData{a.Path[len(a.Path)-1].Start})
			item.Data = data
			return item
		}
	}
	data, _ := json.Marshal(itemData{-1})
	whole := ast.Span{Start: 0, End: ast.Pos(len(d.Text))}
	return protocol.CallHierarchyItem{
		Name: d.Path, Kind: protocol.SymbolKindFile, URI: d.URI, Data: data,
		Range: rangeOf(d, whole), SelectionRange: rangeOf(d, ast.Span{}),
	}
}

func (s *Server) itemAt(ctx context.Context, item protocol.CallHierarchyItem) (*document.Snapshot, ast.Pos, error) {
	d, err := s.doc(ctx, item.URI)
	if err != nil {
		return nil, 0, err
	}
	var data itemData
	if err := json.Unmarshal(item.Data, &data); err != nil {
		return nil, 0, err
	}
	return d, min(data.Offset, ast.Pos(len(d.Text))), nil
}

// IncomingCalls finds the bindings that use an item.
func (s *Server) IncomingCalls(ctx context.Context, p *protocol.CallHierarchyIncomingCallsParams) ([]protocol.CallHierarchyIncomingCall, error) {
	d, off, err := s.itemAt(ctx, p.Item)
	if err != nil || off < 0 {
		return nil, err
	}
	var out []protocol.CallHierarchyIncomingCall
	index := map[string]int{}
	for _, r := range s.references(ctx, d, off, p.WorkDoneToken) {
		if r.Defines && r.Inherit == nil {
			continue
		}
		from := enclosing(r.doc, r.Start)
		key := string(from.URI) + string(from.Data)
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key] = i
			out = append(out, protocol.CallHierarchyIncomingCall{From: from})
		}
		out[i].FromRanges = append(out[i].FromRanges, rangeOf(r.doc, r.Span))
	}
	return out, ctx.Err()
}

// OutgoingCalls finds the functions that an item's value applies.
func (s *Server) OutgoingCalls(ctx context.Context, p *protocol.CallHierarchyOutgoingCallsParams) ([]protocol.CallHierarchyOutgoingCall, error) {
	d, off, err := s.itemAt(ctx, p.Item)
	if err != nil {
		return nil, err
	}
	root := ast.Node(d.File().Root)
	if off >= 0 {
		path := cursor.Path(root, off)
		a, i := cursor.Innermost[*ast.Attr](path)
		if i < 0 {
			return nil, nil
		}
		root = a.Value
	}
	world, unit := s.world(ctx), unitOf.Of(d)
	var out []protocol.CallHierarchyOutgoingCall
	index := map[string]int{}
	ast.Inspect(root, func(n ast.Node) bool {
		call, ok := n.(*ast.Apply)
		if !ok || ctx.Err() != nil {
			return ctx.Err() == nil
		}
		at := ast.Pos(-1)
		switch fn := call.Fn.(type) {
		case *ast.Ident:
			at = fn.Start
		case *ast.Select:
			if len(fn.Path) == 0 {
				return true
			}
			at = fn.Path[len(fn.Path)-1].Start
		}
		m := world.At(unit, at)
		if at < 0 || m == nil {
			return true
		}
		for _, slot := range world.Chain(m.Slots) {
			file, ok := s.docOf(ctx, slot.Unit)
			if slot.Inherited() || !ok {
				continue
			}
			i, seen := index[slot.Key()]
			if !seen {
				i = len(out)
				index[slot.Key()] = i
				out = append(out, protocol.CallHierarchyOutgoingCall{To: bindingItem(file, slot.Name, slot.Binding, slot.Names[0])})
			}
			out[i].FromRanges = append(out[i].FromRanges, rangeOf(d, m.Span))
		}
		return true
	})
	return out, ctx.Err()
}
