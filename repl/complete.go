package repl

import (
	"slices"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/quote"
)

// Completion is what may stand for the last word of a line.
type Completion struct {
	Text string
	Hint string // what kind of thing it is
}

// Complete returns completions of the text before the cursor, and where in it
// the completed word begins.
func (r *REPL) Complete(line string) (start int, found []Completion) {
	if strings.HasPrefix(line, ":") && !strings.Contains(line, " ") {
		for _, c := range Commands() {
			for _, n := range c.Names {
				if strings.HasPrefix(n, line) {
					found = append(found, Completion{n, c.Help})
				}
			}
		}
		return 0, found
	}
	start = strings.LastIndexAny(line, " \t\n(){}[];,=!+*<>\"") + 1
	word := line[start:]
	if i := strings.LastIndexByte(word, '/'); i >= 0 {
		return start + i + 1, r.completeFile(word[:i+1], word[i+1:])
	}
	if i := strings.LastIndexByte(word, '.'); i >= 0 {
		return start + i + 1, r.completeAttr(word[:i], word[i+1:])
	}
	names := make(map[string]string)
	for _, n := range r.State.GlobalNames() {
		names[n] = "builtin"
	}
	for n := range r.vars {
		names[n] = "variable"
	}
	for _, n := range []string{"let", "in", "if", "then", "else", "with", "assert", "rec", "inherit"} {
		names[n] = "keyword"
	}
	for n, hint := range names {
		if strings.HasPrefix(n, word) {
			found = append(found, Completion{n, hint})
		}
	}
	slices.SortFunc(found, func(a, b Completion) int { return strings.Compare(a.Text, b.Text) })
	return start, found
}

// completeAttr evaluates a prefix and lists its attributes. Whatever goes wrong
// just gives no completion.
func (r *REPL) completeAttr(expr, prefix string) []Completion {
	f := parser.Parse("«completion»", expr, r.mode())
	if len(f.Errors) > 0 {
		return nil
	}
	v, err := r.State.EvalTree(f, r.Dir, r.scope())
	if err != nil || v.Kind() != eval.KindAttrs {
		return nil
	}
	var found []Completion
	for _, at := range r.State.Sorted(v.AsAttrs()) {
		name := r.State.SymName(at.Sym)
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		hint := ""
		if known := eval.Peek(at.Value); known.Kind() != eval.KindThunk {
			hint = known.Kind().TypeName()
		}
		if !quote.IsIdentifier(name) {
			name = quote.String(name)
		}
		found = append(found, Completion{name, hint})
	}
	return found
}

func (r *REPL) completeFile(dir, prefix string) []Completion {
	abs := dir
	if !strings.HasPrefix(abs, "/") {
		abs = r.Dir + "/" + dir
	}
	entries, err := r.State.Options().World.ReadDir(strings.TrimSuffix(abs, "/") + "/")
	if err != nil {
		return nil
	}
	var found []Completion
	for _, e := range entries {
		if strings.HasPrefix(e.Name, prefix) && (prefix != "" || !strings.HasPrefix(e.Name, ".")) {
			name := e.Name
			if e.Type == eval.Directory {
				name += "/"
			}
			found = append(found, Completion{name, string(e.Type)})
		}
	}
	return found
}
