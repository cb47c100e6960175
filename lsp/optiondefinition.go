package lsp

import (
	"context"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/modules"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
)

// optionDefinition goes to the declaration of the option under the cursor, and to
// the definitions that set it.
func (s *Server) optionDefinition(ctx context.Context, d *document.Snapshot, path []ast.Node) []protocol.Location {
	ref, ok := s.optionAt(ctx, d, path)
	if !ok {
		return nil
	}
	opt, err := s.option(ctx, d, ref)
	if err != nil {
		return nil
	}
	full := append(ref.sys.prefix[:len(ref.sys.prefix):len(ref.sys.prefix)], ref.steps...)
	var out []protocol.Location
	seen := map[protocol.Location]bool{}
	add := func(loc protocol.Location) {
		if !seen[loc] {
			seen[loc] = true
			out = append(out, loc)
		}
	}
	last := full[len(full)-1].Name
	exact := false
	for _, p := range opt.Declarations {
		exact = exact || p.Line > 1 || p.Column > 1
	}
	if loc, ok := s.nameAround(ctx, opt.Declared, last); ok && !exact {
		add(loc)
		opt.Declarations = nil
	}
	for _, p := range opt.Declarations {
		if p.Line > 1 || p.Column > 1 {
			if loc, ok := s.nameAt(ctx, p, last); ok {
				add(loc)
			}
		} else if loc, ok := s.declaredIn(ctx, p, full); ok {
			add(loc)
		}
	}
	for _, p := range opt.Definitions {
		file, err := s.file(ctx, p.File)
		if err != nil {
			continue
		}
		for _, name := range moduleOf.Of(file).Defined(full) {
			if name.Range() != ref.Span || file.Path != d.Path {
				add(locationOf(file, name.Span))
			}
		}
	}
	return out
}

// nameAt is the place of a name in the binding at a place: evaluation knows where
// its path begins.
func (s *Server) nameAt(ctx context.Context, at worker.Place, name string) (protocol.Location, bool) {
	loc, ok := s.locationAt(ctx, &at)
	if !ok {
		return loc, false
	}
	d, err := s.file(ctx, at.File)
	if err != nil {
		return loc, true
	}
	off := spanOf(d, loc.Range).Start
	if a, i := cursor.Innermost[*ast.Attr](cursor.Path(d.File().Root, off)); i >= 0 {
		for _, n := range a.Path {
			if n.Name == name {
				return locationOf(d, n.Span), true
			}
		}
	}
	return loc, true
}

// nameAround is the place of the innermost binding of a name around a place.
func (s *Server) nameAround(ctx context.Context, at *worker.Place, name string) (protocol.Location, bool) {
	loc, ok := s.locationAt(ctx, at)
	if !ok {
		return loc, false
	}
	d, err := s.file(ctx, at.File)
	if err != nil {
		return loc, false
	}
	path := cursor.Path(d.File().Root, spanOf(d, loc.Range).Start)
	for i := len(path) - 1; i >= 0; i-- {
		if a, ok := path[i].(*ast.Attr); ok && len(a.Path) > 0 && a.Path[len(a.Path)-1].Name == name {
			return locationOf(d, a.Path[len(a.Path)-1].Span), true
		}
	}
	return loc, false
}

// declaredIn finds an option in the file that declares it, when evaluation knows
// no more than the file: by as many of its last names as there are.
func (s *Server) declaredIn(ctx context.Context, at worker.Place, path []modules.Step) (protocol.Location, bool) {
	d, err := s.file(ctx, at.File)
	if err != nil {
		return protocol.Location{}, false
	}
	last := path[len(path)-1].Name
	var best *ast.AttrName
	bestScore := -1
	var names []string
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		if a, ok := n.(*ast.Attr); ok {
			depth := len(names)
			for _, name := range a.Path {
				names = append(names, name.Name)
			}
			if k := len(a.Path); k > 0 && a.Path[k-1].Name == last {
				score := 0
				for i := 0; i < len(names) && i < len(path) && names[len(names)-1-i] == path[len(path)-1-i].Name; i++ {
					score++
				}
				if score > bestScore {
					best, bestScore = a.Path[k-1], score
				}
			}
			defer func() { names = names[:depth] }()
		}
		for c := range ast.Children(n) {
			walk(c)
		}
	}
	walk(d.File().Root)
	if best == nil {
		return locationOf(d, ast.Span{}), true
	}
	return locationOf(d, best.Span), true
}
