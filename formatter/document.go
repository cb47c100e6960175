package formatter

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// Document returns the document that a file is laid out from, for those who want
// to know why it is formatted the way it is. It has one element on a line, with
// those of a group indented below it; texts come with the depth of their nesting
// and the columns they are indented beyond that. The file must have been parsed
// with parser.KeepTokens; one with syntax errors is a [*SyntaxError].
func Document(file *ast.File, opts Options) (string, error) {
	if err := check(file); err != nil {
		return "", err
	}
	var p printer
	p.file(file, opts.Strict, opts.width())
	var out strings.Builder
	depth := 0
	for i := range p.elems {
		e := &p.elems[i]
		if e.kind == nop {
			continue
		}
		if e.kind == closer {
			depth--
			continue
		}
		out.WriteString(strings.Repeat("  ", depth))
		switch k := e.kind; {
		case k == open:
			fmt.Fprintln(&out, p.groups[e.n].class)
			depth++
		case k == newlines:
			fmt.Fprintln(&out, k, e.n)
		case k.isText():
			fmt.Fprintf(&out, "%s %d+%d %q\n", k, e.level, e.offset, p.textOf(e))
		default:
			fmt.Fprintln(&out, k)
		}
	}
	return out.String(), nil
}

// textOf returns the text of an element.
func (d *doc) textOf(e *elem) string {
	if e.pos < 0 {
		return string(d.aux[^e.pos : ^e.pos+e.size])
	}
	return d.src[e.pos : e.pos+e.size]
}

func (k kind) String() string {
	return [...]string{
		nop: "nop", softBreak: "softbreak", brk: "break", hardSpace: "hardspace", softSpace: "softspace",
		space: "space", hardLine: "hardline", emptyLine: "emptyline", newlines: "newlines",
		text: "text", comment: "comment", lineComment: "linecomment", optionalText: "optional",
		disable: "disable", verbatim: "verbatim", rawText: "raw", open: "open", closer: "close",
	}[k]
}

func (c class) String() string {
	return [...]string{regular: "group", priority: "priority", transparent: "transparent"}[c]
}
