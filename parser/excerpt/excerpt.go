// Package excerpt shows a place in a source text as Nix's error messages do:
//
//	1| { x = 1;
//	2|   x = 2;
//	 |   ^
//	3| }
package excerpt

import (
	"fmt"
	"strings"
)

// Lines returns the line before the place, its own, the caret under its column,
// and the line after, as far as they exist. Line and column count from 1, in
// bytes; without a column (0) there is no caret. Lines end at \n, \r\n or a
// lone \r, and have no trailing white space.
func Lines(text string, line, column int) []string {
	if line < 1 {
		return nil
	}
	var out []string
	show := func(n int, s string) {
		out = append(out, strings.TrimRight(fmt.Sprintf(" %5d| %s", n, s), " \t"))
	}
	for n := 1; n <= line+1; n++ {
		this, rest, more := cutLine(text)
		if n >= line-1 {
			show(n, this)
		}
		if n == line && column > 0 {
			out = append(out, "      |"+strings.Repeat(" ", column)+"^")
		}
		if !more {
			break
		}
		text = rest
	}
	return out
}

// cutLine splits off the first line; more tells whether it had an end.
func cutLine(text string) (line, rest string, more bool) {
	i := strings.IndexAny(text, "\r\n")
	if i < 0 {
		return text, "", false
	}
	if text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
		return text[:i], text[i+2:], true
	}
	return text[:i], text[i+1:], true
}

// Message lays out an error like Nix: the message, the place and the excerpt. It
// is meant to follow "error: ", by the width of which all lines but the first are
// indented. Place is FILE:LINE:COLUMN; without one ("") there is only the
// message. There is no final line end.
func Message(msg, place, text string, line, column int) string {
	lines := strings.Split(msg, "\n")
	if place != "" {
		lines = append(lines, "at "+place+":")
		lines = append(lines, Lines(text, line, column)...)
	}
	const indent = len("error: ")
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
			if l = strings.TrimRight(l, " \t\r"); l != "" {
				b.WriteString(strings.Repeat(" ", indent))
			}
		}
		b.WriteString(l)
	}
	return b.String()
}
