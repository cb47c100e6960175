package lsp

import (
	"context"
	"slices"
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
	return appendSymbols(nil, d, d.File().Root)
})

func appendSymbols(out []symbol, d *document.Snapshot, n ast.Node) []symbol {
	add := func(bindings []ast.Binding, let bool) {
		out = slices.Grow(out, len(bindings))
		for _, b := range bindings {
			out = appendBinding(out, d, b, let)
		}
	}
	switch n := n.(type) {
	case nil:
	case *ast.AttrSet:
		add(n.Bindings, false)
	case *ast.Let:
		add(n.Bindings, true)
		out = appendSymbols(out, d, n.Body)
	case *ast.Ident, *ast.Int, *ast.Float, *ast.URI, *ast.SearchPath, *ast.Bad:
	case *ast.Apply: // the bulk of large files
		out = appendSymbols(appendSymbols(out, d, n.Fn), d, n.Arg)
	default:
		switch n.(type) {
		case *ast.String, *ast.IndString:
			out = append(out, embeddedSymbols(d, n.Range())...)
		}
		for c := range ast.Children(n) {
			out = appendSymbols(out, d, c)
		}
	}
	return out
}

func appendBinding(out []symbol, d *document.Snapshot, b ast.Binding, let bool) []symbol {
	f := d.File()
	switch b := b.(type) {
	case *ast.Attr:
		if len(b.Path) == 0 {
			return out
		}
		first, last := b.Path[0], b.Path[len(b.Path)-1]
		at := ast.Span{Start: first.Start, End: last.End}
		name := f.Src[at.Start:at.End]
		if strings.ContainsAny(name, "\r\n") {
			name = strings.Join(strings.Fields(name), " ")
		}
		if name == "" {
			return out
		}
		out = append(out, symbol{
			name: name, detail: symbolDetail(f, b.Value), kind: symbolKind(b.Value, let),
			span: b.Span, at: at, children: appendSymbols(nil, d, b.Value),
		})
	case *ast.Inherit:
		detail := "inherit"
		if b.From != nil {
			detail = "inherit (" + oneLine(f, b.From, 40) + ")"
		}
		for _, n := range b.Names {
			if name := f.Src[n.Start:n.End]; name != "" {
				out = append(out, symbol{name: name, detail: detail, kind: symbolKind(nil, let), span: n.Span, at: n.Span})
			}
		}
	}
	return out
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
	list := symbols.Of(d)
	if !s.caps.hierarchicalSymbols {
		return flatSymbols(d, list, "", protocol.SymbolInformationSlice{}), nil
	}
	return &encodedSymbols{json: outline.Of(d)}, nil
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
