package lsp

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/eval/docs"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/lsp/shape"
	"gonix.dev/gonix/parser/ast"
)

// Hover tells about the name under the cursor: what it is and where it is from,
// its documentation, and what it evaluates to.
func (s *Server) Hover(ctx context.Context, p *protocol.HoverParams) (*protocol.Hover, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	text, span := s.hover(ctx, d, off)
	if text == "" || ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &protocol.Hover{
		Contents: &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: flatHeadings(text)},
		Range:    ref(rangeOf(d, span)),
	}, nil
}

func (s *Server) hover(ctx context.Context, d *document.Snapshot, off ast.Pos) (string, ast.Span) {
	path := cursor.Path(d.File().Root, off)
	if len(path) == 0 {
		return "", ast.Span{}
	}
	switch n := path[len(path)-1].(type) {
	case *ast.Path, *ast.SearchPath:
		if target, ok := s.pathTarget(ctx, d, n); ok {
			return "`" + target + "`", n.Range()
		}
		if lit, ok := n.(*ast.Path); ok {
			if target, ok := s.pathOf(d, lit); ok {
				return "`" + target + "`", n.Range()
			}
		}
		return "", ast.Span{}
	}
	if doc, span, ok := s.builtinAt(d, path, off); ok {
		return builtinDoc(doc), span
	}
	m := s.world(ctx).At(unitOf.Of(d), off)
	values := ctx
	if m != nil && len(m.Slots) > 0 {
		values = s.beside(ctx)
	}
	if text, span, ok := s.optionHover(values, d, path); ok {
		return text, span
	}
	if m == nil {
		return "", ast.Span{}
	}
	var sections []string
	if text := s.slotsDoc(ctx, m.Slots); text != "" && !onlyInherited(d, m, s.world(ctx).Chain(m.Slots)) {
		sections = append(sections, text)
	} else if use := nearby.Of(d).UseAt(off); use != nil && use.Def == nil && use.With != nil {
		text := fmt.Sprintf("`%s`: from", use.Name)
		for i, w := range providers(use) {
			if i > 0 {
				text += ", or else"
			}
			text += fmt.Sprintf(" `with %s`", oneLine(d.File(), w.Scope, 60))
		}
		sections = append(sections, text)
	} else if use != nil && use.Undefined() {
		sections = append(sections, fmt.Sprintf("`%s`: undefined", use.Name))
	}
	if value := s.hoverValue(values, d, path, m); value != "" {
		// A function's comment may stand there already.
		if head, doc, ok := strings.Cut(value, "\n\n"); ok && len(sections) > 0 && strings.Contains(sections[0], doc) {
			value = head
		}
		sections = append(sections, value)
	}
	return strings.Join(sections, "\n\n---\n\n"), m.Span
}

// builtinAt returns the documentation of the builtin under the cursor.
func (s *Server) builtinAt(d *document.Snapshot, path []ast.Node, off ast.Pos) (*docs.Doc, ast.Span, bool) {
	if u := nearby.Of(d).UseAt(off); u != nil {
		if name := builtinUse(u); name != "" {
			doc, ok := docs.Lookup(name)
			return doc, u.Span, ok
		}
	}
	name, i := cursor.Innermost[*ast.AttrName](path)
	if i < 1 {
		return nil, ast.Span{}, false
	}
	sel, ok := path[i-1].(*ast.Select)
	if !ok || len(sel.Path) == 0 || sel.Path[0] != name {
		return nil, ast.Span{}, false
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok || id.Name != "builtins" {
		return nil, ast.Span{}, false
	}
	doc, ok := docs.Lookup(name.Name)
	return doc, name.Span, ok
}

// builtinUse returns the builtin that a variable is: by its own name, inherited
// from builtins, or provided by `with builtins`; "" for others.
func builtinUse(u *scope.Use) string {
	isBuiltins := func(e ast.Expr) bool {
		id, ok := cursor.Unparen(e).(*ast.Ident)
		return ok && id.Name == "builtins"
	}
	switch {
	case u.Def != nil && u.Def.Kind == scope.Global:
		return strings.TrimPrefix(u.Name, "__")
	case u.Def != nil && u.Def.From != nil:
		if isBuiltins(u.Def.From) && scope.IsBuiltin(u.Name) {
			return u.Name
		}
	case u.Def == nil && scope.IsBuiltin(u.Name):
		for _, w := range providers(u) {
			if isBuiltins(w.Scope) {
				return u.Name
			}
		}
	}
	return ""
}

func builtinDoc(doc *docs.Doc) string {
	return fmt.Sprintf("```nix\nbuiltins.%s\n```\n\n%s", doc.Signature(), doc.Text)
}

// slotsDoc describes slots: how each is defined, where, and its doc comment.
func (s *Server) slotsDoc(ctx context.Context, slots []*shape.Slot) string {
	chain := s.world(ctx).Chain(slots)
	if len(chain) == 0 {
		return ""
	}
	slot := chain[0]
	for _, c := range chain {
		if !c.Inherited() {
			slot = c
			break
		}
	}
	var b strings.Builder
	b.WriteString("```nix\n" + slotHead(slot) + "\n```\n")
	if u := fileURI(slot.Unit.Path); u != "" {
		line := s.lineOf(ctx, slot.Unit, slot.Names[0].Start)
		fmt.Fprintf(&b, "\n[%s:%d](%s#L%d)\n", filepath.Base(slot.Unit.Path), line, u, line)
	}
	if doc := s.docComment(ctx, slot); doc != "" {
		b.WriteString("\n" + doc + "\n")
	}
	return b.String()
}

// lineOf returns the line of an offset, counted from 1.
func (s *Server) lineOf(ctx context.Context, u *shape.Unit, off ast.Pos) int {
	if d, ok := s.docOf(ctx, u); ok {
		return d.Mapper().Line(off) + 1
	}
	return u.File.Position(off).Line
}

// slotHead is the first line or so of a definition.
func slotHead(slot *shape.Slot) string {
	f := slot.Unit.File
	switch n := slot.Binding.(type) {
	case *ast.Formal:
		return "{ " + oneLine(f, n, 100) + " }: ..."
	case *ast.Lambda:
		return slot.Name + ": ..."
	case *ast.Inherit:
		if n.From != nil {
			return "inherit (" + oneLine(f, n.From, 60) + ") " + slot.Name + ";"
		}
		return "inherit " + slot.Name + ";"
	}
	if slot.Value == nil {
		return slot.Name + " = { ... };"
	}
	switch v := cursor.Unparen(slot.Value).(type) {
	case *ast.Lambda:
		// Show all arguments of a curried function.
		text := ""
		for {
			head := f.Src[v.Start:min(v.End, max(v.Start, v.Colon+1))] // the colon may be missing
			text += shorten(head, 100) + " "
			next, ok := cursor.Unparen(v.Body).(*ast.Lambda)
			if !ok {
				break
			}
			v = next
		}
		return slot.Name + " = " + text + "..."
	case *ast.AttrSet:
		return slot.Name + " = " + oneLine(f, v, 80) + ";"
	}
	return slot.Name + " = " + oneLine(f, slot.Value, 100) + ";"
}

// docComment returns the comment before a binding or in front of its value: in
// the form of RFC 145, or any other that stands directly before it.
func (s *Server) docComment(ctx context.Context, slot *shape.Slot) string {
	d, ok := s.docOf(ctx, slot.Unit)
	if !ok || slot.Binding == nil {
		return ""
	}
	at := slot.Binding.Pos()
	if _, lambda := slot.Binding.(*ast.Lambda); lambda {
		return ""
	}
	if text := commentBefore(d, at); text != "" {
		return text
	}
	if slot.Value != nil {
		return commentBefore(d, slot.Value.Pos())
	}
	return ""
}

// commentBefore returns the text of the comments that end right before an offset,
// without their signs. Comments of the line form must stand on lines of their own.
func commentBefore(d *document.Snapshot, at ast.Pos) string {
	head := strings.TrimRight(d.Text[:at], " \t\r\n")
	if strings.Count(d.Text[len(head):at], "\n") > 1 {
		return "" // a blank line between: it is about something else
	}
	if strings.HasSuffix(head, "*/") {
		i := strings.LastIndex(head, "/*")
		if i < 0 {
			return ""
		}
		return dedent(strings.TrimPrefix(strings.TrimSuffix(head[i+2:], "*/"), "*"))
	}
	var lines []string
	for {
		i := strings.LastIndexByte(head, '\n') + 1
		line := strings.TrimSpace(head[i:])
		if !strings.HasPrefix(line, "#") {
			break
		}
		lines = append([]string{strings.TrimPrefix(strings.TrimLeft(line, "#"), " ")}, lines...)
		if i == 0 {
			break
		}
		rest := strings.TrimRight(head[:i-1], " \t\r")
		if strings.HasSuffix(rest, "\n") {
			break
		}
		head = rest
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// dedent removes the indentation that the lines of a comment share.
func dedent(text string) string {
	lines := strings.Split(text, "\n")
	common := -1
	for _, l := range lines[1:] {
		if trimmed := strings.TrimLeft(l, " \t"); trimmed != "" {
			if n := len(l) - len(trimmed); common < 0 || n < common {
				common = n
			}
		}
	}
	for i := 1; i < len(lines) && common > 0; i++ {
		lines[i] = lines[i][min(common, len(lines[i])):]
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func fileURI(path string) uri.URI {
	if filepath.IsAbs(path) {
		return uri.File(path)
	}
	return uri.URI(path)
}

func parseURI(text string) (uri.URI, error) { return uri.Parse(text) }
