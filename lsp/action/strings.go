package action

import (
	"slices"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// quoteName puts an attribute name into quotes, or takes them off.
func quoteName(r *Request) []Action {
	n, i := cursor.Innermost[*ast.AttrName](r.path)
	if i < 1 || n.Dynamic() || n.Name == "" && !n.Quoted {
		return nil
	}
	src := r.text(n)
	if strings.HasPrefix(src, "${") {
		return nil
	}
	if !n.Quoted {
		switch r.path[i-1].(type) {
		case *ast.Attr, *ast.Inherit:
		default:
			return nil
		}
		return []Action{{Title: "Quote the name", Kind: Rewrite, Edits: []analysis.Edit{replace(n, quote.String(n.Name))}}}
	}
	if !quote.IsIdentifier(n.Name) || quote.IsKeyword(n.Name) {
		return nil
	}
	return []Action{{Title: "Unquote the name", Kind: Rewrite, Edits: []analysis.Edit{replace(n, n.Name)}}}
}

// rewriteString turns a "string" into an indented one, and back.
func rewriteString(r *Request) []Action {
	for i := len(r.path) - 1; i >= 0; i-- {
		title, text := "", ""
		switch s := r.path[i].(type) {
		case *ast.AttrName:
			return nil // names have one kind of string only
		case *ast.String:
			if _, name := r.path[max(i-1, 0)].(*ast.AttrName); name {
				return nil
			}
			title, text = "Convert to an indented string", r.indented(s)
		case *ast.IndString:
			title, text = "Convert to a double-quoted string", r.doubleQuoted(s)
		default:
			continue
		}
		if text == "" {
			return nil
		}
		return []Action{{Title: title, Kind: Rewrite, Edits: []analysis.Edit{replace(r.path[i], text)}}}
	}
	return nil
}

func (r *Request) doubleQuoted(s *ast.IndString) string {
	var b strings.Builder
	b.WriteByte('"')
	text := "" // in one piece: a dollar sign may end one part, and a brace begin the next
	flush := func() {
		q := quote.String(text)
		b.WriteString(q[1 : len(q)-1])
		text = ""
	}
	for _, p := range s.Parts {
		if p.Expr == nil {
			text += p.Text
			continue
		}
		flush()
		b.WriteString(r.File.Src[p.Start:p.End])
	}
	flush()
	b.WriteByte('"')
	return b.String()
}

// indented returns an indented string with the value of a double-quoted one, or ""
// where there is none: indented strings lose their common indentation.
func (r *Request) indented(s *ast.String) string {
	var b strings.Builder
	text := func(t string) {
		t = strings.ReplaceAll(t, "''", "'''")
		t = strings.ReplaceAll(t, "${", "''${")
		t = strings.ReplaceAll(t, "\t", `''\t`)
		t = strings.ReplaceAll(t, "\r", `''\r`)
		b.WriteString(t)
	}
	lines := slices.ContainsFunc(s.Parts, func(p ast.Part) bool { return p.Expr == nil && strings.Contains(p.Text, "\n") })
	if !lines {
		b.WriteString("''")
		for _, p := range s.Parts {
			if p.Expr != nil {
				b.WriteString(r.File.Src[p.Start:p.End])
			} else {
				text(p.Text)
			}
		}
		b.WriteString("''")
		return r.verified(s, b.String())
	}
	indent := r.indentAt(s.Start)
	inner := indent + "  "
	b.WriteString("''\n" + inner)
	for _, p := range s.Parts {
		if p.Expr != nil {
			b.WriteString(r.File.Src[p.Start:p.End])
			continue
		}
		lines := strings.Split(p.Text, "\n")
		for i, line := range lines {
			if i > 0 {
				b.WriteByte('\n')
				if line != "" || i == len(lines)-1 {
					b.WriteString(inner)
				}
			}
			text(line)
		}
	}
	out := b.String()
	if trimmed, ok := strings.CutSuffix(out, "\n"+inner); ok {
		out = trimmed + "\n" + indent
	}
	return r.verified(s, out+"''")
}

// verified returns a replacement of a string if it means the same.
func (r *Request) verified(s *ast.String, text string) string {
	f := parser.Parse("", text, 0)
	got, ok := f.Root.(*ast.IndString)
	if !ok || len(f.Errors) > 0 {
		return ""
	}
	join := func(parts []ast.Part, src string) string {
		var b strings.Builder
		for _, p := range parts {
			if p.Expr != nil {
				b.WriteString("\x00" + src[p.Start:p.End] + "\x00")
			} else {
				b.WriteString(p.Text)
			}
		}
		return b.String()
	}
	if join(got.Parts, text) != join(s.Parts, r.File.Src) {
		return ""
	}
	return text
}
