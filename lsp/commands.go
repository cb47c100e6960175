package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// The commands that the server runs.
const cmdOpen = "gonix.open"

var commands = []string{cmdOpen}

// ExecuteCommand runs a command of a code action or code lens.
func (s *Server) ExecuteCommand(ctx context.Context, p *protocol.ExecuteCommandParams) (protocol.LSPAny, error) {
	switch p.Command {
	case cmdOpen:
		var target string
		if len(p.Arguments) != 1 || json.Unmarshal(p.Arguments[0], &target) != nil {
			return nil, refusal("%s needs an address", p.Command)
		}
		u, err := uri.Parse(target)
		if err != nil {
			return nil, err
		}
		waiting(ctx, func() {
			_, err = s.client.ShowDocument(ctx, &protocol.ShowDocumentParams{URI: u, External: ref(true)})
		})
		return nil, err
	}
	return nil, refusal("there is no command %s", p.Command)
}

// docsAt returns the page about the library function at an offset.
func (s *Server) docsAt(_ context.Context, d *document.Snapshot, off ast.Pos) (string, bool) {
	sel, i := cursor.Innermost[*ast.Select](cursor.Path(d.File().Root, off))
	if i < 0 {
		return "", false
	}
	names, ok := cursor.StaticPath(sel.Path)
	x, isIdent := sel.X.(*ast.Ident)
	if !ok || !isIdent {
		return "", false
	}
	if x.Name == "pkgs" && len(names) > 1 && names[0] == "lib" {
		names = names[1:]
	} else if x.Name != "lib" && x.Name != "builtins" {
		return "", false
	}
	top := "lib"
	if x.Name == "builtins" {
		top = "builtins"
	}
	return fmt.Sprintf("https://noogle.dev/f/%s/%s", top, strings.Join(names, "/")), true
}
