package lsp

import (
	"context"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/eval/docs"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// SignatureHelp shows what the function wants in whose argument the cursor stands.
// For a function that takes a set apart the parameters are the names in the set,
// for others its arguments in order.
func (s *Server) SignatureHelp(ctx context.Context, p *protocol.SignatureHelpParams) (*protocol.SignatureHelp, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	path := cursor.Path(d.File().Root, off)
	for i := len(path) - 1; i >= 0; i-- {
		call, ok := path[i].(*ast.Apply)
		if !ok || off < call.Fn.Stop() {
			continue
		}
		// Which argument it is: count the applications inside.
		n := 0
		fn := call.Fn
		for {
			inner, ok := fn.(*ast.Apply)
			if !ok {
				break
			}
			fn = inner.Fn
			n++
		}
		if sig, active := s.signature(ctx, d, fn, call.Arg, n, off); sig != nil {
			sig.ActiveParameter = protocol.NewNullable(uint32(active))
			return &protocol.SignatureHelp{
				Signatures: []protocol.SignatureInformation{*sig}, ActiveSignature: ref(uint32(0)),
				ActiveParameter: protocol.NewNullable(uint32(active)),
			}, ctx.Err()
		}
	}
	return nil, ctx.Err()
}

func (s *Server) signature(ctx context.Context, d *document.Snapshot, fn, arg ast.Expr, n int, off ast.Pos) (*protocol.SignatureInformation, int) {
	if doc := builtinOf(d, fn); doc != nil && n < len(doc.Args) {
		return signatureOf(doc.Name, doc.Args, " ", doc.Summary()), n
	}
	world := s.world(ctx)
	// Of several functions that may be meant the first is shown.
	if funcs := world.Of(unitOf.Of(d), fn).Funcs; len(funcs) > 0 {
		f := funcs[0]
		// Skip the arguments that are given already.
		l := f.Lambda
		for range n {
			next, ok := cursor.Unparen(l.Body).(*ast.Lambda)
			if !ok {
				return nil, 0
			}
			l = next
		}
		name := oneLine(d.File(), fn, 40)
		if l.Formals == nil {
			var args []string
			for l := f.Lambda; l != nil; {
				if l.Arg != nil {
					args = append(args, l.Arg.Name)
				} else {
					args = append(args, "{ ... }")
				}
				l, _ = cursor.Unparen(l.Body).(*ast.Lambda)
			}
			return signatureOf(name, args, " ", ""), n
		}
		var args []string
		active := len(l.Formals.List)
		current := ""
		if a, i := cursor.Innermost[*ast.Attr](cursor.Path(arg, off)); i >= 0 && len(a.Path) > 0 {
			current = a.Path[0].Name
		}
		for i, formal := range l.Formals.List {
			args = append(args, oneLine(f.Unit.File, formal, 60))
			if formal.Name.Name == current {
				active = i
			}
		}
		if l.Formals.Ellipsis {
			args = append(args, "...")
		}
		sig := signatureOf(name+" {", args, ", ", "")
		sig.Label = strings.Replace(sig.Label, "{ ", "{ ", 1) + " }"
		return sig, active
	}
	return nil, 0
}

func builtinOf(d *document.Snapshot, fn ast.Expr) *docs.Doc {
	name := ""
	switch fn := fn.(type) {
	case *ast.Ident:
		if u := scopes.Of(d).UseAt(fn.Start); u != nil && u.Def != nil && u.Def.Kind == scope.Global {
			name = strings.TrimPrefix(fn.Name, "__")
		}
	case *ast.Select:
		if id, ok := fn.X.(*ast.Ident); ok && id.Name == "builtins" && len(fn.Path) == 1 {
			name = fn.Path[0].Name
		}
	}
	doc, _ := docs.Lookup(name)
	return doc
}

func signatureOf(name string, args []string, sep, summary string) *protocol.SignatureInformation {
	sig := &protocol.SignatureInformation{Label: name + " " + strings.Join(args, sep)}
	for _, a := range args {
		sig.Parameters = append(sig.Parameters, protocol.ParameterInformation{Label: protocol.String(a)})
	}
	if summary != "" {
		sig.Documentation = &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: summary}
	}
	return sig
}
