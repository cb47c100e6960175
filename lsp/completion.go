package lsp

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/eval/docs"
	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/lsp/shape"
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
	prefix string   // before the cursor
	path   []ast.Node
	// sel is set after a dot: the selection, and how many of its names are whole.
	x     ast.Expr
	names []*ast.AttrName
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
	list, more := s.candidates(ctx, pl)
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
	pl.prefix = d.Text[pl.word.Start:off]
	pl.path = cursor.Path(d.File().Root, off)
	return pl
}

func wordByte(c byte) bool {
	return c == '_' || c == '-' || c == '\'' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// candidates returns everything that may stand at a place. more says that the
// list is not complete yet.
func (s *Server) candidates(ctx context.Context, pl place) (list []candidate, more bool) {
	d, text := pl.doc, pl.doc.Text
	if inComment(d, pl.off) {
		return nil, false
	}
	if paths, ok := s.pathCandidates(ctx, pl); ok {
		return paths, false
	}
	if in, ok := stringAround(pl); ok {
		if list := s.optionValues(ctx, pl, true); len(list) > 0 {
			return list, false
		}
		return flakeStrings(d, in), false
	}
	// After a dot: attributes.
	before := strings.TrimRight(text[:pl.word.Start], " \t\r\n")
	if strings.HasSuffix(before, ".") && !strings.HasSuffix(before, "..") {
		pl.x, pl.names = selectionBefore(pl)
		if pl.x != nil {
			return s.attributeCandidates(ctx, pl)
		}
		return s.nameCandidates(ctx, pl)
	}
	if in, _ := cursor.Innermost[*ast.Inherit](pl.path); in != nil && pl.off > in.Start+6 && pl.off <= in.End {
		if in.From != nil && pl.off > in.From.Stop() {
			pl.x = in.From
			return s.attributeCandidates(ctx, pl)
		}
	}
	if names, incomplete, ok := s.bindingNames(ctx, pl); ok {
		return names, incomplete
	}
	if formals, ok := formalCandidates(pl); ok {
		return formals, false
	}
	list, more = s.scopeCandidates(ctx, pl)
	return append(s.optionValues(ctx, pl, false), list...), more
}

// scopeCandidates are the names in scope, the keywords, and what withs provide.
func (s *Server) scopeCandidates(ctx context.Context, pl place) (list []candidate, more bool) {
	info := scopes.Of(pl.doc)
	seen := map[string]bool{}
	depth := 0
	var withs []*scope.Scope
	for sc := scopeBefore(info, pl); sc != nil; sc = sc.Parent {
		if sc.IsWith() {
			withs = append(withs, sc)
			continue
		}
		for _, def := range sc.Defs {
			if seen[def.Name] || def.Name == "" || !quote.IsIdentifier(def.Name) {
				continue
			}
			if def.Kind == scope.Global && strings.HasPrefix(def.Name, "__") && !strings.HasPrefix(pl.prefix, "__") {
				continue
			}
			if len(def.Names) == 1 && def.Names[0] == pl.word {
				continue // the word being typed
			}
			seen[def.Name] = true
			c := candidate{label: def.Name, kind: kindOf(def), rank: depth, data: &completionData{URI: string(pl.doc.URI), Offset: def.Span().Start}}
			switch {
			case def.Kind == scope.Global:
				c.rank = 50
				c.data = &completionData{Builtin: strings.TrimPrefix(def.Name, "__")}
				if doc, ok := docs.Lookup(c.data.Builtin); ok {
					c.detail = doc.Signature()
				}
			case def.Value != nil:
				c.detail = symbolDetail(pl.doc.File(), def.Value)
			}
			list = append(list, c)
		}
		depth++
	}
	for _, w := range withs {
		with := w.Node.(*ast.With)
		at := pl
		at.x, at.names = with.Scope, nil
		attrs, incomplete := s.attributeCandidates(ctx, at)
		more = more || incomplete
		for _, c := range attrs {
			if !seen[c.label] {
				seen[c.label] = true
				c.rank = 20
				list = append(list, c)
			}
		}
	}
	return append(list, keywords...), more
}

// scopeBefore returns the scope at the cursor. Right after `let x = 1; in` the
// scope is that of the let, though nothing of its body is there yet.
func scopeBefore(info *scope.Info, pl place) *scope.Scope {
	here := info.ScopeAt(pl.off)
	end := ast.Pos(len(strings.TrimRight(pl.doc.Text[:pl.word.Start], " \t\r\n")))
	before := info.ScopeAt(end)
	var body ast.Expr
	switch n := before.Node.(type) {
	case *ast.Let:
		body = n.Body
	case *ast.Lambda:
		body = n.Body
	case *ast.With:
		body = n.Body
	}
	if _, unfinished := body.(*ast.Bad); unfinished {
		return before
	}
	return here
}

func kindOf(def *scope.Def) protocol.CompletionItemKind {
	switch def.Kind {
	case scope.Formal, scope.Arg:
		return protocol.CompletionItemKindVariable
	case scope.Global:
		switch def.Name {
		case "true", "false", "null":
			return protocol.CompletionItemKindConstant
		case "builtins":
			return protocol.CompletionItemKindModule
		}
		return protocol.CompletionItemKindFunction
	}
	return kindOfValue(def.Value, protocol.CompletionItemKindVariable)
}

func kindOfValue(e ast.Expr, other protocol.CompletionItemKind) protocol.CompletionItemKind {
	switch cursor.Unparen(e).(type) {
	case *ast.Lambda:
		return protocol.CompletionItemKindFunction
	case *ast.AttrSet:
		return protocol.CompletionItemKindModule
	}
	return other
}

// keywords are always offered; what cannot stand somewhere is soon typed past.
var keywords = func() []candidate {
	var out []candidate
	for _, k := range []struct{ word, snippet string }{
		{"let", "let\n  ${1:name} = ${2:value};\nin\n$0"},
		{"if", "if ${1:condition} then $2 else $0"},
		{"with", "with ${1:set}; $0"},
		{"assert", "assert ${1:condition}; $0"},
		{"rec", "rec {\n  $0\n}"},
		{"inherit", "inherit $0;"},
		{"in", ""}, {"then", ""}, {"else", ""}, {"or", ""},
	} {
		out = append(out, candidate{label: k.word, kind: protocol.CompletionItemKindKeyword, rank: 60, insert: k.snippet, snippet: k.snippet != ""})
	}
	return out
}()

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

// pathCandidates complete a path literal or a search path.
func (s *Server) pathCandidates(_ context.Context, pl place) ([]candidate, bool) {
	text := pl.doc.Text
	start := pl.off
	for start > 0 && (wordByte(text[start-1]) || strings.IndexByte("./~+", text[start-1]) >= 0) {
		start--
	}
	typed := text[start:pl.off]
	i := strings.LastIndexByte(typed, '/')
	if i < 0 || !strings.HasPrefix(typed, ".") && !strings.HasPrefix(typed, "/") && !strings.HasPrefix(typed, "~/") {
		return nil, false
	}
	if _, in := stringAround(pl); in {
		return nil, false
	}
	if start > 0 && (text[start-1] == '}' || text[start-1] == '<') {
		return nil, false
	}
	dir, ok := resolvePath(pl.doc.Path, s.opts.Home, typed[:i+1])
	if !ok {
		return nil, false
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, true
	}
	var out []candidate
	for _, e := range entries {
		name := e.Name()
		hidden := strings.HasPrefix(name, ".") && !strings.HasPrefix(typed[i+1:], ".")
		if hidden || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") != "" {
			continue
		}
		c := candidate{label: name, kind: protocol.CompletionItemKindFile, rank: 1}
		if e.IsDir() {
			c.label, c.kind = name+"/", protocol.CompletionItemKindFolder
		} else if strings.HasSuffix(name, ".nix") {
			c.rank = 0
		}
		out = append(out, c)
	}
	return out, true
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

func inComment(d *document.Snapshot, off ast.Pos) bool {
	line := d.Mapper().Line(off)
	if !strings.ContainsAny(d.Text[d.Mapper().LineStart(line):off], "#*") && !strings.Contains(d.Text[:off], "/*") {
		return false
	}
	for _, c := range comments(d) {
		if c.Start < off && (off < c.End || c.Kind == ast.LineComment && off == c.End) {
			return true
		}
	}
	return false
}

// formalCandidates complete the names of a function's arguments with those that
// the body uses and nothing defines.
func formalCandidates(pl place) ([]candidate, bool) {
	fs, i := cursor.Innermost[*ast.Formals](pl.path)
	if i < 0 || pl.off <= fs.Start || pl.off >= fs.End {
		return nil, false
	}
	if f, j := cursor.Innermost[*ast.Formal](pl.path); j > i && pl.off > f.Name.End {
		return nil, false // in a default
	}
	var out []candidate
	seen := map[string]bool{}
	for _, f := range fs.List {
		if f.Name.Span != pl.word {
			seen[f.Name.Name] = true
		}
	}
	add := func(name string, rank int) {
		if !seen[name] {
			seen[name] = true
			out = append(out, candidate{label: name, kind: protocol.CompletionItemKindVariable, rank: rank})
		}
	}
	for _, u := range scopes.Of(pl.doc).Uses {
		if u.Undefined() && u.Span != pl.word && quote.IsIdentifier(u.Name) {
			add(u.Name, 0)
		}
	}
	for _, name := range []string{"lib", "pkgs", "config", "options", "stdenv", "fetchurl", "fetchFromGitHub"} {
		add(name, 1)
	}
	return out, true
}

// flakeStrings completes strings of a flake.nix: inputs to follow.
func flakeStrings(d *document.Snapshot, in ast.Node) []candidate {
	root, ok := d.File().Root.(*ast.AttrSet)
	if !ok || filepath.Base(d.Path) != "flake.nix" {
		return nil
	}
	attr, _ := cursor.Innermost[*ast.Attr](cursor.Path(root, in.Pos()))
	if attr == nil || len(attr.Path) == 0 {
		return nil
	}
	var out []candidate
	switch attr.Path[len(attr.Path)-1].Name {
	case "follows":
		for name := range analysis.FlakeInputs(root) {
			out = append(out, candidate{label: name, kind: protocol.CompletionItemKindModule})
		}
	case "url":
		for _, u := range []string{"github:", "gitlab:", "git+https://", "path:./", "nixpkgs", "https://"} {
			out = append(out, candidate{label: u, kind: protocol.CompletionItemKindText})
		}
	}
	return out
}

// completionList ranks candidates by how well they match what is typed, and cuts
// the list off.
func (s *Server) completionList(ctx context.Context, pl place, list []candidate, more bool) *protocol.CompletionList {
	limit := s.viewOf(ctx).config.Completion.MaxItems
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
	edit := rangeOf(pl.doc, pl.word)
	snippets := s.caps.snippets && s.viewOf(ctx).config.Completion.Snippets
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
		item.TextEdit = &protocol.TextEdit{Range: edit, NewText: text}
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

// bindingNames completes the name of a binding, where one is being typed: options
// of modules, attributes that flakes have, arguments of a known function.
func (s *Server) bindingNames(ctx context.Context, pl place) (list []candidate, more, ok bool) {
	set, prefix, ok := bindingPlace(pl)
	if !ok {
		return nil, false, false
	}
	seen := map[string]bool{}
	have, _ := shapeNames(unitOf.Of(pl.doc), set)
	for _, name := range have {
		seen[name] = true
	}
	add := func(c candidate) {
		if len(prefix) > 0 || !seen[c.label] || c.label == pl.doc.Text[pl.word.Start:pl.word.End] {
			list = append(list, c)
		}
	}
	field := func(names []string) {
		for _, name := range names {
			add(candidate{label: name, insert: quote.Identifier(name), kind: protocol.CompletionItemKindField})
		}
	}
	if filepath.Base(pl.doc.Path) == "flake.nix" {
		full := append(s.attrPathOf(pl), prefix...)
		switch {
		case len(full) == 0:
			field(analysis.FlakeAttrs())
			return list, false, true
		case full[0] == "inputs" && len(full) == 2:
			field(analysis.FlakeInputAttrs())
			return list, false, true
		}
	}
	if len(prefix) == 0 {
		for i, n := range pl.path {
			call, isCall := n.(*ast.Apply)
			if !isCall || i+1 >= len(pl.path) || cursor.Unparen(call.Arg) != set {
				continue
			}
			for _, f := range s.world(ctx).Of(unitOf.Of(pl.doc), call.Fn).Funcs {
				if f.Lambda.Formals == nil {
					continue
				}
				for _, formal := range f.Lambda.Formals.List {
					c := candidate{label: formal.Name.Name, kind: protocol.CompletionItemKindProperty, data: &completionData{URI: string(fileURI(f.Unit.Path)), Offset: formal.Name.Start}}
					if formal.Default != nil {
						c.detail, c.rank = "? "+oneLine(f.Unit.File, formal.Default, 40), 1
					}
					add(c)
				}
			}
		}
	}
	owner, isSet := set.(*ast.AttrSet)
	if !isSet {
		return list, false, len(list) > 0
	}
	options, incomplete, known := s.optionCandidates(ctx, pl, owner, prefix)
	for _, c := range options {
		if c.kind == protocol.CompletionItemKindModule {
			list = append(list, c) // a set of options may be named many times
		} else {
			add(c)
		}
	}
	return list, incomplete, len(list) > 0 || incomplete || known
}

// bindingPlace finds the set or let in which the cursor stands at the name of a
// binding, and the names before it in the path.
func bindingPlace(pl place) (owner ast.Node, prefix []string, ok bool) {
	for i := len(pl.path) - 1; i >= 0; i-- {
		switch n := pl.path[i].(type) {
		case *ast.AttrName:
			if n.Dynamic() {
				return nil, nil, false
			}
		case *ast.Bad:
		case *ast.Attr:
			if n.Eq > 0 && pl.off > n.Eq {
				return nil, nil, false
			}
			for _, name := range n.Path {
				if name.End < pl.word.Start && !name.Dynamic() {
					prefix = append(prefix, name.Name)
				}
			}
		case *ast.BadBinding:
			prefix = textPath(pl, n.Start)
		case *ast.AttrSet:
			if pl.off <= n.Open || pl.off > n.End || pl.off == n.End && n.End > n.Open+1 && pl.doc.Text[n.End-1] == '}' {
				return nil, nil, false
			}
			if prefix == nil {
				prefix = textPath(pl, n.Open+1)
			}
			return n, prefix, true
		case *ast.Let:
			return nil, nil, false
		default:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// textPath reads the names of an unfinished attribute path backwards.
func textPath(pl place, from ast.Pos) []string {
	var names []string
	i := pl.word.Start
	text := pl.doc.Text
	for i > from && text[i-1] == '.' {
		end := i - 1
		start := end
		for start > from && wordByte(text[start-1]) {
			start--
		}
		if start == end {
			break
		}
		names = append(names, text[start:end])
		i = start
	}
	slices.Reverse(names)
	return names
}

// attrPathOf returns the names of the bindings around the cursor, the outermost
// first.
func (s *Server) attrPathOf(pl place) []string {
	var out []string
	for _, n := range pl.path {
		if a, ok := n.(*ast.Attr); ok && pl.off > a.Eq && a.Eq > 0 {
			for _, name := range a.Path {
				out = append(out, name.Name)
			}
		}
	}
	return out
}

// nameCandidates completes a binding's path after a dot.
func (s *Server) nameCandidates(ctx context.Context, pl place) ([]candidate, bool) {
	list, more, _ := s.bindingNames(ctx, pl)
	return list, more
}

func shapeNames(u *shape.Unit, n ast.Node) ([]string, bool) {
	if set, ok := n.(*ast.AttrSet); ok {
		return shape.Literal(u, set).Names(), true
	}
	return nil, false
}
