// Package docs describes the builtins of the language: what a hover, a
// completion item or the REPL's :doc shows.
//
// The texts are Markdown files in text/, one for each family. An entry begins
// with `## name args...`; a name without arguments is a constant. A paragraph
// `Experimental: FEATURE` names the feature it depends on. A nix code block is an
// example, and its last lines that begin with `# => ` are the value. The files are
// only read when somebody asks.
package docs

import (
	"embed"
	"slices"
	"strings"
	"sync"
)

//go:embed text/*.md
var files embed.FS

// Doc describes one builtin.
type Doc struct {
	Name    string   // without "builtins."
	Args    []string // names of the arguments; empty for a constant
	Family  string   // "lists", "strings" ...
	Feature string   // experimental feature it depends on, if any
	Text    string   // Markdown, examples included
	// Examples are the code blocks of Text.
	Examples []Example
}

// Example is an expression and what it evaluates to, as Nix prints it.
type Example struct {
	Expr  string
	Value string // empty: not said
}

// Signature is the name and the arguments, as in `map f list`.
func (d *Doc) Signature() string {
	return strings.Join(append([]string{d.Name}, d.Args...), " ")
}

// Summary is the first sentence of the text, without line breaks.
func (d *Doc) Summary() string {
	first, _, _ := strings.Cut(d.Text, "\n\n")
	first = strings.ReplaceAll(first, "\n", " ")
	if i := strings.Index(first, ". "); i >= 0 {
		return first[:i+1]
	}
	return first
}

// Lookup finds the description of a builtin by its name in builtins.
func Lookup(name string) (*Doc, bool) {
	d, ok := all().byName[name]
	return d, ok
}

// All returns all descriptions, sorted by name. Callers must not change them.
func All() []*Doc { return all().sorted }

type index struct {
	byName map[string]*Doc
	sorted []*Doc
}

var all = sync.OnceValue(func() index {
	ix := index{byName: make(map[string]*Doc)}
	entries, err := files.ReadDir("text")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, e := range entries {
		data, err := files.ReadFile("text/" + e.Name())
		if err != nil {
			panic(err)
		}
		family := strings.TrimSuffix(e.Name(), ".md")
		_, body, _ := strings.Cut("\n"+string(data), "\n## ")
		for entry := range strings.SplitSeq(body, "\n## ") {
			d := parse(entry)
			d.Family = family
			ix.byName[d.Name] = d
			ix.sorted = append(ix.sorted, d)
		}
	}
	slices.SortFunc(ix.sorted, func(a, b *Doc) int { return strings.Compare(a.Name, b.Name) })
	return ix
})

// parse reads an entry after its `## `.
func parse(entry string) *Doc {
	head, text, _ := strings.Cut(entry, "\n")
	words := strings.Fields(head)
	d := &Doc{Name: words[0], Args: words[1:], Text: strings.TrimSpace(text)}
	if rest, ok := strings.CutPrefix(d.Text, "Experimental: "); ok {
		d.Feature, d.Text, _ = strings.Cut(rest, "\n")
		d.Text = strings.TrimSpace(d.Text)
	}
	blocks := strings.Split(d.Text, "```")
	for i := 1; i < len(blocks); i += 2 {
		code, ok := strings.CutPrefix(blocks[i], "nix\n")
		if !ok {
			continue
		}
		var ex Example
		var expr, value []string
		for line := range strings.SplitSeq(strings.TrimSpace(code), "\n") {
			if v, ok := strings.CutPrefix(line, "# => "); ok {
				value = append(value, v)
			} else {
				expr = append(expr, line)
			}
		}
		ex.Expr = strings.Join(expr, "\n")
		ex.Value = strings.Join(value, "\n")
		d.Examples = append(d.Examples, ex)
	}
	return d
}
