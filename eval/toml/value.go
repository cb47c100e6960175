package toml

import (
	"fmt"
	"strings"
)

// A value is one of string, int64, float64, bool, Time, []any and *Table.

// Time is a date, a time, or both, in the text that Nix gives it.
type Time struct{ Text string }

// Table is a table. Its keys are in the order of the document.
type Table struct {
	Keys   []string
	Values map[string]any
	form   form
	loc    span
}

// form is how a table came into being, which decides who may add to it.
type form uint8

const (
	implicit form = iota // [a.b] makes a
	explicit             // [a] itself, and the elements of [[a]]
	dotted               // a.b = 1 makes a
	inline               // {}
)

// tables is the value of [[a]].
type tables struct {
	elems []*Table
	loc   span
}

// span is a piece of the document, for error messages.
type span struct{ start, end int }

func newTable(f form, loc span) *Table {
	return &Table{Values: make(map[string]any), form: f, loc: loc}
}

func (t *Table) set(key string, v any) {
	t.Keys = append(t.Keys, key)
	t.Values[key] = v
}

// finish replaces the arrays of tables below t, which could grow until now, by
// plain arrays.
func (t *Table) finish() {
	for key, v := range t.Values {
		switch v := v.(type) {
		case *Table:
			v.finish()
		case *tables:
			list := make([]any, len(v.elems))
			for i, e := range v.elems {
				e.finish()
				list[i] = e
			}
			t.Values[key] = list
		}
	}
}

// Error is a malformed document.
type Error struct {
	Title string // toml11's first line, without the leading "[error]"
	Line  int    // from 1
	Col   int    // in bytes, from 1
	Width int    // bytes to underline
	Text  string // the line
	Note  string // what is wrong there
	Hint  string // lines after the excerpt
}

// Error is the message with an excerpt of the document, in several lines.
func (e *Error) Error() string {
	number := fmt.Sprint(e.Line)
	margin := strings.Repeat(" ", len(number)+1)
	return fmt.Sprintf("[error] %s\n --> fromTOML\n%s |\n %s | %s\n%s | %s%s-- %s\n%s",
		e.Title, margin, number, e.Text, margin, strings.Repeat(" ", e.Col-1), strings.Repeat("^", e.Width), e.Note, e.Hint)
}

// syntaxError is raised inside the parser and recovered by Parse.
type syntaxError struct{ err *Error }

func (p *parser) fail(at span, title, note string, hint ...string) {
	at.start = min(at.start, len(p.src))
	lineStart := strings.LastIndexByte(p.src[:at.start], '\n') + 1
	line, _, _ := strings.Cut(p.src[lineStart:], "\n")
	width := 1
	if at.end > at.start {
		width = max(1, min(at.end, lineStart+len(line))-at.start)
	}
	panic(syntaxError{&Error{
		Title: title,
		Line:  strings.Count(p.src[:at.start], "\n") + 1,
		Col:   at.start - lineStart + 1,
		Width: width,
		Text:  line,
		Note:  note,
		Hint:  strings.Join(hint, ""),
	}})
}
