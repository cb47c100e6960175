package toml

import (
	"strings"
	"unicode/utf8"
)

// textByte returns the length of the character here if it may stand in text: a
// tab, anything printable, and well-formed UTF-8; else 0. Quotes and backslashes
// are up to the caller.
func (p *parser) textByte(comment bool) int {
	c := p.src[p.pos]
	switch {
	case c == '\t' || c >= ' ' && c < 0x7f:
		return 1
	case c < utf8.RuneSelf:
		return 0
	}
	r, n := utf8.DecodeRuneInString(p.src[p.pos:])
	if r == utf8.RuneError && n == 1 {
		return 0
	}
	return n
}

func (p *parser) basicString() string {
	const title = "toml::parse_basic_string: invalid string format"
	p.pos++
	var b strings.Builder
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case '"':
			p.pos++
			return b.String()
		case '\\':
			p.escape(&b, title)
			continue
		}
		n := p.textByte(false)
		if n == 0 {
			break
		}
		b.WriteString(p.src[p.pos : p.pos+n])
		p.pos += n
	}
	p.fail(p.here(), title, `expected "`)
	return ""
}

// escape reads an escape sequence. A malformed one is an error of the string.
func (p *parser) escape(b *strings.Builder, title string) {
	start := p.pos
	bad := func() { p.fail(span{start, start}, title, `expected "`) }
	p.pos++
	c := p.peek()
	p.pos++
	const from, to = `btnfr"\`, "\b\t\n\f\r\"\\"
	if i := strings.IndexByte(from, byte(c)); c >= 0 && i >= 0 {
		b.WriteByte(to[i])
		return
	}
	digits := map[int]int{'u': 4, 'U': 8}[c]
	if digits == 0 {
		bad()
	}
	r := uint32(0)
	for range digits {
		c := p.peek()
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | uint32(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | uint32(c-'A'+10)
		default:
			bad()
		}
		p.pos++
	}
	switch {
	case r >= 0xd800 && r <= 0xdfff:
		p.fail(span{start + 1, p.pos}, "toml::parse_utf8_codepoint: [0xD800, 0xDFFF] is not a valid UTF-8", "here")
	case r > utf8.MaxRune:
		p.fail(span{start + 1, p.pos}, "toml::parse_utf8_codepoint: input codepoint is too large.", "must be in range [0x00, 0x10FFFF]")
	}
	b.WriteRune(rune(r))
}

func (p *parser) literalString() string {
	p.pos++
	start := p.pos
	for p.pos < len(p.src) {
		if p.src[p.pos] == '\'' {
			p.pos++
			return p.src[start : p.pos-1]
		}
		n := p.textByte(false)
		if n == 0 {
			break
		}
		p.pos += n
	}
	p.fail(p.here(), "toml::parse_literal_string: invalid string format", "expected '")
	return ""
}

// closing counts the quotes here, up to five: the last three end the string.
func (p *parser) closing(quote byte) (text int, ends bool) {
	n := 0
	for n < 5 && p.pos+n < len(p.src) && p.src[p.pos+n] == quote {
		n++
	}
	if n < 3 {
		return n, false
	}
	return n - 3, true
}

func (p *parser) longBasicString() string {
	const title = "toml::parse_ml_basic_string: invalid string format"
	p.pos += 3
	p.newline()
	var b strings.Builder
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case '"':
			n, ends := p.closing('"')
			b.WriteString(`"""""`[:n])
			p.pos += n
			if ends {
				p.pos += 3
				return b.String()
			}
			continue
		case '\\':
			if !p.continuation() {
				p.escape(&b, title)
			}
			continue
		}
		n := p.textByte(false)
		if n == 0 {
			start := p.pos
			if !p.newline() {
				break
			}
			b.WriteString(p.src[start:p.pos])
			continue
		}
		b.WriteString(p.src[p.pos : p.pos+n])
		p.pos += n
	}
	p.fail(p.here(), title, `expected """`)
	return ""
}

// continuation skips a backslash at the end of a line, and the white space up to
// the next text.
func (p *parser) continuation() bool {
	start := p.pos
	p.pos++
	p.space()
	if !p.newline() {
		p.pos = start
		return false
	}
	for {
		p.space()
		if !p.newline() {
			return true
		}
	}
}

func (p *parser) longLiteralString() string {
	p.pos += 3
	p.newline()
	start := p.pos
	for p.pos < len(p.src) {
		if p.src[p.pos] == '\'' {
			n, ends := p.closing('\'')
			p.pos += n
			if ends {
				p.pos += 3
				return p.src[start : p.pos-3]
			}
			continue
		}
		n := p.textByte(false)
		if n == 0 {
			if !p.newline() {
				break
			}
			continue
		}
		p.pos += n
	}
	p.fail(p.here(), "toml::parse_ml_literal_string: invalid string format", "expected '''")
	return ""
}
