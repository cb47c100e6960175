package lsp

import (
	"context"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// symbol is one named thing of a text, with what is named inside it.
type symbol struct {
	name     string
	detail   string
	kind     protocol.SymbolKind
	span     ast.Span // all of it
	at       ast.Span // the name
	children []symbol
}

// symbols are the bindings of a text, nested as the text nests them. Functions,
// applications and the like between two bindings are no level of their own.
var symbols = document.NewAnalysis(func(d *document.Snapshot) []symbol {
	root := symbol{}
	t := symbolTree{around: []*symbol{&root}}
	symbolWalk{d, &t}.node(d.File().Root)
	return root.children
})

// symbolVisitor is shown the symbols of a text in order.
type symbolVisitor interface {
	// takesOver returns how many of some bindings, of a let or of a set, need not be
	// visited.
	takesOver(bindings []ast.Binding, let bool) int
	// enter is called for a symbol, without its children, before those are visited;
	// from is the binding that it comes from, nil when it is in a string. leave is
	// called after them.
	enter(s *symbol, from ast.Binding)
	leave()
}

// symbolTree is the visitor that keeps all symbols.
type symbolTree struct {
	around []*symbol
}

func (t *symbolTree) takesOver([]ast.Binding, bool) int { return 0 }

func (t *symbolTree) enter(s *symbol, _ ast.Binding) {
	parent := t.around[len(t.around)-1]
	parent.children = append(parent.children, *s)
	t.around = append(t.around, &parent.children[len(parent.children)-1])
}

func (t *symbolTree) leave() { t.around = t.around[:len(t.around)-1] }

// symbolWalk shows the symbols of a text to a visitor.
type symbolWalk struct {
	d *document.Snapshot
	v symbolVisitor
}

func (w symbolWalk) node(n ast.Node) {
	switch n := n.(type) {
	case nil:
	case *ast.AttrSet:
		w.bindings(n.Bindings, false)
	case *ast.Let:
		w.bindings(n.Bindings, true)
		w.node(n.Body)
	case *ast.Ident, *ast.Int, *ast.Float, *ast.URI, *ast.SearchPath, *ast.Bad:
	case *ast.Apply: // the bulk of large files
		w.node(n.Fn)
		w.node(n.Arg)
	default:
		switch n.(type) {
		case *ast.String, *ast.IndString:
			for _, s := range embeddedSymbols(w.d, n.Range()) {
				w.v.enter(&s, nil)
				w.v.leave()
			}
		}
		for c := range ast.Children(n) {
			w.node(c)
		}
	}
}

func (w symbolWalk) bindings(list []ast.Binding, let bool) {
	for len(list) > 0 {
		if n := w.v.takesOver(list, let); n > 0 {
			list = list[n:]
			continue
		}
		w.binding(list[0], let)
		list = list[1:]
	}
}

func (w symbolWalk) binding(b ast.Binding, let bool) {
	f := w.d.File()
	switch b := b.(type) {
	case *ast.Attr:
		if len(b.Path) == 0 {
			return
		}
		first, last := b.Path[0], b.Path[len(b.Path)-1]
		at := ast.Span{Start: first.Start, End: last.End}
		name := f.Src[at.Start:at.End]
		if strings.ContainsAny(name, "\r\n") {
			name = strings.Join(strings.Fields(name), " ")
		}
		if name == "" {
			return
		}
		w.v.enter(&symbol{
			name: name, detail: symbolDetail(f, b.Value), kind: symbolKind(b.Value, let), span: b.Span, at: at,
		}, b)
		w.node(b.Value)
		w.v.leave()
	case *ast.Inherit:
		detail := "inherit"
		if b.From != nil {
			detail = "inherit (" + oneLine(f, b.From, 40) + ")"
		}
		for _, n := range b.Names {
			if name := f.Src[n.Start:n.End]; name != "" {
				w.v.enter(&symbol{name: name, detail: detail, kind: symbolKind(nil, let), span: n.Span, at: n.Span}, b)
				w.v.leave()
			}
		}
	}
}

// symbolKind chooses the icon by what the value is written as.
func symbolKind(e ast.Expr, let bool) protocol.SymbolKind {
	switch e := cursor.Unparen(e).(type) {
	case *ast.Lambda:
		return protocol.SymbolKindFunction
	case *ast.AttrSet:
		return protocol.SymbolKindModule
	case *ast.List:
		return protocol.SymbolKindArray
	case *ast.String, *ast.IndString, *ast.URI:
		return protocol.SymbolKindString
	case *ast.Int, *ast.Float:
		return protocol.SymbolKindNumber
	case *ast.Path, *ast.SearchPath:
		return protocol.SymbolKindFile
	case *ast.Ident:
		switch e.Name {
		case "true", "false":
			return protocol.SymbolKindBoolean
		case "null":
			return protocol.SymbolKindNull
		}
	}
	if let {
		return protocol.SymbolKindVariable
	}
	return protocol.SymbolKindField
}

// symbolDetail says about a value what its kind does not.
func symbolDetail(f *ast.File, e ast.Expr) string {
	switch e := cursor.Unparen(e).(type) {
	case *ast.Lambda:
		end := e.Colon + 1
		if end <= e.Start || int(end) > len(f.Src) {
			return ""
		}
		return shorten(f.Src[e.Start:end], 60)
	case *ast.String, *ast.Int, *ast.Float, *ast.Path, *ast.SearchPath, *ast.URI, *ast.Ident:
		return oneLine(f, e, 60)
	case *ast.Apply:
		fn, _ := cursor.Call(e)
		return oneLine(f, fn, 40)
	}
	return ""
}

// oneLine returns the source of a node as one line of at most max bytes or so.
func oneLine(f *ast.File, n ast.Node, max int) string {
	r := n.Range()
	return shorten(f.Src[r.Start:r.End], max)
}

func shorten(s string, max int) string {
	if len(s) <= max && isPlain(s) {
		return s
	}
	if len(s) > 4*max {
		s = s[:4*max]
	}
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "")
	if len(s) > max {
		return strings.ToValidUTF8(s[:max], "") + "…"
	}
	return s
}

// isPlain reports whether a text is printable ASCII without two spaces in a row: it
// can be shown as it is.
func isPlain(s string) bool {
	space := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && space {
			return false
		}
		space = s[i] == ' '
	}
	return !space
}

// DocumentSymbol lists the bindings of a text for an outline.
func (s *Server) DocumentSymbol(ctx context.Context, p *protocol.DocumentSymbolParams) (protocol.DocumentSymbolResult, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	if !s.caps.hierarchicalSymbols {
		return flatSymbols(d, symbols.Of(d), "", protocol.SymbolInformationSlice{}), nil
	}
	return &encodedSymbols{json: outline.Of(d).json}, nil
}

func flatSymbols(d *document.Snapshot, list []symbol, container string, out protocol.SymbolInformationSlice) protocol.SymbolInformationSlice {
	for _, s := range list {
		info := protocol.SymbolInformation{
			BaseSymbolInformation: protocol.BaseSymbolInformation{Name: s.name, Kind: s.kind},
			Location:              locationOf(d, s.span),
		}
		if container != "" {
			info.ContainerName = &container
		}
		out = append(out, info)
		out = flatSymbols(d, s.children, s.name, out)
	}
	return out
}
