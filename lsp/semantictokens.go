package lsp

import (
	"context"
	"slices"
	"sort"
	"strconv"
	"sync"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// Semantic tokens are given for names only: what a grammar cannot tell is what a
// name means, and whether anything defines it. Keywords, literals, comments and
// attribute names are coloured well by the editors' grammars, and leaving them
// out keeps the number of tokens modest, which keeps editors smooth.

// The token types, in the order of the legend.
const (
	tokParameter = iota
	tokVariable
	tokFunction
	tokProperty
	tokKeyword
	tokString
	tokNumber
	tokComment
	tokOperator
	tokMacro
)

// The modifiers, as bits in the order of the legend.
const (
	modDeclaration = 1 << iota
	modReadonly
	modDeprecated
	modDefaultLibrary
	modUnresolved
	modFromWith
)

var tokenLegend = protocol.SemanticTokensLegend{
	TokenTypes: []string{
		"parameter", "variable", "function", "property", "keyword", "string", "number", "comment", "operator", "macro",
	},
	TokenModifiers: []string{"declaration", "readonly", "deprecated", "defaultLibrary", "unresolved", "fromWith"},
}

// token is one semantic token on one line.
type token struct {
	ast.Span
	kind, mods uint32
}

// nameTokens are the tokens of a text in order.
var nameTokens = document.NewAnalysis(func(d *document.Snapshot) []token {
	info := scopes.Of(d)
	uses := make([]token, 0, len(info.Uses))
	for _, u := range info.Uses {
		kind, mods := tokenOf(u.Def)
		switch {
		case u.Undefined():
			mods |= modUnresolved
		case u.Def == nil:
			mods |= modFromWith
		}
		if builtinUse(u) != "" && (u.Def == nil || u.Def.From != nil) {
			kind, mods = tokFunction, mods|modDefaultLibrary
		}
		uses = append(uses, token{u.Span, kind, mods})
	}
	defs := make([]token, 0, len(info.Defs))
	for _, def := range info.Defs {
		if def.Inherits != nil {
			continue // its use says more
		}
		kind, mods := tokenOf(def)
		for _, n := range def.Names {
			defs = append(defs, token{n, kind, mods | modDeclaration})
		}
	}
	slices.SortStableFunc(defs, tokenOrder) // where a name is spelt twice
	return mergeTokens(uses, defs)
})

func tokenOrder(a, b token) int { return int(a.Start - b.Start) }

// mergeTokens makes one list in order of two, one of which may be empty.
func mergeTokens(a, b []token) []token {
	switch {
	case len(b) == 0:
		return a
	case len(a) == 0:
		return b
	}
	out := make([]token, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if b[0].Start < a[0].Start {
			out, b = append(out, b[0]), b[1:]
		} else {
			out, a = append(out, a[0]), a[1:]
		}
	}
	return append(append(out, a...), b...)
}

// tokenOf chooses the token for a name by its definition.
func tokenOf(def *scope.Def) (kind, mods uint32) {
	if def == nil {
		return tokVariable, 0
	}
	switch def.Kind {
	case scope.Global:
		switch def.Name {
		case "true", "false", "null", "builtins":
			return tokVariable, modDefaultLibrary | modReadonly
		}
		return tokFunction, modDefaultLibrary
	case scope.Formal, scope.Arg:
		return tokParameter, 0
	}
	if _, ok := cursor.Unparen(def.Value).(*ast.Lambda); ok {
		return tokFunction, 0
	}
	if def.Kind == scope.Rec {
		return tokProperty, 0
	}
	return tokVariable, 0
}

// encodeTokens packs tokens as the protocol wants them: each relative to the one
// before. A token that spans lines is left out.
func encodeTokens(d *document.Snapshot, list []token) []uint32 {
	m, walk := d.Mapper(), d.Mapper().Walk()
	data := make([]uint32, 0, 5*len(list))
	var line, char uint32
	var end ast.Pos
	for _, t := range list {
		if t.Start < end || t.Start >= t.End {
			continue
		}
		at := walk.Position(t.Start)
		if t.End > m.LineEnd(int(at.Line)) {
			continue
		}
		end = t.End
		dc := at.Character
		if at.Line == line {
			dc -= char
		}
		data = append(data, at.Line-line, dc, uint32(m.Units(d.Text[t.Start:t.End])), t.kind, t.mods)
		line, char = at.Line, at.Character
	}
	return data
}

// encoded are the tokens of a whole text as the protocol wants them.
var encoded = document.NewAnalysis(func(d *document.Snapshot) []uint32 {
	return encodeTokens(d, allTokens.Of(d))
})

// SemanticTokensFull colours a whole text.
func (s *Server) SemanticTokensFull(ctx context.Context, p *protocol.SemanticTokensParams) (*protocol.SemanticTokens, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	data := s.tokenData(ctx, d)
	id := s.tokens.put(docKey(d.URI), data)
	return &protocol.SemanticTokens{ResultID: &id, Data: data}, nil
}

func (s *Server) tokenData(ctx context.Context, d *document.Snapshot) []uint32 {
	if !s.viewOf(ctx).settings(d.Path).SemanticTokens.Enable {
		return []uint32{}
	}
	if !s.viewOf(ctx).settings(d.Path).Embedded.Enable {
		return encodeTokens(d, nameTokens.Of(d))
	}
	return encoded.Of(d)
}

func tokensOf(v *view, d *document.Snapshot) []token {
	if !v.settings(d.Path).Embedded.Enable {
		return nameTokens.Of(d)
	}
	return allTokens.Of(d)
}

// SemanticTokensRange colours what is on the screen.
func (s *Server) SemanticTokensRange(ctx context.Context, p *protocol.SemanticTokensRangeParams) (*protocol.SemanticTokens, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	if !s.viewOf(ctx).settings(d.Path).SemanticTokens.Enable {
		return &protocol.SemanticTokens{Data: []uint32{}}, nil
	}
	span := spanOf(d, p.Range)
	list := tokensOf(s.viewOf(ctx), d)
	from := sort.Search(len(list), func(i int) bool { return list[i].End > span.Start })
	to := from
	for to < len(list) && list[to].Start < span.End {
		to++
	}
	return &protocol.SemanticTokens{Data: encodeTokens(d, list[from:to])}, nil
}

// SemanticTokensFullDelta tells what changed since the tokens the client holds.
func (s *Server) SemanticTokensFullDelta(ctx context.Context, p *protocol.SemanticTokensDeltaParams) (protocol.SemanticTokensDeltaResult, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	key := docKey(d.URI)
	data := s.tokenData(ctx, d)
	old, ok := s.tokens.get(key, p.PreviousResultID)
	id := s.tokens.put(key, data)
	if !ok {
		return &protocol.SemanticTokens{ResultID: &id, Data: data}, nil
	}
	return &protocol.SemanticTokensDelta{ResultID: &id, Edits: diffTokens(old, data)}, nil
}

// diffTokens finds the one region in which two lists differ. Since positions are
// relative, an edit in one place leaves all that follows as it is.
func diffTokens(old, data []uint32) []protocol.SemanticTokensEdit {
	start := 0
	for start < len(old) && start < len(data) && old[start] == data[start] {
		start++
	}
	if start == len(old) && start == len(data) {
		return []protocol.SemanticTokensEdit{}
	}
	// Whole tokens are replaced: some clients insist.
	start -= start % 5
	a, b := len(old), len(data)
	for a > start && b > start && old[a-1] == data[b-1] {
		a, b = a-1, b-1
	}
	for (a-start)%5 != 0 {
		a, b = a+1, b+1
	}
	return []protocol.SemanticTokensEdit{{Start: uint32(start), DeleteCount: uint32(a - start), Data: data[start:b]}}
}

// tokenResults are the tokens that clients hold, one list for each text.
type tokenResults struct {
	mu   sync.Mutex
	next int
	docs map[string]tokenResult
}

type tokenResult struct {
	id   string
	data []uint32
}

func (t *tokenResults) put(key string, data []uint32) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.docs == nil {
		t.docs = map[string]tokenResult{}
	}
	t.next++
	id := strconv.Itoa(t.next)
	t.docs[key] = tokenResult{id, data}
	return id
}

func (t *tokenResults) get(key, id string) ([]uint32, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.docs[key]
	return r.data, ok && r.id == id
}

func (t *tokenResults) drop(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.docs, key)
}
