package lsp

import (
	"slices"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/embed"
	"gonix.dev/gonix/parser/ast"
)

// embedded is a string of a text that holds another language, read.
type embedded struct {
	embed.Region
	embed.Result
}

// embeddeds are the other languages inside the strings of a text.
var embeddeds = document.NewAnalysis(func(d *document.Snapshot) []embedded { return languages.Of(d).strings })

// languageStrings are the strings with other languages of one version of a text.
type languageStrings struct {
	strings []embedded
	found   embed.Found
	version document.Version
}

// languages finds them and reads them. Bindings that have not changed are not searched
// again, and strings that have not changed are not read again.
var languages = document.NewDerived(func(d *document.Snapshot, before *languageStrings) languageStrings {
	if !embed.Available {
		return languageStrings{}
	}
	var older *embed.Older
	known := map[string]embedded{}
	if before != nil {
		changes := d.Since(before.version)
		older = &embed.Older{Found: before.found, Same: changes.Same}
		for _, e := range before.strings {
			known[e.Content.Text] = e
		}
	}
	out := languageStrings{found: embed.Find(d.File(), older), version: d.Current()}
	for _, r := range out.found.Regions {
		if d.Stopped() {
			break
		}
		old, ok := known[r.Content.Text]
		if ok && old.Language == r.Language && slices.Equal(old.Content.Masks, r.Content.Masks) {
			out.strings = append(out.strings, embedded{r, old.Result})
		} else {
			out.strings = append(out.strings, embedded{r, embed.Parse(r.Language, r.Content)})
		}
	}
	return out
})

// embeddedKinds are the token types of what is found in strings.
var embeddedKinds = map[embed.Kind]uint32{
	embed.Keyword: tokKeyword, embed.Comment: tokComment, embed.String: tokString, embed.Number: tokNumber,
	embed.Function: tokFunction, embed.Variable: tokVariable, embed.Property: tokProperty,
}

// embeddedTokens are the semantic tokens of other languages: piece by piece, so
// that none spans lines or an interpolation.
var embeddedTokens = document.NewAnalysis(func(d *document.Snapshot) []token {
	var out []token
	for _, e := range embeddeds.Of(d) {
		for _, t := range e.Tokens {
			start := t.Start
			flush := func(end int) {
				if start < end {
					out = append(out, token{e.Content.Source(start, end), embeddedKinds[t.Kind], 0})
				}
			}
			for i := t.Start; i < t.End; i++ {
				if e.Content.Text[i] == '\n' || e.Content.Masked(i, i+1) {
					flush(i)
					start = i + 1
				}
			}
			flush(t.End)
		}
	}
	return out
})

// allTokens are the tokens for names and those of other languages in strings, in
// order.
var allTokens = document.NewAnalysis(func(d *document.Snapshot) []token {
	more := embeddedTokens.Of(d)
	if !slices.IsSortedFunc(more, tokenOrder) {
		more = slices.SortedStableFunc(slices.Values(more), tokenOrder)
	}
	return mergeTokens(nameTokens.Of(d), more)
})

// embeddedFolds are the blocks of other languages.
func embeddedFolds(d *document.Snapshot) []fold {
	var out []fold
	for _, e := range embeddeds.Of(d) {
		for _, f := range e.Folds {
			out = append(out, fold{Span: e.Content.Source(f[0], f[1])})
		}
	}
	return out
}

// embeddedSymbols are the symbols inside of a string.
func embeddedSymbols(d *document.Snapshot, at ast.Span) []symbol {
	var out []symbol
	list := embeddeds.Of(d) // in order
	i, found := slices.BinarySearchFunc(list, at.Start, func(e embedded, at ast.Pos) int { return int(e.Start - at) })
	if found && list[i].Span == at {
		e := list[i]
		for _, s := range e.Symbols {
			kind := protocol.SymbolKindField
			switch {
			case s.Function:
				kind = protocol.SymbolKindFunction
			case s.Class:
				kind = protocol.SymbolKindClass
			}
			out = append(out, symbol{
				name: s.Name, kind: kind, detail: string(e.Language),
				span: e.Content.Source(s.Start, s.End), at: e.Content.Source(s.NameStart, s.NameEnd),
			})
		}
	}
	return out
}

// embeddedProblems are the syntax errors of other languages.
func embeddedProblems(d *document.Snapshot) []protocol.Diagnostic {
	var out []protocol.Diagnostic
	for _, e := range embeddeds.Of(d) {
		for _, p := range e.Problems {
			out = append(out, protocol.Diagnostic{
				Range: rangeOf(d, e.Content.Source(p.Start, p.End)), Severity: protocol.DiagnosticSeverityWarning,
				Code: protocol.String("embedded-syntax"), Source: protocol.NewOptional(source), Message: protocol.String(p.Msg),
			})
		}
	}
	return out
}
