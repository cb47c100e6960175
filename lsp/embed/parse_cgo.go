//go:build cgo

package embed

import (
	"sort"
	"strings"
	"unsafe"

	tree_sitter "github.com/tree-sitter/go-tree-sitter"
	bash "github.com/tree-sitter/tree-sitter-bash/bindings/go"
	json "github.com/tree-sitter/tree-sitter-json/bindings/go"
	python "github.com/tree-sitter/tree-sitter-python/bindings/go"
)

// Available reports whether this build understands the languages.
const Available = true

// maxDepth bounds how deep a tree is looked into.
const maxDepth = 400

var grammars = map[Language]func() unsafe.Pointer{Bash: bash.Language, Python: python.Language, JSON: json.Language}

// Parse reads a text with tree-sitter. It keeps nothing of tree-sitter's, whose
// memory Go does not manage.
func Parse(lang Language, c Content) Result {
	grammar := grammars[lang]
	if grammar == nil {
		return Result{}
	}
	parser := tree_sitter.NewParser()
	defer parser.Close()
	if err := parser.SetLanguage(tree_sitter.NewLanguage(grammar())); err != nil {
		return Result{}
	}
	tree := parser.Parse([]byte(c.Text), nil)
	if tree == nil {
		return Result{}
	}
	defer tree.Close()
	r := &reader{lang: lang, content: c}
	r.node(tree.RootNode(), "", 0)
	sort.SliceStable(r.out.Tokens, func(i, j int) bool { return r.out.Tokens[i].Start < r.out.Tokens[j].Start })
	return r.out
}

type reader struct {
	lang    Language
	content Content
	out     Result
}

var bashKeywords = map[string]bool{
	"if": true, "then": true, "else": true, "elif": true, "fi": true, "for": true, "while": true, "until": true, "do": true,
	"done": true, "case": true, "esac": true, "in": true, "function": true, "select": true, "local": true, "export": true,
	"declare": true, "readonly": true, "unset": true, "typeset": true,
}

var pythonKeywords = map[string]bool{
	"and": true, "as": true, "assert": true, "async": true, "await": true, "break": true, "class": true, "continue": true,
	"def": true, "del": true, "elif": true, "else": true, "except": true, "finally": true, "for": true, "from": true,
	"global": true, "if": true, "import": true, "in": true, "is": true, "lambda": true, "nonlocal": true, "not": true,
	"or": true, "pass": true, "raise": true, "return": true, "try": true, "while": true, "with": true, "yield": true,
}

// kindOf says how a node is highlighted, and whether as a whole.
func (r *reader) kindOf(n *tree_sitter.Node, parent string) (Kind, bool) {
	kind := n.Kind()
	switch kind {
	case "comment":
		return Comment, true
	case "number", "integer", "float":
		return Number, true
	}
	switch r.lang {
	case Bash:
		switch kind {
		case "command_name":
			return Function, true
		case "variable_name", "special_variable_name":
			return Variable, true
		case "raw_string", "string_content", "heredoc_body", "ansi_c_string":
			return String, true
		case "word":
			if parent == "function_definition" {
				return Function, true
			}
		}
		if !n.IsNamed() && bashKeywords[kind] {
			return Keyword, true
		}
	case Python:
		switch kind {
		case "string_start", "string_content", "string_end":
			return String, true
		case "true", "false", "none":
			return Keyword, true
		case "identifier":
			if parent == "function_definition" || parent == "class_definition" || parent == "call" {
				return Function, true
			}
		}
		if !n.IsNamed() && pythonKeywords[kind] {
			return Keyword, true
		}
	case JSON:
		switch kind {
		case "string":
			if parent == "pair" && n.NextSibling() != nil {
				return Property, true
			}
			return String, true
		case "true", "false", "null":
			return Keyword, true
		}
	}
	return 0, false
}

// foldable are the nodes that hold a block.
var foldable = map[string]bool{
	"function_definition": true, "if_statement": true, "for_statement": true, "while_statement": true, "case_statement": true,
	"do_group": true, "compound_statement": true, "class_definition": true, "with_statement": true, "try_statement": true,
	"object": true, "array": true, "dictionary": true, "list": true, "heredoc_body": true,
}

func (r *reader) node(n *tree_sitter.Node, parent string, depth int) {
	if depth > maxDepth {
		return
	}
	start, end := int(n.StartByte()), int(n.EndByte())
	kind := n.Kind()
	if n.IsError() || n.IsMissing() {
		r.problem(n, start, end)
	}
	if k, ok := r.kindOf(n, parent); ok && start < end {
		r.out.Tokens = append(r.out.Tokens, Token{start, end, k})
		return
	}
	if foldable[kind] && strings.Contains(r.content.Text[start:end], "\n") {
		r.out.Folds = append(r.out.Folds, [2]int{start, end})
	}
	r.symbol(n, kind, start, end)
	for i := range n.ChildCount() {
		if c := n.Child(i); c != nil {
			r.node(c, kind, depth+1)
		}
	}
}

// problem reports a syntax error, unless an interpolation is near: what it stands
// for may be just what is missing.
func (r *reader) problem(n *tree_sitter.Node, start, end int) {
	lineStart := strings.LastIndexByte(r.content.Text[:start], '\n') + 1
	lineEnd := end
	if i := strings.IndexByte(r.content.Text[end:], '\n'); i >= 0 {
		lineEnd = end + i
	} else {
		lineEnd = len(r.content.Text)
	}
	if r.content.Masked(lineStart, lineEnd) || len(r.out.Problems) > 20 {
		return
	}
	msg := "syntax error in " + string(r.lang)
	if n.IsMissing() {
		msg += ": missing '" + n.Kind() + "'"
		end = min(start+1, len(r.content.Text))
		start = max(0, end-1)
	}
	// The whole of a long error says less than its beginning.
	if i := strings.IndexByte(r.content.Text[start:end], '\n'); i > 0 {
		end = start + i
	}
	r.out.Problems = append(r.out.Problems, Problem{start, end, msg})
}

func (r *reader) symbol(n *tree_sitter.Node, kind string, start, end int) {
	field := "name"
	s := Symbol{Start: start, End: end}
	switch kind {
	case "function_definition":
		s.Function = true
	case "class_definition":
		s.Class = true
	case "pair":
		if r.lang != JSON {
			return
		}
		s.Field = true
		field = "key"
	default:
		return
	}
	name := n.ChildByFieldName(field)
	if name == nil {
		return
	}
	s.NameStart, s.NameEnd = int(name.StartByte()), int(name.EndByte())
	s.Name = strings.Trim(r.content.Text[s.NameStart:s.NameEnd], `"`)
	if s.Name != "" {
		r.out.Symbols = append(r.out.Symbols, s)
	}
}
