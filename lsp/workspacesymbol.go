package lsp

import (
	"context"
	"path/filepath"
	"sort"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
)

// maxSymbols is how many symbols a search answers with: nobody reads more.
const maxSymbols = 500

// Symbols searches the names of all bindings of the workspace. The query matches
// names that have its letters in order; those that have them together and early
// come first.
func (s *Server) Symbols(ctx context.Context, p *protocol.WorkspaceSymbolParams) (protocol.WorkspaceSymbolResult, error) {
	ctx, progress := s.startWalk(ctx, p.WorkDoneToken, "Searching symbols")
	defer progress.end("")
	type hit struct {
		score int
		info  protocol.SymbolInformation
	}
	var hits []hit
	v := s.viewOf(ctx)
	err := s.eachFile(ctx, func(d *document.Snapshot) error {
		d.File()
		if err := ctx.Err(); err != nil {
			return err
		}
		container := d.Path
		if f, ok := v.folderOf(d.Path); ok {
			container, _ = filepath.Rel(f.path, d.Path)
		}
		var walk func(list []symbol, prefix string)
		walk = func(list []symbol, prefix string) {
			for _, sym := range list {
				name := prefix + sym.name
				if score, ok := match(p.Query, name); ok {
					hits = append(hits, hit{score, protocol.SymbolInformation{
						BaseSymbolInformation: protocol.BaseSymbolInformation{Name: name, Kind: sym.kind, ContainerName: &container},
						Location:              locationOf(d, sym.at),
					}})
				}
				walk(sym.children, name+".")
			}
		}
		walk(symbols.Of(d), "")
		return nil
	})
	if err != nil {
		return nil, err
	}
	sort.SliceStable(hits, func(i, j int) bool { return hits[i].score < hits[j].score })
	out := protocol.SymbolInformationSlice{}
	for _, h := range hits[:min(len(hits), maxSymbols)] {
		out = append(out, h.info)
	}
	return out, nil
}

// match scores a name against a query, ignoring case: lower is better.
func match(query, name string) (score int, ok bool) {
	q, n := strings.ToLower(query), strings.ToLower(name)
	if i := strings.Index(n, q); i >= 0 {
		score = len(n) - len(q)
		if i > 0 && n[i-1] != '.' && n[i-1] != '-' && n[i-1] != '_' {
			score += 20
		}
		return score, true
	}
	score = 1000 + len(n)
	for _, c := range []byte(q) {
		i := strings.IndexByte(n, c)
		if i < 0 {
			return 0, false
		}
		score += i
		n = n[i+1:]
	}
	return score, true
}
