package jsontext

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// token is a kind of token: a punctuation character, or one of the constants.
type token byte

const (
	tokError token = iota + 1
	tokEOF
	tokNull
	tokTrue
	tokFalse
	tokString
	tokNumber
	tokLiteralOrValue // only in messages: anything that begins a value
)

func (t token) String() string {
	switch t {
	case tokError:
		return "<parse error>"
	case tokEOF:
		return "end of input"
	case tokNull:
		return "null literal"
	case tokTrue:
		return "true literal"
	case tokFalse:
		return "false literal"
	case tokString:
		return "string literal"
	case tokNumber:
		return "number literal"
	case tokLiteralOrValue:
		return "'[', '{', or a literal"
	}
	return "'" + string(rune(t)) + "'"
}

type lexer struct {
	src   string
	pos   int
	start int // of the current token
	last  int // where the last string or number began: messages quote from there
	tok   token
	str   string // tokString: its value
	float bool   // tokNumber: it has a fraction or an exponent

	err    string // tokError: what is wrong
	errEnd int    // tokError: end of what was read, the offending byte included
	atEOF  bool   // the end of the text was read, which counts as a column
}

// position is where reading stopped: line from 1, column in bytes from the start
// of the line, as nlohmann counts them.
func (l *lexer) position() (line, col int) {
	end := l.pos
	if l.tok == tokError {
		end = l.errEnd
	}
	read := l.src[:end]
	line = strings.Count(read, "\n") + 1
	col = len(read) - strings.LastIndexByte(read, '\n') - 1
	switch {
	case l.atEOF:
		col++
	case l.tok == tokNumber && end < len(l.src) && l.src[end] == '\n':
		col = 0 // nlohmann loses the column when it puts the line break back
	}
	return line, col
}

// skipBOM skips a byte order mark.
func (l *lexer) skipBOM() error {
	const bom = "\xef\xbb\xbf"
	if !strings.HasPrefix(l.src, bom[:1]) {
		return nil
	}
	for i := 1; i < len(bom); i++ {
		if i >= len(l.src) || l.src[i] != bom[i] {
			l.fail("invalid BOM; must be 0xEF 0xBB 0xBF if given", i)
			return errors.New(l.err)
		}
	}
	l.pos = len(bom)
	return nil
}

// fail makes the current token an error whose offending byte is at index at.
func (l *lexer) fail(msg string, at int) {
	l.tok, l.err = tokError, msg
	if l.errEnd = at + 1; at >= len(l.src) {
		l.errEnd = len(l.src)
		l.atEOF = true
	}
}

// next reads the next token.
func (l *lexer) next() {
	for l.pos < len(l.src) {
		if c := l.src[l.pos]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			break
		}
		l.pos++
	}
	l.start = l.pos
	if l.pos == len(l.src) {
		l.tok, l.atEOF = tokEOF, true
		return
	}
	switch c := l.src[l.pos]; c {
	case '{', '}', '[', ']', ',', ':':
		l.pos++
		l.tok = token(c)
	case '"':
		l.last = l.pos
		l.string()
	case 'n':
		l.literal("null", tokNull)
	case 't':
		l.literal("true", tokTrue)
	case 'f':
		l.literal("false", tokFalse)
	case 0:
		l.pos++
		l.tok = tokEOF
	default:
		if c == '-' || c >= '0' && c <= '9' {
			l.last = l.pos
			l.number()
			return
		}
		l.fail("invalid literal", l.pos)
	}
}

func (l *lexer) literal(word string, tok token) {
	for i := range len(word) {
		if l.pos+i >= len(l.src) || l.src[l.pos+i] != word[i] {
			l.fail("invalid literal", l.pos+i)
			return
		}
	}
	l.pos += len(word)
	l.tok = tok
}

func (l *lexer) number() {
	at := func(i int) byte {
		if i < len(l.src) {
			return l.src[i]
		}
		return 0
	}
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' }
	i := l.pos
	if at(i) == '-' {
		if i++; !isDigit(at(i)) {
			l.fail("invalid number; expected digit after '-'", i)
			return
		}
	}
	if at(i) == '0' {
		i++
	} else {
		for isDigit(at(i)) {
			i++
		}
	}
	l.float = false
	if at(i) == '.' {
		l.float = true
		if i++; !isDigit(at(i)) {
			l.fail("invalid number; expected digit after '.'", i)
			return
		}
		for isDigit(at(i)) {
			i++
		}
	}
	if at(i) == 'e' || at(i) == 'E' {
		l.float = true
		i++
		if at(i) == '+' || at(i) == '-' {
			if i++; !isDigit(at(i)) {
				l.fail("invalid number; expected digit after exponent sign", i)
				return
			}
		} else if !isDigit(at(i)) {
			l.fail("invalid number; expected '+', '-', or digit after exponent", i)
			return
		}
		for isDigit(at(i)) {
			i++
		}
	}
	l.pos = i
	l.tok = tokNumber
}

// string reads a string. It only copies if there are escapes.
func (l *lexer) string() {
	i := l.pos + 1
	from := i // begin of what is not yet in buf
	var buf []byte
	for {
		if i == len(l.src) {
			l.fail("invalid string: missing closing quote", i)
			return
		}
		c := l.src[i]
		switch {
		case c == '"':
			if buf == nil {
				l.str = l.src[from:i]
			} else {
				l.str = string(append(buf, l.src[from:i]...))
			}
			l.pos = i + 1
			l.tok = tokString
			return
		case c == '\\':
			buf = append(buf, l.src[from:i]...)
			if buf, i = l.escape(buf, i+1); i < 0 {
				return
			}
			from = i
		case c < 0x20:
			l.fail(controlMessage(c), i)
			return
		case c < utf8.RuneSelf:
			i++
		default:
			n, ok := sequence(l.src[i:])
			if !ok {
				l.fail("invalid string: ill-formed UTF-8 byte", i+n)
				return
			}
			i += n
		}
	}
}

// escape reads an escape after its backslash, appends what it means and returns
// where it ends, or -1 after an error.
func (l *lexer) escape(buf []byte, i int) ([]byte, int) {
	if i == len(l.src) {
		l.fail("invalid string: forbidden character after backslash", i)
		return nil, -1
	}
	const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if k := strings.IndexByte(from, l.src[i]); k >= 0 {
		return append(buf, to[k]), i + 1
	}
	if l.src[i] != 'u' {
		l.fail("invalid string: forbidden character after backslash", i)
		return nil, -1
	}
	r, i := l.hex4(i + 1)
	switch {
	case i < 0:
		return nil, -1
	case r >= 0xd800 && r <= 0xdbff:
		const msg = "invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF"
		for _, c := range []byte(`\u`) {
			if i >= len(l.src) || l.src[i] != c {
				l.fail(msg, i)
				return nil, -1
			}
			i++
		}
		var low rune
		if low, i = l.hex4(i); i < 0 {
			return nil, -1
		}
		if low < 0xdc00 || low > 0xdfff {
			l.fail(msg, i-1)
			return nil, -1
		}
		r = (r-0xd800)<<10 + (low - 0xdc00) + 0x10000
	case r >= 0xdc00 && r <= 0xdfff:
		l.fail("invalid string: surrogate U+DC00..U+DFFF must follow U+D800..U+DBFF", i-1)
		return nil, -1
	}
	return utf8.AppendRune(buf, r), i
}

// hex4 reads four hexadecimal digits and returns where they end, or -1.
func (l *lexer) hex4(i int) (rune, int) {
	var r rune
	for range 4 {
		var c byte
		if i < len(l.src) {
			c = l.src[i]
		}
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 + rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 + rune(c|0x20-'a'+10)
		default:
			l.fail("invalid string: '\\u' must be followed by 4 hex digits", i)
			return 0, -1
		}
		i++
	}
	return r, i
}

// sequence returns the length of the UTF-8 sequence at the start of s, which is
// not ASCII. If it is ill-formed, it returns the index of the offending byte.
func sequence(s string) (n int, ok bool) {
	low, high := byte(0x80), byte(0xbf)
	switch c := s[0]; {
	case c < 0xc2 || c > 0xf4:
		return 0, false
	case c < 0xe0:
		n = 2
	case c < 0xf0:
		n = 3
		if c == 0xe0 {
			low = 0xa0
		} else if c == 0xed {
			high = 0x9f
		}
	default:
		n = 4
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f
		}
	}
	for i := 1; i < n; i++ {
		if i >= len(s) || s[i] < low || s[i] > high {
			return i, false
		}
		low, high = 0x80, 0xbf
	}
	return n, true
}

func controlMessage(c byte) string {
	names := strings.Fields("NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US")
	msg := fmt.Sprintf("invalid string: control character U+%04X (%s) must be escaped to \\u%04X", c, names[c], c)
	if short := map[byte]string{'\b': "b", '\t': "t", '\n': "n", '\f': "f", '\r': "r"}[c]; short != "" {
		msg += " or \\" + short
	}
	return msg
}
