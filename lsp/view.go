package lsp

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/config"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// view is the state of the world at one moment. It is immutable: a change makes
// a new one.
type view struct {
	docs    map[string]*document.Snapshot // open texts, by docKey
	folders []folder
	config  config.Config
	enc     document.Encoding
}

// folder is one root of the workspace.
type folder struct {
	uri  uri.URI
	path string
	name string
	// config are the settings of the folder; nil when it has none of its own.
	config *config.Config
}

// docKey names a text independently of how its URI is spelt.
func docKey(u uri.URI) string {
	if p := document.PathOf(u); p != "" {
		return p
	}
	return string(u)
}

// with returns the view after an edit of a copy of it.
func (v *view) with(edit func(*view)) *view {
	next := *v
	edit(&next)
	return &next
}

// withDoc returns the view with a text opened or replaced; with nil, closed.
func (v *view) withDoc(key string, doc *document.Snapshot) *view {
	return v.with(func(next *view) {
		next.docs = maps.Clone(v.docs)
		if doc == nil {
			delete(next.docs, key)
		} else {
			next.docs[key] = doc
		}
	})
}

// folderOf returns the innermost workspace folder that holds a path.
func (v *view) folderOf(path string) (folder, bool) {
	var best folder
	for _, f := range v.folders {
		if within(f.path, path) && len(f.path) > len(best.path) {
			best = f
		}
	}
	return best, best.path != ""
}

// settings returns what the user has set for a file.
func (v *view) settings(path string) *config.Config {
	if f, ok := v.folderOf(path); ok && f.config != nil {
		return f.config
	}
	return &v.config
}

// within reports whether path is dir or below it.
func within(dir, path string) bool {
	return dir != "" && (path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator)))
}

// update replaces the current view by an edit of it.
func (s *Server) update(edit func(*view) *view) {
	for {
		v := s.view.Load()
		if s.view.CompareAndSwap(v, edit(v)) {
			return
		}
	}
}

type viewKey struct{}

func withView(ctx context.Context, v *view) context.Context {
	return context.WithValue(ctx, viewKey{}, v)
}

// viewOf returns the view a request arrived under.
func (s *Server) viewOf(ctx context.Context) *view {
	if v, ok := ctx.Value(viewKey{}).(*view); ok {
		return v
	}
	return s.view.Load()
}

// doc returns the text a request is about: the open one, else the one on disk. What
// the request makes the server compute of it ends with the request.
func (s *Server) doc(ctx context.Context, u uri.URI) (*document.Snapshot, error) {
	if d := s.viewOf(ctx).docs[docKey(u)]; d != nil {
		return d.For(ctx), nil
	}
	if path := document.PathOf(u); path != "" {
		return s.file(ctx, path)
	}
	return nil, fmt.Errorf("%s is not open", u)
}

// file returns the text of a path: the open one, else the one on disk.
func (s *Server) file(ctx context.Context, path string) (*document.Snapshot, error) {
	v := s.viewOf(ctx)
	if d := v.docs[path]; d != nil {
		return d.For(ctx), nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d, err := s.disk.load(path, v.enc)
	if err != nil {
		return nil, err
	}
	return d.For(ctx), nil
}

// at returns the text and the offset that a request points at.
func (s *Server) at(ctx context.Context, p protocol.TextDocumentPositionParams) (*document.Snapshot, ast.Pos, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, 0, err
	}
	return d, d.Mapper().Offset(document.Position(p.Position)), nil
}

// rangeOf converts a span of a text.
func rangeOf(d *document.Snapshot, s ast.Span) protocol.Range {
	m := d.Mapper()
	return protocol.Range{Start: protocol.Position(m.Position(s.Start)), End: protocol.Position(m.Position(s.End))}
}

// spanOf converts a range of a text.
func spanOf(d *document.Snapshot, r protocol.Range) ast.Span {
	return d.Mapper().Span(document.Position(r.Start), document.Position(r.End))
}

// locationOf is the place of a span of a text.
func locationOf(d *document.Snapshot, s ast.Span) protocol.Location {
	return protocol.Location{URI: d.URI, Range: rangeOf(d, s)}
}

// ref returns a pointer to a value, for the protocol's optional fields.
func ref[T any](v T) *T { return &v }
