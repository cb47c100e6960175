package ast

import (
	"sort"
	"sync"
)

// File is one parsed source text.
type File struct {
	Name string // path, or a description such as «string»
	Src  string
	Root Expr // never nil: *Bad when nothing could be read

	// Errors are the syntax errors in source order. The tree of a file with
	// errors contains Bad nodes and must not be evaluated.
	Errors []*Error

	// Warnings are about what is valid but will change its meaning. Nix prints
	// them as "warning: at FILE:L:C: MSG".
	Warnings []*Error

	// Tokens and Comments are kept only when the parser was asked for them. Both
	// are in source order; tokens exclude white space and comments. Strings are
	// tokenised into their delimiters, text and interpolations.
	Tokens   []Token
	Comments []Comment

	linesOnce sync.Once
	lines     []Pos // offset of the first byte of each line
}

// Error is a syntax error.
type Error struct {
	Span
	Code string // stable identifier, such as "syntax" or "duplicate-formal"
	Msg  string // as Nix words it, without position
	// Other is a second place that the message speaks of, such as that of the
	// first definition; 0 when there is none.
	Other Pos
	// Incomplete is set when the text ended too early: more input could mend it.
	Incomplete bool
}

// CommentKind tells the three kinds of comment apart.
type CommentKind uint8

// The kinds of comment.
const (
	LineComment  CommentKind = iota // # ...
	BlockComment                    // /* ... */
	DocComment                      // /** ... */, RFC 145
)

// Comment is one comment with its delimiters.
type Comment struct {
	Span
	Kind CommentKind
}

// Position is a place as people count: both from 1, columns in bytes.
type Position struct{ Line, Column int }

// Position converts an offset. Like Nix, it takes \n, \r\n and a lone \r for
// line ends.
func (f *File) Position(p Pos) Position {
	lines := f.lineStarts()
	i := sort.Search(len(lines), func(i int) bool { return lines[i] > p }) - 1
	return Position{Line: i + 1, Column: int(p-lines[i]) + 1}
}

// LineStart returns the offset of the first byte of a line, counted from 1; the
// length of the text for lines past the end.
func (f *File) LineStart(line int) Pos {
	lines := f.lineStarts()
	if line > len(lines) {
		return Pos(len(f.Src))
	}
	return lines[max(line, 1)-1]
}

// LineCount returns the number of lines, at least 1.
func (f *File) LineCount() int { return len(f.lineStarts()) }

// Line returns the text of a line, counted from 1, without its line end.
func (f *File) Line(line int) string {
	if line < 1 || line > f.LineCount() {
		return ""
	}
	s := f.Src[f.LineStart(line):f.LineStart(line+1)]
	for len(s) > 0 && (s[len(s)-1] == '\n' || s[len(s)-1] == '\r') {
		s = s[:len(s)-1]
	}
	return s
}

func (f *File) lineStarts() []Pos {
	f.linesOnce.Do(func() {
		lines := []Pos{0}
		for i := 0; i < len(f.Src); i++ {
			switch f.Src[i] {
			case '\n':
				lines = append(lines, Pos(i+1))
			case '\r':
				if i+1 < len(f.Src) && f.Src[i+1] == '\n' {
					i++
				}
				lines = append(lines, Pos(i+1))
			}
		}
		f.lines = lines
	})
	return f.lines
}
