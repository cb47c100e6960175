package document

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"gonix.dev/gonix/parser/ast"
)

// Encoding is the unit in which a client counts columns.
//
// The protocol's position is a line and a character, both from zero. A line
// ends at \n, \r\n or a lone \r, and the last line may be empty. What a
// character is was agreed on during initialisation:
//
//   - UTF-8: a byte. "é" is 2, "😀" is 4.
//   - UTF-16: a code unit, the protocol's default. "é" is 1, "😀" is 2.
//   - UTF-32: a code point. Both are 1.
//
// None of them is what a reader sees: combining marks count on their own.
type Encoding uint8

// The encodings, the default first.
const (
	UTF16 Encoding = iota
	UTF8
	UTF32
)

// String returns the protocol's name of the encoding.
func (e Encoding) String() string {
	return [...]string{UTF16: "utf-16", UTF8: "utf-8", UTF32: "utf-32"}[e]
}

// width is the number of units one code point takes. size is its length in the
// text; an invalid byte counts as one code point, as editors show it.
func (e Encoding) width(r rune, size int) int {
	switch {
	case e == UTF8:
		return size
	case e == UTF16 && r >= 0x10000:
		return 2
	}
	return 1
}

// Position is a place as the protocol counts: line and character from zero, the
// character in units of the mapper's encoding.
type Position struct{ Line, Character uint32 }

// Mapper converts between byte offsets and protocol positions of one text. It
// is immutable.
//
// Positions that do not exist are moved to the nearest that does, as the
// protocol demands of characters past the end of a line; a position inside a
// surrogate pair or a multi-byte sequence moves to its start.
type Mapper struct {
	text  string
	enc   Encoding
	lines []int32  // offset of the first byte of each line
	wide  []int32  // the lines that are not ASCII, of which most texts have few or none
	marks sync.Map // int to []mark, by the line, for long ones
}

// mark is a place in a long line that is not ASCII.
type mark struct{ off, col int }

// markEvery is how many bytes lie between two marks.
const markEvery = 512

// marksOf returns the marks of a line, in order: none for lines of the usual length.
func (m *Mapper) marksOf(line int) []mark {
	start, end := int(m.LineStart(line)), int(m.LineEnd(line))
	if end-start <= markEvery {
		return nil
	}
	if known, ok := m.marks.Load(line); ok {
		return known.([]mark)
	}
	var out []mark
	col, next := 0, start+markEvery
	for i := start; i < end; {
		if i >= next {
			out = append(out, mark{i, col})
			next = i + markEvery
		}
		r, size := utf8.DecodeRuneInString(m.text[i:end])
		col += m.enc.width(r, size)
		i += size
	}
	m.marks.Store(line, out)
	return out
}

// NewMapper indexes a text.
func NewMapper(text string, enc Encoding) *Mapper {
	m := &Mapper{text: text, enc: enc, lines: make([]int32, 1, 2+len(text)/32)}
	m.addLines(0, len(text))
	m.addWide(0, 0, len(text))
	return m
}

// addLines appends the lines that start in text[from:to] or right after.
func (m *Mapper) addLines(from, to int) {
	text := m.text[:to]
	// A carriage return is rare: look for it once, and take the fast path.
	if strings.IndexByte(text[from:], '\r') < 0 {
		for i := from; ; {
			j := strings.IndexByte(text[i:], '\n')
			if j < 0 {
				return
			}
			i += j + 1
			m.lines = append(m.lines, int32(i))
		}
	}
	for i := from; i < to; i++ {
		switch text[i] {
		case '\r':
			if i+1 < len(m.text) && m.text[i+1] == '\n' {
				i++
			}
			fallthrough
		case '\n':
			m.lines = append(m.lines, int32(i+1))
		}
	}
}

// addWide appends the lines in text[from:to] that are not ASCII. They start at a line.
func (m *Mapper) addWide(line, from, to int) {
	if m.enc == UTF8 {
		return // it makes no difference
	}
	for i := from; i < to; i++ {
		if m.text[i] < utf8.RuneSelf {
			continue
		}
		for line+1 < len(m.lines) && int(m.lines[line+1]) <= i {
			line++
		}
		m.wide = append(m.wide, int32(line))
		if line+1 == len(m.lines) {
			return
		}
		i = int(m.lines[line+1]) - 1
	}
}

// replace returns the mapper of the text after an edit. Only the lines that are
// touched are looked at.
func (m *Mapper) replace(at ast.Span, by string) *Mapper {
	next := &Mapper{text: m.text[:at.Start] + by + m.text[at.End:], enc: m.enc}
	first, last := m.Line(at.Start), m.Line(at.End)
	// A \r and a \n that come together or part are one line end or two: so the lines
	// around are looked at too.
	first, last = max(first-1, 0), min(last+1, len(m.lines)-1)
	moved := int32(len(next.text) - len(m.text))
	end := int(m.LineStart(last+1) + ast.Pos(moved)) // of the lines that are looked at

	next.lines = make([]int32, 0, len(m.lines)+strings.Count(by, "\n")+8)
	next.lines = append(next.lines, m.lines[:first+1]...)
	next.addLines(int(m.lines[first]), end)
	if last+1 < len(m.lines) && int(next.lines[len(next.lines)-1]) == end {
		next.lines = next.lines[:len(next.lines)-1]
	}
	rest := len(next.lines) // where the lines that have only moved go on
	for _, l := range m.lines[last+1:] {
		next.lines = append(next.lines, l+moved)
	}

	if m.enc == UTF8 {
		return next
	}
	i := sort.Search(len(m.wide), func(i int) bool { return int(m.wide[i]) >= first })
	j := sort.Search(len(m.wide), func(i int) bool { return int(m.wide[i]) > last })
	next.wide = append(make([]int32, 0, len(m.wide)+4), m.wide[:i]...)
	next.addWide(first, int(next.lines[first]), end)
	for _, l := range m.wide[j:] {
		next.wide = append(next.wide, l+int32(rest-last-1))
	}
	return next
}

// bytes reports whether a column of a line is a byte.
func (m *Mapper) bytes(line int) bool {
	if len(m.wide) == 0 {
		return true
	}
	_, wide := slices.BinarySearch(m.wide, int32(line))
	return !wide
}

// LineCount returns the number of lines, at least 1.
func (m *Mapper) LineCount() int { return len(m.lines) }

// LineStart returns the offset of the first byte of a line, counted from zero;
// the length of the text for lines past the end.
func (m *Mapper) LineStart(line int) ast.Pos {
	if line >= len(m.lines) {
		return ast.Pos(len(m.text))
	}
	return ast.Pos(m.lines[max(line, 0)])
}

// LineEnd returns the offset just past the last byte of a line, without its line
// end.
func (m *Mapper) LineEnd(line int) ast.Pos {
	if line+1 >= len(m.lines) {
		return ast.Pos(len(m.text))
	}
	end := m.lines[line+1] - 1
	if end > m.lines[line] && m.text[end] == '\n' && m.text[end-1] == '\r' {
		end--
	}
	return ast.Pos(end)
}

// Line returns the line, counted from zero, that holds an offset.
func (m *Mapper) Line(off ast.Pos) int {
	return sort.Search(len(m.lines), func(i int) bool { return m.lines[i] > int32(off) }) - 1
}

// Position converts an offset. Offsets outside the text are moved to its ends.
func (m *Mapper) Position(off ast.Pos) Position {
	off = max(0, min(off, ast.Pos(len(m.text))))
	return m.column(m.Line(off), off)
}

// column returns the position of an offset inside of a line.
func (m *Mapper) column(line int, off ast.Pos) Position {
	start := int(m.lines[line])
	if m.bytes(line) {
		return Position{uint32(line), uint32(int(off) - start)}
	}
	i, col := start, 0
	marks := m.marksOf(line)
	if n := sort.Search(len(marks), func(n int) bool { return marks[n].off > int(off) }); n > 0 {
		i, col = marks[n-1].off, marks[n-1].col
	}
	for i < int(off) {
		r, size := utf8.DecodeRuneInString(m.text[i:])
		if i+size > int(off) {
			break // inside a sequence
		}
		col += m.enc.width(r, size)
		i += size
	}
	return Position{uint32(line), uint32(col)}
}

// Walk returns a converter of many offsets.
func (m *Mapper) Walk() *Walker { return &Walker{m: m} }

// Walker converts offsets like [Mapper.Position] and [Mapper.Line]. It is quick when each is not far
// from the one before. It is not for concurrent use.
type Walker struct {
	m    *Mapper
	line int
}

// Position converts an offset.
func (w *Walker) Position(off ast.Pos) Position {
	off = max(0, min(off, ast.Pos(len(w.m.text))))
	return w.m.column(w.Line(off), off)
}

// Line returns the line, counted from zero, that holds an offset of the text.
func (w *Walker) Line(off ast.Pos) int {
	lines := w.m.lines
	for range 8 {
		switch {
		case int32(off) < lines[w.line]:
			w.line--
		case w.line+1 < len(lines) && lines[w.line+1] <= int32(off):
			w.line++
		default:
			return w.line
		}
	}
	w.line = w.m.Line(off)
	return w.line
}

// Offset converts a position.
func (m *Mapper) Offset(p Position) ast.Pos {
	if int64(p.Line) >= int64(len(m.lines)) {
		return ast.Pos(len(m.text))
	}
	start, end := int(m.lines[p.Line]), int(m.LineEnd(int(p.Line)))
	if m.bytes(int(p.Line)) {
		off := start + int(min(int64(p.Character), int64(end-start)))
		return ast.Pos(m.runeStart(start, off))
	}
	i, left := start, int64(p.Character)
	marks := m.marksOf(int(p.Line))
	if n := sort.Search(len(marks), func(n int) bool { return int64(marks[n].col) > left }); n > 0 {
		i, left = marks[n-1].off, left-int64(marks[n-1].col)
	}
	for i < end {
		r, size := utf8.DecodeRuneInString(m.text[i:end])
		w := int64(m.enc.width(r, size))
		if w > left {
			break
		}
		left -= w
		i += size
	}
	return ast.Pos(i)
}

// runeStart moves an offset inside a code point of a line to its start.
func (m *Mapper) runeStart(lineStart, off int) int {
	if off >= len(m.text) || utf8.RuneStart(m.text[off]) {
		return off
	}
	for i := off - 1; i >= max(lineStart, off-3); i-- {
		if utf8.RuneStart(m.text[i]) {
			if _, size := utf8.DecodeRuneInString(m.text[i:]); i+size > off {
				return i
			}
			break
		}
	}
	return off // a stray byte counts on its own
}

// Span converts a range. The ends are put in order.
func (m *Mapper) Span(start, end Position) ast.Span {
	s, e := m.Offset(start), m.Offset(end)
	if e < s {
		s, e = e, s
	}
	return ast.Span{Start: s, End: e}
}

// Units returns the length of a piece of text in units of the encoding.
func (m *Mapper) Units(text string) int {
	if len(m.wide) == 0 {
		return len(text)
	}
	n := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		n += m.enc.width(r, size)
		i += size
	}
	return n
}

// maxLength is the largest text the server opens: offsets are 32 bits wide.
const maxLength = 1 << 30

func checkLength(text string) error {
	if len(text) > maxLength {
		return fmt.Errorf("text of %d bytes is too large", len(text))
	}
	return nil
}
