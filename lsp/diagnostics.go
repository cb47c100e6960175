package lsp

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// source is what editors show as the origin of a diagnostic.
const source = "gonix"

// docsURL is where the codes are explained.
const docsURL = "https://gonix.dev/docs/diagnostics#"

// diagnostics returns everything that is wrong with a text, as the protocol has
// it.
func (s *Server) diagnostics(ctx context.Context, d *document.Snapshot) []protocol.Diagnostic {
	v := s.viewOf(ctx)
	if !v.settings(d.Path).Diagnostics.Enable || v.excluded(d.Path) {
		return []protocol.Diagnostic{}
	}
	found := s.problems(ctx, d, nil)
	out := make([]protocol.Diagnostic, 0, len(found))
	for _, p := range found {
		out = append(out, s.diagnostic(d, p))
	}
	if v.settings(d.Path).Embedded.Enable {
		out = append(out, embeddedProblems(d)...)
	}
	return out
}

// problems returns the findings of the analyses, with the severities that the
// user wants; near, if it is not nil, says where those matter that look at other
// files.
func (s *Server) problems(ctx context.Context, d *document.Snapshot, near *ast.Span) []analysis.Diagnostic {
	found := findings.Of(d)
	world := analysis.World{
		Exists: func(path string) bool { _, err := os.Lstat(path); return err == nil },
		Parse:  func(path string) *ast.File { return s.parse(ctx, path) },
	}
	if more := analysis.CheckWorld(d.File(), scopes.Of(d), analysis.Options{Path: d.Path, Near: near, Stop: d.Stopped}, world); len(more) > 0 {
		found = append(slices.Clip(found), more...)
	}
	return analysis.WithSeverities(found, s.viewOf(ctx).settings(d.Path).Diagnostics.Severity)
}

// parse returns the tree of the file that an import of a path reads, or nil.
func (s *Server) parse(ctx context.Context, path string) *ast.File {
	if d := s.imported(ctx, path); d != nil {
		return d.File()
	}
	return nil
}

// findings are what is wrong with a text, whatever other files say.
var findings = document.NewAnalysis(func(d *document.Snapshot) []analysis.Diagnostic {
	return analysis.Check(d.File(), scopes.Of(d), analysis.Options{Path: d.Path, Stop: d.Stopped})
})

func (s *Server) diagnostic(d *document.Snapshot, p analysis.Diagnostic) protocol.Diagnostic {
	out := protocol.Diagnostic{
		Range:    rangeOf(d, p.Span),
		Severity: protocol.DiagnosticSeverity(p.Severity),
		Code:     protocol.String(p.Code),
		Source:   protocol.NewOptional(source),
		Message:  protocol.String(p.Msg),
	}
	if u, err := uri.Parse(docsURL + p.Code); err == nil {
		out.CodeDescription = protocol.CodeDescription{Href: u}
	}
	var tags []protocol.DiagnosticTag
	if p.Unnecessary {
		tags = append(tags, protocol.DiagnosticTagUnnecessary)
	}
	if p.Deprecated {
		tags = append(tags, protocol.DiagnosticTagDeprecated)
	}
	out.Tags.Set(tags)
	if s.caps.relatedInformation {
		for _, r := range p.Related {
			out.RelatedInformation = append(out.RelatedInformation, protocol.DiagnosticRelatedInformation{
				Location: locationOf(d, r.Span), Message: r.Msg,
			})
		}
	}
	return out
}

// excluded reports whether the user wants to hear nothing about a path.
func (v *view) excluded(path string) bool {
	f, ok := v.folderOf(path)
	if !ok {
		return false
	}
	rel, err := filepath.Rel(f.path, path)
	if err != nil {
		return false
	}
	for _, pattern := range v.settings(path).Diagnostics.Exclude {
		// A pattern matches a path or one of the folders it is in.
		for p := rel; p != "." && p != string(filepath.Separator); p = filepath.Dir(p) {
			if ok, _ := filepath.Match(pattern, p); ok {
				return true
			}
		}
	}
	return false
}
