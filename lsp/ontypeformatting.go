package lsp

import (
	"context"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/parser/ast"
)

// OnTypeFormatting indents a new line, and formats the binding or set that a
// semicolon or brace has just ended.
func (s *Server) OnTypeFormatting(ctx context.Context, p *protocol.DocumentOnTypeFormattingParams) ([]protocol.TextEdit, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	off := d.Mapper().Offset(document.Position(p.Position))
	if p.Ch == "\n" {
		return indentLine(d, int(p.Position.Line)), nil
	}
	path := cursor.Path(d.File().Root, max(0, off-1))
	for i := len(path) - 1; i >= 0; i-- {
		n := path[i]
		if n.Stop() != off {
			continue
		}
		switch n.(type) {
		case *ast.Attr, *ast.Inherit, *ast.AttrSet:
			return formatEdits(ctx, d, n.Range())
		}
	}
	return []protocol.TextEdit{}, nil
}

// indentLine indents a line as the line before it suggests: one step deeper after
// what opens something, one step back before what closes it. The text usually
// does not parse just then, so that lines are all there is to go by.
func indentLine(d *document.Snapshot, line int) []protocol.TextEdit {
	m := d.Mapper()
	if inString(d, m.LineStart(line)) {
		return []protocol.TextEdit{}
	}
	before := line - 1
	text := ""
	for ; before >= 0; before-- {
		text = d.Text[m.LineStart(before):m.LineEnd(before)]
		if strings.TrimSpace(text) != "" {
			break
		}
	}
	if before < 0 {
		return []protocol.TextEdit{}
	}
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	lead := text[:indent]
	code, _, _ := strings.Cut(strings.TrimSpace(text), " #")
	code = strings.TrimSpace(code)
	for _, opener := range []string{"{", "[", "(", "=", "let", "then", "else", "in", ":"} {
		if strings.HasSuffix(code, opener) && (len(opener) == 1 || code == opener || strings.HasSuffix(code, " "+opener)) {
			if opener != "in" && (opener != ":" || !strings.HasSuffix(code, "}:")) {
				lead += "  "
			}
			break
		}
	}
	start, end := m.LineStart(line), m.LineEnd(line)
	have := d.Text[start:end]
	rest := strings.TrimLeft(have, " \t")
	if rest != "" && strings.ContainsRune("}])", rune(rest[0])) || strings.HasPrefix(rest, "in ") || rest == "in" {
		lead = strings.TrimSuffix(lead, "  ")
	}
	old := have[:len(have)-len(rest)]
	if old == lead {
		return []protocol.TextEdit{}
	}
	return []protocol.TextEdit{{Range: rangeOf(d, ast.Span{Start: start, End: start + ast.Pos(len(old))}), NewText: lead}}
}

// inString reports whether an offset lies in the text of a string, where space
// has a meaning.
func inString(d *document.Snapshot, off ast.Pos) bool {
	for _, n := range cursor.Path(d.File().Root, off) {
		switch n := n.(type) {
		case *ast.String, *ast.IndString:
			if n.Pos() < off && off < n.Stop() {
				return true
			}
		}
	}
	return false
}
