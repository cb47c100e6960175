package lsp

import (
	"context"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/shape"
	"gonix.dev/gonix/parser/ast"
)

// Definition goes to where a name gets its value: through selections, inherits,
// imports and calls of known functions; for a package that callPackage makes, to
// the file of the package; for a path, to the file it names.
func (s *Server) Definition(ctx context.Context, p *protocol.DefinitionParams) (protocol.DefinitionResult, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	locations := s.definitions(ctx, d, off)
	if len(locations) == 0 || s.vague(ctx, d, off, locations) {
		if better := s.evaluatedDefinition(ctx, d, off); len(better) > 0 {
			locations = better
		}
	}
	return protocol.LocationSlice(locations), ctx.Err()
}

// vague reports whether the definitions that the source shows are only where a
// name comes from: the with that may provide it, or the binding of an option.
func (s *Server) vague(ctx context.Context, d *document.Snapshot, off ast.Pos, locations []protocol.Location) bool {
	if use := nearby.Of(d).UseAt(off); use != nil {
		if use.Def != nil && use.Def.From != nil {
			// All that is known is the inherit.
			return len(locations) == 1 && locations[0] == locationOf(d, use.Def.Span())
		}
		return len(providers(use)) == len(locations) && locations[0].URI == d.URI
	}
	if m := s.world(ctx).At(unitOf.Of(d), off); m != nil && m.Inherit != nil {
		return len(locations) == 1 && locations[0] == locationOf(d, m.Span)
	}
	_, option := s.optionAt(ctx, d, cursor.Path(d.File().Root, off))
	return option
}

// Declaration goes to the nearest place that brings a name into being: the
// inherit, the argument, the attribute.
func (s *Server) Declaration(ctx context.Context, p *protocol.DeclarationParams) (protocol.DeclarationResult, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	out := protocol.LocationSlice{}
	if m := s.world(ctx).At(unitOf.Of(d), off); m != nil {
		for _, slot := range m.Slots {
			out = append(out, s.slotLocations(ctx, slot)...)
		}
	}
	return out, ctx.Err()
}

// definitions are the places that define what stands at an offset, as far as the
// source shows them.
func (s *Server) definitions(ctx context.Context, d *document.Snapshot, off ast.Pos) []protocol.Location {
	path := cursor.Path(d.File().Root, off)
	if len(path) > 0 {
		if target, ok := s.pathTarget(ctx, d, path[len(path)-1]); ok {
			return []protocol.Location{{URI: uri.File(target)}}
		}
		if target, ok := s.flakeInput(s.viewOf(ctx), d, path); ok {
			return []protocol.Location{{URI: uri.File(target)}}
		}
	}
	world := s.world(ctx)
	m := world.At(unitOf.Of(d), off)
	if m == nil {
		return nil
	}
	out := []protocol.Location{}
	chain := world.Chain(m.Slots)
	if onlyInherited(d, m, chain) {
		chain = nil
	}
	for i, slot := range chain {
		// A name that is inherited is defined elsewhere, if that can be found.
		if slot.Inherited() && (i+1 < len(chain) || len(m.Slots) > 1) {
			continue
		}
		if unit := s.packageFile(world, slot); unit != nil && !m.Defines {
			if file, ok := s.docOf(ctx, unit); ok {
				out = append(out, locationOf(file, ast.Span{}))
				continue
			}
		}
		if m.Defines && slot == m.Slots[0] && len(chain) > 1 {
			continue // the cursor stands on it: the others are more interesting
		}
		out = append(out, s.slotLocations(ctx, slot)...)
	}
	if len(out) == 0 {
		if use := nearby.Of(d).UseAt(off); use != nil && use.Def == nil && use.With != nil {
			// Nobody knows what the withs have, but from one it must come.
			for _, w := range providers(use) {
				out = append(out, locationOf(d, withKeyword(w)))
			}
		}
	}
	return out
}

// onlyInherited reports whether all that is known of a name that is inherited is
// that some with may provide it.
func onlyInherited(d *document.Snapshot, m *shape.Mention, chain []*shape.Slot) bool {
	if m.Inherit == nil || m.Inherit.From != nil || len(chain) != 1 {
		return false
	}
	use := nearby.Of(d).UseAt(m.Start)
	return use != nil && len(providers(use)) > 0
}

func (s *Server) slotLocations(ctx context.Context, slot *shape.Slot) []protocol.Location {
	file, ok := s.docOf(ctx, slot.Unit)
	if !ok {
		return nil
	}
	var out []protocol.Location
	for _, n := range slot.Names {
		out = append(out, locationOf(file, n))
	}
	return out
}

// packageFile returns the file in `name = callPackage ./file { }` or `name =
// import ./file`.
func (s *Server) packageFile(world shape.World, slot *shape.Slot) *shape.Unit {
	fn, args := cursor.Call(slot.Value)
	if len(args) == 0 {
		return nil
	}
	switch cursor.LastName(fn) {
	case "import", "callPackage", "callPackages", "libsCallPackage", "callLibs", "callPythonPackage":
		return world.File(slot.Unit, args[0])
	}
	return nil
}

// pathTarget returns the file that a path or search path literal names.
func (s *Server) pathTarget(ctx context.Context, d *document.Snapshot, n ast.Node) (string, bool) {
	path, ok := "", false
	switch n := n.(type) {
	case *ast.Path:
		path, ok = s.pathOf(d, n)
	case *ast.SearchPath:
		path, ok = s.searchPath(s.viewOf(ctx), d.Path, n.Name)
	}
	if !ok {
		return "", false
	}
	return s.fileToOpen(s.viewOf(ctx), path)
}
