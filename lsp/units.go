package lsp

import (
	"context"
	"strings"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/shape"
)

// unitOf is a text as package shape wants it.
var unitOf = document.NewAnalysis(func(d *document.Snapshot) *shape.Unit {
	path := d.Path
	if path == "" {
		path = string(d.URI)
	}
	return &shape.Unit{Path: path, File: d.File(), Scope: nearby.Of(d)}
})

// world lets shapes be followed into other files: texts that are open, and files
// on disk.
func (s *Server) world(ctx context.Context) shape.World {
	v := s.viewOf(ctx)
	return shape.World{
		Load: func(path string) *shape.Unit {
			if d := s.imported(ctx, path); d != nil {
				return unitOf.Of(d)
			}
			return nil
		},
		Search: func(name string) string {
			path, _ := s.searchPath(v, "", name)
			return path
		},
		Stop: func() bool { return ctx.Err() != nil },
	}
}

// worldWith is like world, but files that do not mention a name are not looked into:
// nixpkgs has thousands of files, and most names are in few of them.
func (s *Server) worldWith(ctx context.Context, name string) shape.World {
	w := s.world(ctx)
	w.Load = func(path string) *shape.Unit {
		if d := s.imported(ctx, path); d != nil && strings.Contains(d.Text, name) {
			return unitOf.Of(d)
		}
		return nil
	}
	return w
}

// imported returns the text that an import of a path reads, or nil.
func (s *Server) imported(ctx context.Context, path string) *document.Snapshot {
	path, ok := s.fileToOpen(s.viewOf(ctx), path)
	if !ok || ctx.Err() != nil {
		return nil
	}
	d, err := s.file(ctx, path)
	if err != nil {
		return nil
	}
	return d
}

// fileToOpen is like the function of that name, and knows files that exist in an
// editor only.
func (s *Server) fileToOpen(v *view, path string) (string, bool) {
	if v.docs[path] != nil {
		return path, true
	}
	return fileToOpen(path)
}

// docOf returns the text that a unit is about.
func (s *Server) docOf(ctx context.Context, u *shape.Unit) (*document.Snapshot, bool) {
	d, err := s.file(ctx, u.Path)
	return d, err == nil
}
