package lsp

import (
	"context"
	"slices"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
)

func newFolder(f protocol.WorkspaceFolder) folder {
	return folder{uri: f.URI, path: document.PathOf(f.URI), name: f.Name}
}

// DidChangeWorkspaceFolders adds and removes roots.
func (s *Server) DidChangeWorkspaceFolders(_ context.Context, p *protocol.DidChangeWorkspaceFoldersParams) error {
	s.update(func(v *view) *view {
		return v.with(func(next *view) {
			next.folders = slices.Clone(v.folders)
			for _, gone := range p.Event.Removed {
				next.folders = slices.DeleteFunc(next.folders, func(f folder) bool { return f.uri == gone.URI })
			}
			for _, f := range p.Event.Added {
				next.folders = append(next.folders, newFolder(f))
			}
		})
	})
	s.systems.forget()
	s.fetchConfiguration()
	return nil
}
