package lsp

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/eval/docs"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// candidate is one thing that may stand at the cursor.
type candidate struct {
	label  string
	kind   protocol.CompletionItemKind
	detail string
	insert string // when it is not the label
	// rank sorts: what is nearer comes first.
	rank    int
	snippet bool
	plain   string // what to insert when the client knows no snippets
	data    *completionData
}

// completionData comes back when the client wants to know more about an item.
type completionData struct {
	URI     string      `json:"uri,omitempty"`
	Offset  ast.Pos     `json:"offset,omitempty"`
	Builtin string      `json:"builtin,omitempty"`
	Expr    string      `json:"expr,omitempty"`
	Path    []string    `json:"path,omitempty"`
	Option  *optionData `json:"option,omitempty"`
}

// place is where the cursor stands, as completion sees it.
type place struct {
	doc    *document.Snapshot
	off    ast.Pos
	word   ast.Span // the part of a word before the cursor, and after
	edit   ast.Span // what is replaced: the word, but for its quotes
	prefix string   // before the cursor
	path   []ast.Node
	// sel is set after a dot: the selection, and how many of its names are whole.
	x     ast.Expr
	names []*ast.AttrName
	// owner is set in an inherit: the set or let it is part of, whose names it does
	// not mean.
	owner ast.Node
}

// Completion offers what may stand at the cursor: attributes after a dot, else
// names in scope, keywords and snippets; paths, options and flake inputs where
// those stand.
func (s *Server) Completion(ctx context.Context, p *protocol.CompletionParams) (protocol.CompletionResult, error) {
	d, off, err := s.at(ctx, p.TextDocumentPositionParams)
	if err != nil {
		return nil, err
	}
	pl := placeAt(d, off)
	list, more := s.candidates(ctx, &pl)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.completionList(ctx, pl, list, more), nil
}

// placeAt finds out where the cursor stands.
func placeAt(d *document.Snapshot, off ast.Pos) place {
	pl := place{doc: d, off: off, word: ast.Span{Start: off, End: off}}
	for pl.word.Start > 0 && wordByte(d.Text[pl.word.Start-1]) {
		pl.word.Start--
	}
	for int(pl.word.End) < len(d.Text) && wordByte(d.Text[pl.word.End]) {
		pl.word.End++
	}
	pl.edit, pl.prefix = pl.word, d.Text[pl.word.Start:off]
	pl.path = cursor.Path(d.File().Root, off)
	if bad, _ := cursor.Innermost[*ast.Bad](pl.path); bad != nil && bad.Start == off && pl.prefix != "" {
		pl.path = cursor.Path(d.File().Root, off-1) // in the word, rather than in what is missing behind it
	}
	return pl
}

func wordByte(c byte) bool {
	return c == '_' || c == '-' || c == '\'' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// candidates returns everything that may stand at a place. more says that the
// list is not complete yet.
func (s *Server) candidates(ctx context.Context, at *place) (list []candidate, more bool) {
	d := at.doc
	if inComment(*at) {
		return nil, false
	}
	if paths, ok := s.pathCandidates(ctx, at); ok {
		return paths, false
	}
	if at.inQuotes() {
		return s.quotedCandidates(ctx, *at)
	}
	pl := *at
	if in, ok := stringAround(pl); ok {
		if list, more := s.optionValues(ctx, pl, true); len(list) > 0 || more {
			return list, more
		}
		return flakeStrings(d, in), false
	}
	if names, incomplete, ok := s.namesAt(ctx, pl); ok {
		return names, incomplete
	}
	if formals, ok := s.formalCandidates(pl); ok {
		return formals, false
	}
	list, more = s.scopeCandidates(ctx, pl)
	values, incomplete := s.optionValues(s.beside(ctx), pl, false)
	return append(values, list...), more || incomplete
}

// namesAt are the attributes that may be named at a place where a name has to stand: in
// a selection, an inherit or at the start of a binding.
func (s *Server) namesAt(ctx context.Context, pl place) (list []candidate, more, ok bool) {
	before := strings.TrimRight(pl.doc.Text[:pl.word.Start], " \t\r\n")
	if strings.HasSuffix(before, ".") && !strings.HasSuffix(before, "..") {
		if pl.x, pl.names = selectionBefore(pl); pl.x != nil {
			list, more = s.attributeCandidates(ctx, pl)
		} else {
			list, more, _ = s.bindingNames(ctx, pl)
		}
		return list, more, true
	}
	if strings.HasSuffix(before, "?") {
		if has, _ := cursor.Innermost[*ast.HasAttr](pl.path); has != nil && has.Op < pl.off {
			pl.x = has.X
			list, more = s.attributeCandidates(ctx, pl)
			return list, more, true
		}
	}
	if in, i := inheritBefore(&pl); in != nil {
		if in.From != nil && pl.off > in.From.Stop() {
			pl.x = in.From
			list, more := s.attributeCandidates(ctx, pl)
			return slices.DeleteFunc(list, func(c candidate) bool { return inherits(in, c.label, pl.word) }), more, true
		}
		if in.From == nil && i > 0 {
			list, more = s.inheritCandidates(ctx, pl, in, pl.path[i-1])
			return list, more, true
		}
	}
	return s.bindingNames(ctx, pl)
}

// inheritBefore returns the inherit at whose names the cursor stands, and its index
// on the path. An inherit without an end does not reach as far as the cursor.
func inheritBefore(pl *place) (*ast.Inherit, int) {
	in, i := cursor.Innermost[*ast.Inherit](pl.path)
	if in == nil {
		end := ast.Pos(len(strings.TrimRight(pl.doc.Text[:pl.word.Start], " \t\r\n")))
		path := cursor.Path(pl.doc.File().Root, end)
		if in, i = cursor.Innermost[*ast.Inherit](path); in == nil || in.End != end || pl.doc.Text[end-1] == ';' || end == pl.off {
			return nil, -1
		}
		pl.path = path
		return in, i
	}
	if pl.off <= in.Start+6 || pl.off > in.End {
		return nil, -1
	}
	return in, i
}

// selectionBefore finds what stands before the dot before the cursor. While
// typing, the tree often has no selection there yet: then the text in front is
// read backwards.
func selectionBefore(pl place) (ast.Expr, []*ast.AttrName) {
	for i := len(pl.path) - 1; i >= 0; i-- {
		switch n := pl.path[i].(type) {
		case *ast.Select:
			var whole []*ast.AttrName
			for _, name := range n.Path {
				if name.End < pl.word.Start && name.Start < name.End {
					whole = append(whole, name)
				}
			}
			if n.X.Stop() <= pl.word.Start {
				return n.X, whole
			}
		case *ast.HasAttr:
			var whole []*ast.AttrName
			for _, name := range n.Path {
				if name.End < pl.word.Start && name.Start < name.End {
					whole = append(whole, name)
				}
			}
			if n.Op < pl.word.Start {
				return n.X, whole
			}
		case *ast.Attr:
			return nil, nil
		}
	}
	return nil, nil
}

// attributeCandidates are the attributes of an expression: as the source shows
// them, of builtins, and as evaluation finds them.
func (s *Server) attributeCandidates(ctx context.Context, pl place) (list []candidate, more bool) {
	u := unitOf.Of(pl.doc)
	seen := map[string]bool{}
	if id, ok := pl.x.(*ast.Ident); ok && id.Name == "builtins" && len(pl.names) == 0 {
		for _, name := range scope.Builtins {
			c := candidate{label: name, kind: protocol.CompletionItemKindFunction, data: &completionData{Builtin: name}}
			if doc, ok := docs.Lookup(name); ok {
				c.detail = doc.Signature()
				if len(doc.Args) == 0 {
					c.kind = protocol.CompletionItemKindConstant
				}
			}
			list = append(list, c)
		}
		return list, false
	}
	world := s.world(ctx)
	sh := world.Of(u, pl.x)
	for _, n := range pl.names {
		sh = world.Slots(sh.Attr(n.Name))
	}
	for i := len(sh.Sets) - 1; i >= 0; i-- {
		for _, name := range sh.Sets[i].Names() {
			if seen[name] {
				continue
			}
			seen[name] = true
			slot := sh.Sets[i].Attr(name)
			list = append(list, candidate{
				label: name, insert: quote.Identifier(name), kind: kindOfValue(slot.Value, protocol.CompletionItemKindField),
				detail: symbolDetail(slot.Unit.File, slot.Value),
				data:   &completionData{URI: string(fileURI(slot.Unit.Path)), Offset: slot.Names[0].Start},
			})
		}
	}
	if len(sh.Sets) > 0 && !sh.Open {
		return list, false
	}
	if len(list) > 0 {
		ctx = s.beside(ctx)
	}
	options, incomplete := s.configCandidates(ctx, pl)
	if len(options) > 0 {
		return append(list, options...), incomplete
	}
	names, incomplete := s.evaluatedAttrs(ctx, pl)
	for _, c := range names {
		if !seen[c.label] {
			list = append(list, c)
		}
	}
	return list, incomplete
}

// stringAround returns the string in whose text the cursor stands.
func stringAround(pl place) (ast.Node, bool) {
	for i := len(pl.path) - 1; i >= 0; i-- {
		n := pl.path[i]
		switch n.(type) {
		case *ast.String, *ast.IndString:
			if n.Pos() >= pl.off || pl.off >= n.Stop() && n.Stop() > n.Pos()+1 && pl.doc.Text[n.Stop()-1] == pl.doc.Text[n.Pos()] {
				continue
			}
			for _, p := range parts(n) {
				if p.Expr != nil && p.Start < pl.off && pl.off < p.End {
					return nil, false
				}
			}
			return n, true
		}
	}
	return nil, false
}

// inComment reports whether the cursor stands in a comment.
func inComment(pl place) bool {
	list := pl.doc.File().Comments // in order
	i := sort.Search(len(list), func(i int) bool { return list[i].End >= pl.off })
	if i == len(list) {
		return false
	}
	c := list[i]
	return c.Start < pl.off && (pl.off < c.End || c.Kind == ast.LineComment)
}

// completionList ranks candidates by how well they match what is typed, and cuts
// the list off.
func (s *Server) completionList(ctx context.Context, pl place, list []candidate, more bool) *protocol.CompletionList {
	limit := s.viewOf(ctx).settings(pl.doc.Path).Completion.MaxItems
	type ranked struct {
		candidate
		score int
	}
	var hits []ranked
	for _, c := range list {
		if score, ok := match(pl.prefix, c.label); ok {
			if !strings.HasPrefix(strings.ToLower(c.label), strings.ToLower(pl.prefix)) {
				score += 500
			} else {
				score = 0 // any name that begins so: nearness decides, then the alphabet
			}
			hits = append(hits, ranked{c, score})
		}
	}
	sort.SliceStable(hits, func(i, j int) bool {
		a, b := hits[i], hits[j]
		if a.score+10*a.rank != b.score+10*b.rank {
			return a.score+10*a.rank < b.score+10*b.rank
		}
		return a.label < b.label
	})
	out := &protocol.CompletionList{IsIncomplete: more || len(hits) > limit, Items: []protocol.CompletionItem{}}
	edit := rangeOf(pl.doc, pl.edit)
	if s.caps.itemDefaults {
		out.ItemDefaults = &protocol.CompletionItemDefaults{EditRange: &edit} // said once, rather than with each item
	}
	snippets := s.caps.snippets && s.viewOf(ctx).settings(pl.doc.Path).Completion.Snippets
	for i, h := range hits[:min(len(hits), limit)] {
		item := protocol.CompletionItem{Label: h.label, Kind: h.kind, SortText: protocol.NewOptional(sortKey(i))}
		text := h.label
		if h.plain != "" {
			text = h.plain
		}
		if h.insert != "" && (!h.snippet || snippets) {
			text = h.insert
			if h.snippet {
				item.InsertTextFormat = protocol.InsertTextFormatSnippet
			}
		}
		switch {
		case !s.caps.itemDefaults:
			item.TextEdit = &protocol.TextEdit{Range: edit, NewText: text}
		case text != h.label:
			item.TextEditText = protocol.NewOptional(text)
		}
		if h.detail != "" {
			item.Detail = protocol.NewOptional(h.detail)
		}
		if h.data != nil {
			item.Data, _ = json.Marshal(h.data)
		}
		out.Items = append(out.Items, item)
	}
	return out
}

// sortKey keeps clients from sorting by label.
func sortKey(i int) string {
	return string([]byte{byte('a' + i/676%26), byte('a' + i/26%26), byte('a' + i%26)})
}

// CompletionResolve adds the documentation of an item that the user looks at.
func (s *Server) CompletionResolve(ctx context.Context, item *protocol.CompletionItem) (*protocol.CompletionItem, error) {
	var data completionData
	if item.Data == nil || json.Unmarshal(item.Data, &data) != nil {
		return item, nil
	}
	text := ""
	switch {
	case data.Builtin != "":
		if doc, ok := docs.Lookup(data.Builtin); ok {
			text = builtinDoc(doc)
		}
	case data.Expr != "" || data.Option != nil:
		text = s.evaluatedDoc(ctx, data)
	case data.URI != "":
		u, err := parseURI(data.URI)
		if err != nil {
			return item, nil
		}
		d, err := s.doc(ctx, u)
		if err != nil {
			return item, nil
		}
		if m := s.world(ctx).At(unitOf.Of(d), min(data.Offset, ast.Pos(len(d.Text)))); m != nil {
			text = s.slotsDoc(ctx, m.Slots)
		}
	}
	if text != "" {
		item.Documentation = &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: text}
	}
	return item, ctx.Err()
}
