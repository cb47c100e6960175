package lsp

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/modules"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// optionData names an option in the data of a completion item.
type optionData struct {
	Root  worker.Root    `json:"root"`
	Index int            `json:"index"`
	Steps []modules.Step `json:"steps"`
}

// optionCandidates completes the names of options where a module defines them.
// owner is the set in which the cursor stands, prefix what is typed of the path.
// known says that options are what belongs there.
func (s *Server) optionCandidates(ctx context.Context, pl place, owner *ast.AttrSet, prefix []string) (list []candidate, more, known bool) {
	for _, v := range s.moduleViews(ctx, pl.doc) {
		at, ok := v.PathOf(owner)
		body := v.Body(owner)
		if !ok && !(body && len(prefix) > 0 && prefix[0] == "config") {
			if body && len(prefix) == 0 {
				list = append(list, moduleCandidates...)
			}
			continue
		}
		if len(prefix) > 0 && body && prefix[0] == "config" {
			prefix = prefix[1:]
		}
		found, incomplete := s.optionsBelow(ctx, pl, v.sys, append(at, modules.Names(prefix...)...), true)
		list, more, known = append(list, found...), more || incomplete, true
		if body && len(prefix) == 0 {
			list = append(list, moduleCandidates...)
		}
	}
	return list, more, known
}

// moduleCandidates are what modules have besides definitions.
var moduleCandidates = []candidate{
	{label: "imports", kind: protocol.CompletionItemKindKeyword, insert: "imports = [ $1 ];", snippet: true, rank: 5},
	{label: "options", kind: protocol.CompletionItemKindKeyword, rank: 5},
	{label: "config", kind: protocol.CompletionItemKindKeyword, rank: 5},
}

// configCandidates completes a selection from `config` or `options`.
func (s *Server) configCandidates(ctx context.Context, pl place) (list []candidate, more bool) {
	steps, ok := configPath(pl.doc, pl.x)
	if !ok {
		return nil, false
	}
	for _, n := range pl.names {
		steps = append(slices.Clip(steps), modules.Step{Name: n.Name, Any: n.Dynamic()})
	}
	for _, v := range s.moduleViews(ctx, pl.doc) {
		sys := *v.sys
		found, incomplete := s.optionsBelow(ctx, pl, &sys, steps, false)
		list, more = append(list, found...), more || incomplete
	}
	return list, more
}

// optionsBelow lists what there is below a path of options.
func (s *Server) optionsBelow(ctx context.Context, pl place, sys *optionSystem, steps []modules.Step, define bool) ([]candidate, bool) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	req := sys.request("options", steps)
	req.Prefix, req.Limit = pl.prefix, s.viewOf(ctx).settings(pl.doc.Path).Completion.MaxItems
	resp, err := s.evaluate(ctx, pl.doc, req)
	if err != nil {
		return nil, errors.Is(err, context.DeadlineExceeded)
	}
	var out []candidate
	for _, a := range resp.Attrs {
		name := quote.Identifier(a.Name)
		c := candidate{label: a.Name, insert: name, kind: protocol.CompletionItemKindModule, detail: a.Detail}
		if a.Option {
			c.kind = protocol.CompletionItemKindProperty
			if define {
				c.insert, c.snippet = strings.ReplaceAll(name, "$", "\\$")+" = "+optionSnippet(a)+";", true
				c.plain = name
			}
		}
		c.data = &completionData{URI: string(pl.doc.URI), Option: &optionData{
			Root: sys.root, Index: sys.index, Steps: append(slices.Clip(req.Steps), modules.Step{Name: a.Name}),
		}}
		out = append(out, c)
	}
	return out, resp.More
}

// optionSnippet writes a value to fill in, by the type of an option.
func optionSnippet(a worker.Attr) string {
	if len(a.Choices) > 0 {
		var b strings.Builder
		escape := strings.NewReplacer("\\", "\\\\", ",", "\\,", "|", "\\|", "$", "\\$", "}", "\\}")
		for i, c := range a.Choices {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(escape.Replace(c))
		}
		return "${1|" + b.String() + "|}"
	}
	switch {
	case a.Type == "bool":
		return "${1|true,false|}"
	case a.Type == "lines":
		return "''\n  $1\n''"
	case a.Type == "listOf" || a.Type == "nonEmptyListOf":
		return "[ $1 ]"
	case a.Type == "submodule" || a.Type == "attrsOf" || a.Type == "attrs" || a.Type == "lazyAttrsOf":
		return "{\n  $1\n}"
	case a.Type == "package":
		return "${1:pkgs.}"
	case a.Type == "str" || a.Type == "string" || a.Type == "singleLineStr" || strings.HasPrefix(a.Detail, "string") || strings.HasPrefix(a.Detail, "(optionally newline-terminated)"):
		return `"$1"`
	}
	return "$1"
}

// optionValues completes the value of an option that takes few values. In a
// string these are offered without quotes. more says that the option is not known
// yet.
func (s *Server) optionValues(ctx context.Context, pl place, inString bool) (list []candidate, more bool) {
	attr, i := cursor.Innermost[*ast.Attr](pl.path)
	if i < 0 || len(attr.Path) == 0 || attr.Eq <= 0 || pl.off <= attr.Eq {
		return nil, false
	}
	for _, n := range pl.path[i+1:] {
		switch n.(type) {
		case *ast.AttrSet, *ast.Select, *ast.Lambda, *ast.Let, *ast.AttrName:
			return nil, false
		}
	}
	for _, v := range s.moduleViews(ctx, pl.doc) {
		steps, ok := v.At(attr.Path[len(attr.Path)-1])
		if !ok {
			continue
		}
		for _, n := range pl.path[i+1:] {
			if _, list := n.(*ast.List); list {
				steps = append(steps, modules.Step{Elem: true})
			}
		}
		ctx, cancel := context.WithTimeout(ctx, quick)
		defer cancel()
		opt, err := s.option(ctx, pl.doc, optionRef{sys: v.sys, steps: steps})
		if err != nil {
			return nil, errors.Is(err, context.DeadlineExceeded)
		}
		values := opt.Choices
		if opt.TypeName == "bool" {
			values = []string{"true", "false"}
		}
		for _, value := range values {
			quoted := strings.HasPrefix(value, `"`)
			if inString != quoted && (inString || pl.prefix != "") {
				continue
			}
			c := candidate{label: value, kind: protocol.CompletionItemKindEnumMember, rank: -1}
			if inString {
				c.label = strings.Trim(value, `"`)
			}
			list = append(list, c)
		}
		return list, false
	}
	return nil, false
}
