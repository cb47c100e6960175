package lsp

import (
	"context"
	"path/filepath"
	"slices"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/lsp/shape"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// bindingNames completes the name of a binding, where one is being typed: options
// of modules, attributes that flakes have, arguments of a known function.
func (s *Server) bindingNames(ctx context.Context, pl place) (list []candidate, more, ok bool) {
	set, prefix, ok := bindingPlace(pl)
	if !ok {
		return nil, false, false
	}
	seen := map[string]bool{}
	have, _ := shapeNames(unitOf.Of(pl.doc), set)
	for _, name := range have {
		seen[name] = true
	}
	add := func(c candidate) {
		if len(prefix) > 0 || !seen[c.label] || c.label == pl.doc.Text[pl.edit.Start:pl.edit.End] {
			list = append(list, c)
		}
	}
	field := func(names []string) {
		for _, name := range names {
			add(candidate{label: name, insert: quote.Identifier(name), kind: protocol.CompletionItemKindField})
		}
	}
	if len(prefix) == 0 && pl.prefix != "" {
		for _, k := range keywords {
			if _, let := set.(*ast.Let); k.label == "inherit" || k.label == "in" && let {
				list = append(list, k)
			}
		}
	}
	s.begun(ctx, pl, set, prefix, func(c candidate) { list = append(list, c) })
	if filepath.Base(pl.doc.Path) == "flake.nix" {
		full := append(s.attrPathOf(pl), prefix...)
		switch {
		case len(full) == 0:
			field(analysis.FlakeAttrs())
			return list, false, true
		case full[0] == "inputs" && len(full) == 2:
			field(analysis.FlakeInputAttrs())
			return list, false, true
		case full[0] == "outputs":
			if names := analysis.FlakeOutputs(full[1:]); names != nil {
				field(names)
				return list, false, true
			}
		}
	}
	if len(prefix) == 0 {
		for _, f := range s.calledWith(ctx, pl, set) {
			for _, formal := range f.Lambda.Formals.List {
				c := candidate{label: formal.Name.Name, kind: protocol.CompletionItemKindProperty, data: &completionData{URI: string(fileURI(f.Unit.Path)), Offset: formal.Name.Start}}
				if formal.Default != nil {
					c.detail, c.rank = "? "+oneLine(f.Unit.File, formal.Default, 40), 1
				}
				add(c)
			}
		}
	}
	owner, isSet := set.(*ast.AttrSet)
	if !isSet {
		return list, false, len(list) > 0
	}
	options, incomplete, known := s.optionCandidates(ctx, pl, owner, prefix)
	for _, c := range options {
		if c.kind == protocol.CompletionItemKindModule {
			list = append(list, c) // a set of options may be named many times
		} else {
			add(c)
		}
	}
	return list, incomplete, len(list) > 0 || incomplete || known
}

// bindingPlace finds the set or let in which the cursor stands at the name of a
// binding, and the names before it in the path.
func bindingPlace(pl place) (owner ast.Node, prefix []string, ok bool) {
	for i := len(pl.path) - 1; i >= 0; i-- {
		switch n := pl.path[i].(type) {
		case *ast.AttrName:
			if n.Dynamic() {
				return nil, nil, false
			}
		case *ast.Bad:
		case *ast.Attr:
			if pl.off == n.End && pl.doc.Text[n.End-1] == ';' {
				continue // right behind it
			}
			if n.Eq > 0 && pl.off > n.Eq {
				return nil, nil, false
			}
			for _, name := range n.Path {
				if name.End < pl.word.Start && !name.Dynamic() {
					prefix = append(prefix, name.Name)
				}
			}
		case *ast.BadBinding:
			prefix = textPath(pl, n.Start)
		case *ast.AttrSet:
			if pl.off <= n.Open || pl.off > n.End || pl.off == n.End && n.End > n.Open+1 && pl.doc.Text[n.End-1] == '}' {
				return nil, nil, false
			}
			if prefix == nil {
				prefix = textPath(pl, n.Open+1)
			}
			return n, prefix, true
		case *ast.Let:
			if pl.off <= n.Start+3 || n.In > n.Start && pl.word.Start >= n.In {
				return nil, nil, false
			}
			if prefix == nil {
				prefix = textPath(pl, n.Start+3)
			}
			return n, prefix, true
		default:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// textPath reads the names of an unfinished attribute path backwards.
func textPath(pl place, from ast.Pos) []string {
	var names []string
	i := pl.word.Start
	text := pl.doc.Text
	for i > from && text[i-1] == '.' {
		end := i - 1
		start := end
		for start > from && wordByte(text[start-1]) {
			start--
		}
		if start == end {
			break
		}
		names = append(names, text[start:end])
		i = start
	}
	slices.Reverse(names)
	return names
}

// attrPathOf returns the names of the bindings around the cursor, the outermost
// first.
func (s *Server) attrPathOf(pl place) []string {
	var out []string
	for _, n := range pl.path {
		if a, ok := n.(*ast.Attr); ok && pl.off > a.Eq && a.Eq > 0 {
			for _, name := range a.Path {
				out = append(out, name.Name)
			}
		}
	}
	return out
}

// begun completes a binding's path with names that the set or let has begun, so
// that more may be added below them, and with what its uses select from it.
func (s *Server) begun(ctx context.Context, pl place, owner ast.Node, prefix []string, add func(candidate)) {
	seen := map[string]bool{}
	offer := func(name string) {
		if !seen[name] && name != "" {
			seen[name] = true
			add(candidate{label: name, insert: quote.Identifier(name), kind: protocol.CompletionItemKindModule, rank: 3})
		}
	}
	for _, b := range cursor.Bindings(owner) {
		a, ok := b.(*ast.Attr)
		if !ok || len(a.Path) <= len(prefix) || a.Path[len(prefix)].Span == pl.word {
			continue
		}
		names, static := cursor.StaticPath(a.Path[:len(prefix)+1])
		_, set := cursor.Unparen(a.Value).(*ast.AttrSet)
		if static && slices.Equal(names[:len(prefix)], prefix) && (len(a.Path) > len(prefix)+1 || set) {
			offer(names[len(prefix)])
		}
	}
	if len(prefix) == 0 {
		return
	}
	// What is used of it: of the variable, or of the argument that it becomes.
	var uses []*scope.Use
	info, unit := scopes.Of(pl.doc), unitOf.Of(pl.doc)
	for _, sc := range info.Scopes {
		if sc.Node == owner {
			if def := sc.Lookup(prefix[0]); def != nil {
				uses = append(uses, def.Uses...)
			}
		}
	}
	for _, f := range s.calledWith(ctx, pl, owner) {
		if f.Unit.Path != unit.Path {
			continue
		}
		for _, formal := range f.Lambda.Formals.List {
			if def := info.DefAt(formal.Name.Start); def != nil && formal.Name.Name == prefix[0] {
				uses = append(uses, def.Uses...)
			}
		}
	}
	for _, u := range uses {
		sel, i := cursor.Innermost[*ast.Select](cursor.Path(pl.doc.File().Root, u.Start))
		if i < 0 || sel.X.Pos() != u.Start || sel.X.Stop() != u.End || len(sel.Path) < len(prefix) {
			continue
		}
		if names, ok := cursor.StaticPath(sel.Path[:len(prefix)]); ok && slices.Equal(names[:len(prefix)-1], prefix[1:]) {
			offer(names[len(prefix)-1])
		}
	}
}

// calledWith returns the functions that a set is an argument of, if they take it
// apart.
func (s *Server) calledWith(ctx context.Context, pl place, set ast.Node) []shape.Func {
	var out []shape.Func
	for i, n := range pl.path {
		call, isCall := n.(*ast.Apply)
		if !isCall || i+1 >= len(pl.path) || ast.Node(cursor.Unparen(call.Arg)) != set {
			continue
		}
		for _, f := range s.world(ctx).Of(unitOf.Of(pl.doc), call.Fn).Funcs {
			if f.Lambda.Formals != nil {
				out = append(out, f)
			}
		}
	}
	return out
}

func shapeNames(u *shape.Unit, n ast.Node) ([]string, bool) {
	if set, ok := n.(*ast.AttrSet); ok {
		return shape.Literal(u, set).Names(), true
	}
	return nil, false
}
