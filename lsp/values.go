package lsp

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/eval/docs"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/shape"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// target is an expression to evaluate: an expression in the scope of a place, and
// names to follow from its value.
type target struct {
	text string
	path []string
}

// targetAt returns the expression that the name under the cursor stands for.
func targetAt(d *document.Snapshot, path []ast.Node) (target, bool) {
	n := len(path) - 1
	if n < 0 {
		return target{}, false
	}
	src := func(n ast.Node) string { return d.Text[n.Pos():n.Stop()] }
	switch x := path[n].(type) {
	case *ast.Ident:
		if n > 0 {
			if l, ok := path[n-1].(*ast.Lambda); ok && l.Arg == x {
				return target{}, false
			}
			if f, ok := path[n-1].(*ast.Formal); ok && f.Name == x {
				// An argument: what it usually is.
				return target{text: inScope(d, path[:n-1], x.Name, x.Start)}, true
			}
		}
		return target{text: inScope(d, path[:n], x.Name, x.Start)}, true
	case *ast.AttrName:
		if x.Dynamic() || n == 0 {
			return target{}, false
		}
		switch p := path[n-1].(type) {
		case *ast.Select:
			var names []string
			for _, name := range p.Path {
				if name.Dynamic() {
					return target{}, false
				}
				names = append(names, name.Name)
				if name == x {
					break
				}
			}
			return target{text: inScope(d, path[:n-1], src(p.X), x.Start), path: names}, true
		case *ast.Inherit:
			if p.From != nil {
				return target{text: inScope(d, path[:n-1], src(p.From), x.Start), path: []string{x.Name}}, true
			}
			if !quote.IsIdentifier(x.Name) {
				return target{}, false
			}
			if n > 1 {
				return target{text: inScope(d, path[:n-2], x.Name, x.Start)}, true
			}
		case *ast.Attr:
			if len(p.Path) > 0 && x == p.Path[len(p.Path)-1] && n > 1 {
				return target{text: inScope(d, path[:n-1], "("+src(p.Value)+")", x.Start)}, true
			}
		}
	}
	return target{}, false
}

// valueAt evaluates what stands at a place.
func (s *Server) valueAt(ctx context.Context, d *document.Snapshot, path []ast.Node) (*worker.Value, error) {
	if !s.evaluates(s.viewOf(ctx), d.Path) {
		return nil, errNoEval // what follows takes its time
	}
	t, ok := targetAt(d, path)
	if !ok {
		return nil, errNoEval
	}
	resp, err := s.evaluate(ctx, d, worker.Request{Op: "value", Text: t.text, Path: t.path, Dir: dirOf(d)})
	if err != nil {
		return nil, err
	}
	return resp.Value, nil
}

func dirOf(d *document.Snapshot) string {
	if d.Path == "" {
		return "/"
	}
	return filepath.Dir(d.Path)
}

// hoverValue describes the value of a name for a hover.
func (s *Server) hoverValue(ctx context.Context, d *document.Snapshot, path []ast.Node, _ *shape.Mention) string {
	if !s.viewOf(ctx).settings(d.Path).Hover.Values {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	v, err := s.valueAt(ctx, d, path)
	if err != nil {
		var f *worker.Failure
		if errors.As(err, &f) && (f.Kind == "throw" || f.Kind == "abort") && !strings.Contains(f.Msg, unknownArgument) && !strings.Contains(f.Msg, noNixpkgs) {
			return "*fails:* " + f.Msg
		}
		return ""
	}
	return s.valueDoc(ctx, v)
}

// noNixpkgs is part of the error of arguments that would be packages of nixpkgs,
// where there is none: it says nothing about the user's code.
const noNixpkgs = "'nixpkgs' was not found in the Nix search path"

// valueDoc writes a value in Markdown.
func (s *Server) valueDoc(ctx context.Context, v *worker.Value) string {
	if p := v.Package; p != nil {
		var b strings.Builder
		if p.Name == "" {
			b.WriteString("*derivation*") // its name cannot be evaluated
		} else {
			fmt.Fprintf(&b, "**%s**", p.Name)
		}
		if p.Version != "" && !strings.HasSuffix(p.Name, p.Version) {
			fmt.Fprintf(&b, " %s", p.Version)
		}
		if p.Description != "" {
			fmt.Fprintf(&b, "\n\n%s", p.Description)
		}
		if p.Homepage != "" {
			fmt.Fprintf(&b, "\n\n<%s>", p.Homepage)
		}
		if p.License != "" {
			fmt.Fprintf(&b, "\n\nLicense: %s", p.License)
		}
		if p.OutPath != "" {
			fmt.Fprintf(&b, "\n\n`%s`", p.OutPath)
		}
		return b.String()
	}
	switch v.Type {
	case "lambda":
		if doc, ok := docs.Lookup(v.Builtin); ok {
			return builtinDoc(doc)
		}
		text := "*function*"
		if len(v.Formals) > 0 {
			text += " of `{ " + strings.Join(v.Formals, ", ") + " }`"
		}
		if doc := s.functionDoc(ctx, v); doc != "" {
			text += "\n\n" + doc
		}
		return text
	}
	return "*" + v.Type + "*\n\n```nix\n" + v.Text + "\n```"
}

// functionDoc returns the comment before the attribute that a function is, or else
// before the function.
func (s *Server) functionDoc(ctx context.Context, v *worker.Value) string {
	if slot := s.inheritedSlot(ctx, v.Pos); slot != nil {
		if doc := s.docComment(ctx, slot); doc != "" {
			return doc
		}
	}
	for _, at := range []*worker.Place{v.Pos, v.Function} {
		if at != nil {
			if doc := s.docAt(ctx, at); doc != "" {
				return doc
			}
		}
	}
	return ""
}

// docAt returns the comment before the binding around a place that evaluation
// named.
func (s *Server) docAt(ctx context.Context, at *worker.Place) string {
	d, err := s.file(ctx, at.File)
	if err != nil {
		return ""
	}
	off := d.File().LineStart(at.Line) + ast.Pos(at.Column-1)
	a, i := cursor.Innermost[*ast.Attr](cursor.Path(d.File().Root, off))
	if i < 0 {
		return ""
	}
	if text := commentBefore(d, a.Start); text != "" {
		return text
	}
	return commentBefore(d, a.Value.Pos())
}

// locationAt converts a place that evaluation named.
func (s *Server) locationAt(ctx context.Context, at *worker.Place) (protocol.Location, bool) {
	if at == nil || !filepath.IsAbs(at.File) {
		return protocol.Location{}, false
	}
	d, err := s.file(ctx, at.File)
	if err != nil {
		return protocol.Location{}, false
	}
	off := d.File().LineStart(at.Line) + ast.Pos(max(0, at.Column-1))
	return locationOf(d, ast.Span{Start: off, End: off}), true
}

// evaluatedDefinition goes to where evaluation says that a name is defined: a
// package to its own file, a function to itself, the rest to the attribute.
func (s *Server) evaluatedDefinition(ctx context.Context, d *document.Snapshot, off ast.Pos) []protocol.Location {
	path := cursor.Path(d.File().Root, off)
	if loc := s.optionDefinition(ctx, d, path); loc != nil {
		return loc
	}
	v, err := s.providedValue(ctx, d, off)
	if err != nil {
		v, err = s.valueAt(ctx, d, path)
	}
	if err != nil {
		return nil
	}
	places := []*worker.Place{v.Pos, v.Function}
	if v.Package != nil {
		places = append([]*worker.Place{v.Package.Pos}, places...)
	} else if v.Function != nil {
		places = []*worker.Place{v.Pos}
		if v.Pos == nil {
			places = []*worker.Place{v.Function}
		}
	}
	for _, p := range places {
		if slot := s.inheritedSlot(ctx, p); slot != nil {
			return s.slotLocations(ctx, slot)
		}
		if loc, ok := s.locationAt(ctx, p); ok {
			return []protocol.Location{loc}
		}
	}
	return nil
}

// inheritedSlot follows the inherit that an attribute is defined by, which is all
// that evaluation knows of its place, to what it inherits; nil when it is not
// defined by one, or nobody knows more.
func (s *Server) inheritedSlot(ctx context.Context, at *worker.Place) *shape.Slot {
	loc, ok := s.locationAt(ctx, at)
	if !ok {
		return nil
	}
	d, err := s.file(ctx, at.File)
	if err != nil {
		return nil
	}
	world := s.world(ctx)
	m := world.At(unitOf.Of(d), spanOf(d, loc.Range).Start)
	if m == nil || m.Inherit == nil {
		return nil
	}
	for _, slot := range world.Chain(m.Slots) {
		if !slot.Inherited() {
			return slot
		}
	}
	return nil
}

// providedValue evaluates a name as an attribute of the with that provides it, or
// of what it is inherited from, which tells more than its value: where it is
// defined.
func (s *Server) providedValue(ctx context.Context, d *document.Snapshot, off ast.Pos) (*worker.Value, error) {
	use := nearby.Of(d).UseAt(off)
	if use == nil || use.Def != nil && use.Def.From == nil {
		return nil, errNoEval
	}
	if use.Def != nil {
		from := use.Def.From
		around := cursor.Path(d.File().Root, from.Pos())
		if _, i := cursor.Innermost[*ast.Inherit](around); i >= 0 {
			around = around[:i]
		}
		text := inScope(d, around, "("+d.Text[from.Pos():from.Stop()]+")", from.Pos())
		resp, err := s.evaluate(ctx, d, worker.Request{Op: "value", Text: text, Path: []string{use.Name}, Dir: dirOf(d)})
		if err != nil {
			return nil, err
		}
		return resp.Value, nil
	}
	err := error(errNoEval)
	for w := use.With; w != nil; w = w.Parent {
		with, ok := w.Node.(*ast.With)
		if !ok {
			continue
		}
		around := cursor.Path(d.File().Root, with.Start)
		for i, n := range around {
			if n == ast.Node(with) {
				around = around[:i]
				break
			}
		}
		text := inScope(d, around, "("+d.Text[with.Scope.Pos():with.Scope.Stop()]+")", with.Start)
		var resp *worker.Response
		if resp, err = s.evaluate(ctx, d, worker.Request{Op: "value", Text: text, Path: []string{use.Name}, Dir: dirOf(d)}); err == nil {
			return resp.Value, nil
		}
	}
	return nil, err
}

// evaluatedAttrs completes attributes by evaluating what stands before the dot.
func (s *Server) evaluatedAttrs(ctx context.Context, pl place) ([]candidate, bool) {
	x := pl.doc.Text[pl.x.Pos():pl.x.Stop()]
	if x == "" || len(x) > 10_000 {
		return nil, false
	}
	var names []string
	for _, n := range pl.names {
		if n.Dynamic() {
			return nil, false
		}
		names = append(names, n.Name)
	}
	around := cursor.Path(pl.doc.File().Root, pl.x.Pos())
	for i, n := range around {
		if n == ast.Node(pl.x) {
			around = around[:i]
			break
		}
	}
	limit := s.viewOf(ctx).settings(pl.doc.Path).Completion.MaxItems
	text := inScope(pl.doc, around, x, pl.off)
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	resp, err := s.evaluate(ctx, pl.doc, worker.Request{
		Op: "attrs", Text: text, Path: names, Dir: dirOf(pl.doc), Prefix: pl.prefix, Limit: limit,
	})
	if err != nil {
		return nil, errors.Is(err, context.DeadlineExceeded)
	}
	var out []candidate
	for _, a := range resp.Attrs {
		full := text
		c := candidate{
			label: a.Name, insert: quote.Identifier(a.Name), kind: protocol.CompletionItemKindField,
			data: &completionData{URI: string(pl.doc.URI), Expr: full, Path: append(append([]string{}, names...), a.Name)},
		}
		switch a.Type {
		case "lambda":
			c.kind = protocol.CompletionItemKindFunction
		case "set":
			c.kind = protocol.CompletionItemKindModule
		}
		out = append(out, c)
	}
	return out, resp.More
}

// evaluatedDoc describes a completion item that evaluation offered.
func (s *Server) evaluatedDoc(ctx context.Context, data completionData) string {
	u, err := parseURI(data.URI)
	if err != nil {
		return ""
	}
	d, err := s.doc(ctx, u)
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	if data.Option != nil {
		o := data.Option
		opt, err := s.option(ctx, d, optionRef{sys: &optionSystem{root: o.Root, index: o.Index}, steps: o.Steps})
		if err != nil {
			return ""
		}
		return s.optionDoc(ctx, opt)
	}
	resp, err := s.evaluate(ctx, d, worker.Request{Op: "value", Text: data.Expr, Path: data.Path, Dir: dirOf(d)})
	if err != nil {
		return ""
	}
	return s.valueDoc(ctx, resp.Value)
}

// evaluationProblems evaluates a text, and reports an error at the place in it
// that the error, or its trace, names. It waits until typing pauses.
func (s *Server) evaluationProblems(ctx context.Context, d *document.Snapshot) (protocol.Diagnostic, bool) {
	v := s.viewOf(ctx)
	f := d.File()
	if !v.settings(d.Path).Eval.Diagnostics || len(f.Errors) > 0 || d.Path == "" || filepath.Base(d.Path) == "flake.nix" {
		return protocol.Diagnostic{}, false
	}
	args := ""
	if l, ok := cursor.Unparen(f.Root).(*ast.Lambda); ok {
		if args = fileArguments(l); args == "" {
			return protocol.Diagnostic{}, false
		}
	}
	_, err := s.evaluate(ctx, d, worker.Request{Op: "file", File: d.Path, Text: args, Dir: dirOf(d)})
	var fail *worker.Failure
	if !errors.As(err, &fail) || strings.Contains(fail.Msg, unknownArgument) || strings.Contains(fail.Msg, noNixpkgs) {
		return protocol.Diagnostic{}, false
	}
	switch fail.Kind {
	case "cancelled", "unsupported", "other", "syntax":
		return protocol.Diagnostic{}, false
	}
	frames := append([]worker.Frame{{Msg: fail.Msg, Pos: fail.Pos}}, fail.Trace...)
	at := -1
	for i, fr := range frames {
		if fr.Pos != nil && fr.Pos.File == d.Path {
			at = i
			break
		}
	}
	if at < 0 || slices.ContainsFunc(frames[:at], func(f worker.Frame) bool { return f.Pos != nil && f.Pos.File == worker.Guess }) {
		return protocol.Diagnostic{}, false // it is not about this file, or about the arguments guessed for it
	}
	if at == 0 && fail.Kind == "undefined" {
		return protocol.Diagnostic{}, false // that is known without evaluating
	}
	p := frames[at].Pos
	off := f.LineStart(p.Line) + ast.Pos(p.Column-1)
	span := ast.Span{Start: off, End: off}
	if path := cursor.Path(f.Root, off); len(path) > 0 {
		for i := len(path) - 1; i >= 0; i-- {
			if path[i].Pos() == off {
				span.End = path[i].Stop()
				break
			}
		}
	}
	out := protocol.Diagnostic{
		Range: rangeOf(d, span), Severity: protocol.DiagnosticSeverityError, Code: protocol.String("evaluation"),
		Source: protocol.NewOptional(source), Message: protocol.String(fail.Msg),
	}
	if s.caps.relatedInformation {
		for i, fr := range frames {
			if i == at || fr.Msg == "" {
				continue
			}
			if loc, ok := s.locationAt(ctx, fr.Pos); ok && len(out.RelatedInformation) < 10 {
				out.RelatedInformation = append(out.RelatedInformation, protocol.DiagnosticRelatedInformation{Location: loc, Message: fr.Msg})
			}
		}
	}
	return out, true
}

// evaluationPause is how long typing must rest before the text is evaluated.
const evaluationPause = 400 * time.Millisecond
