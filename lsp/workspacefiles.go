package lsp

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/shape"
)

// maxWorkspaceFiles bounds the walks over a workspace: a folder like / is opened
// by mistake sooner or later.
const maxWorkspaceFiles = 50_000

// workspacePaths returns the paths of the Nix files below the workspace folders,
// in order. Hidden folders, node_modules and links are passed over.
func (v *view) workspacePaths(ctx context.Context) ([]string, error) {
	var paths []string
	seen := map[string]bool{}
	for _, f := range v.folders {
		if f.path == "" {
			continue
		}
		err := filepath.WalkDir(f.path, func(path string, e fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return nil // unreadable: go on with the rest
			}
			name := e.Name()
			if e.IsDir() {
				if path != f.path && (strings.HasPrefix(name, ".") || name == "node_modules") {
					return filepath.SkipDir
				}
				return nil
			}
			if strings.HasSuffix(name, ".nix") && e.Type().IsRegular() && !seen[path] {
				seen[path] = true
				paths = append(paths, path)
				if len(paths) >= maxWorkspaceFiles {
					return filepath.SkipAll
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// unitIn is unitOf for walks over many texts. The largest ones take a while, so it
// gives up between the steps when nobody waits any more.
func unitIn(ctx context.Context, d *document.Snapshot) (*shape.Unit, error) {
	d.File()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	scopes.Of(d)
	return unitOf.Of(d), ctx.Err()
}

// eachFile calls f for every Nix file of the workspace and every open text.
func (s *Server) eachFile(ctx context.Context, f func(*document.Snapshot) error) error {
	v := s.viewOf(ctx)
	paths, err := v.workspacePaths(ctx)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for i, path := range paths {
		if err := ctx.Err(); err != nil {
			return err
		}
		report(ctx, i, len(paths))
		done[path] = true
		d, err := s.file(ctx, path)
		if err != nil {
			continue // gone since the walk, or too large
		}
		if err := f(d); err != nil {
			return err
		}
	}
	for key, d := range v.docs {
		if !done[key] {
			if err := f(d.For(ctx)); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}
