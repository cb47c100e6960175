package lsp

import (
	"context"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/eval/docs"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/shape"
	"gonix.dev/gonix/lsp/worker"
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
	// Of several functions that may be meant the first is shown.
	funcs := s.world(ctx).Of(unitOf.Of(d), fn).Funcs
	if len(funcs) == 0 {
		var v *worker.Value
		if v, funcs = s.evaluatedFunction(ctx, d, fn); v != nil && len(funcs) == 0 {
			name := oneLine(d.File(), fn, 40)
			if doc, ok := docs.Lookup(v.Builtin); ok && n < len(doc.Args) {
				return signatureOf(name, doc.Args, " ", doc.Summary()), n
			}
			if len(v.Formals) > 0 && n == 0 {
				return patternSignature(name, v.Formals), activeFormal(arg, off, v.Formals)
			}
		}
	}
	if len(funcs) > 0 {
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
		for _, formal := range l.Formals.List {
			args = append(args, oneLine(f.Unit.File, formal, 60))
		}
		active := activeFormal(arg, off, args)
		if l.Formals.Ellipsis {
			args = append(args, "...")
		}
		return patternSignature(name, args), active
	}
	return nil, 0
}

// activeFormal returns the index of the formal whose binding the cursor is in, in
// the argument of a call; their number when it is in none.
func activeFormal(arg ast.Expr, off ast.Pos, formals []string) int {
	a, i := cursor.Innermost[*ast.Attr](cursor.Path(arg, off))
	if i >= 0 && len(a.Path) > 0 {
		for i, f := range formals {
			if name, _, _ := strings.Cut(f, " "); name == a.Path[0].Name {
				return i
			}
		}
	}
	return len(formals)
}

func patternSignature(name string, formals []string) *protocol.SignatureInformation {
	sig := signatureOf(name+" {", formals, ", ", "")
	sig.Label += " }"
	return sig
}

// evaluatedFunction evaluates what is called, and finds it in the file that it is
// written in.
func (s *Server) evaluatedFunction(ctx context.Context, d *document.Snapshot, fn ast.Expr) (*worker.Value, []shape.Func) {
	switch fn.(type) {
	case *ast.Ident, *ast.Select:
	default:
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	path := cursor.Path(d.File().Root, fn.Stop())
	v, err := s.valueAt(ctx, d, path)
	if err != nil {
		return nil, nil
	}
	if v.Function == nil {
		return v, nil
	}
	loc, ok := s.locationAt(ctx, v.Function)
	if !ok {
		return v, nil
	}
	file, err := s.file(ctx, v.Function.File)
	if err != nil {
		return v, nil
	}
	at := spanOf(file, loc.Range).Start
	around := cursor.Path(file.File().Root, at)
	for i := len(around) - 1; i >= 0; i-- {
		if l, ok := around[i].(*ast.Lambda); ok && l.Start == at {
			return v, []shape.Func{{Unit: unitOf.Of(file), Lambda: l}}
		}
	}
	return v, nil
}

func builtinOf(d *document.Snapshot, fn ast.Expr) *docs.Doc {
	name := ""
	switch fn := fn.(type) {
	case *ast.Ident:
		if u := nearby.Of(d).UseAt(fn.Start); u != nil {
			name = builtinUse(u)
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
