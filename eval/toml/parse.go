package toml

import "strings"

// maxDepth bounds the nesting of arrays and inline tables.
const maxDepth = 10000

type parser struct {
	src   string
	pos   int
	depth int
}

// Parse parses a document. An error is an *Error.
func Parse(src string) (root *Table, err error) {
	p := &parser{src: src}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			root, err = nil, e.err
		}
	}()
	if strings.HasPrefix(src, "\xef\xbb\xbf") {
		p.pos = 3
	}
	root = p.document()
	root.finish()
	return root, nil
}

// peek returns the next byte, or -1 at the end.
func (p *parser) peek() int {
	if p.pos >= len(p.src) {
		return -1
	}
	return int(p.src[p.pos])
}

func (p *parser) accept(s string) bool {
	if strings.HasPrefix(p.src[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *parser) here() span { return span{p.pos, p.pos} }

func (p *parser) space() {
	for p.peek() == ' ' || p.peek() == '\t' {
		p.pos++
	}
}

// newline skips one line break.
func (p *parser) newline() bool { return p.accept("\n") || p.accept("\r\n") }

// comment skips a comment, but not the line break after it.
func (p *parser) comment() {
	if !p.accept("#") {
		return
	}
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		if c == '\n' || c == '\r' && strings.HasPrefix(p.src[p.pos:], "\r\n") {
			return
		}
		n := p.textByte(true)
		if n == 0 {
			p.fail(p.here(), "toml::parse_comment_line: newline (LF / CRLF) or EOF is expected", "but got this",
				"Hint: most of the control characters are not allowed in comments")
		}
		p.pos += n
	}
}

// blank skips white space, comments and line breaks, and reports whether there
// was a line break.
func (p *parser) blank() bool {
	found := false
	for {
		p.space()
		p.comment()
		if !p.newline() {
			return found
		}
		found = true
	}
}

func (p *parser) document() *Table {
	root := newTable(explicit, span{})
	p.blank()
	p.body(root)
	for p.pos < len(p.src) {
		start := p.pos
		double := p.accept("[[")
		if !double {
			p.accept("[")
		}
		keys := p.header(double)
		loc := span{start, p.pos}
		p.space()
		p.comment()
		if p.pos < len(p.src) && !p.newline() {
			p.fail(p.here(), "toml::parse_file: newline (or EOF) expected", "expected a line break")
		}
		t := p.define(root, keys, loc, double)
		p.blank()
		p.body(t)
	}
	return root
}

// header parses the rest of [a.b] or [[a.b]].
func (p *parser) header(double bool) []string {
	title, closing := "toml::parse_file: invalid table key", "]"
	if double {
		title, closing = "toml::parse_file: invalid array-table key", "]]"
	}
	p.space()
	if !p.startsKey() {
		p.fail(p.here(), title, "expected basic key([a-zA-Z0-9_-]) or quoted key(\" or ')")
	}
	keys, _ := p.key()
	p.space()
	if !p.accept(closing) {
		p.fail(p.here(), title, "expected "+closing)
	}
	return keys
}

// body parses the pairs of a table up to the next header.
func (p *parser) body(t *Table) {
	for first := true; ; first = false {
		newline := p.blank() || first
		if p.pos == len(p.src) || p.peek() == '[' {
			return // toml11 does not ask for a line break before a header
		}
		if !newline {
			p.fail(p.here(), "toml::parse_table: newline (LF / CRLF) or EOF is expected", "here")
		}
		p.pair(t)
	}
}

// pair parses key = value into t.
func (p *parser) pair(t *Table) {
	keys, loc := p.key()
	p.space()
	if !p.accept("=") {
		p.fail(p.here(), "toml::parse_key_value_pair: invalid key value separator `=`", "expected =")
	}
	p.space()
	p.assign(t, keys, loc, p.value())
}

// key parses a dotted key.
func (p *parser) key() (keys []string, loc span) {
	loc.start = p.pos
	for {
		keys = append(keys, p.simpleKey())
		loc.end = p.pos
		p.space()
		if !p.accept(".") {
			p.pos = loc.end
			return keys, loc
		}
		p.space()
	}
}

func (p *parser) startsKey() bool {
	c := p.peek()
	return c == '"' || c == '\'' || c >= 0 && isBare(byte(c))
}

func isBare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

func (p *parser) simpleKey() string {
	switch {
	case p.pos == len(p.src):
		p.fail(p.here(), "toml::parse_key: expected a new key, but got nothing", "reached EOF")
	case p.peek() == '"':
		return p.basicString()
	case p.peek() == '\'':
		return p.literalString()
	}
	start := p.pos
	for p.pos < len(p.src) && isBare(p.src[p.pos]) {
		p.pos++
	}
	if p.pos == start {
		p.fail(p.here(), `toml::parse_simple_key: invalid key: key must be "quoted", 'quoted-literal', or bare key.`,
			"expected alpha [a-zA-Z], digit [0-9], -, or _",
			"Hint: non-ASCII scripts are allowed in toml v1.1.0, but not in v1.0.0.\n")
	}
	return p.src[start:p.pos]
}

func (p *parser) value() any {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.here(), "arrays or inline tables nest too deeply", "here")
	}
	defer func() { p.depth-- }()
	const quotes = "A string must be surrounded by quotes."
	switch c := p.peek(); c {
	case '"':
		if strings.HasPrefix(p.src[p.pos:], `"""`) {
			return p.longBasicString()
		}
		return p.basicString()
	case '\'':
		if strings.HasPrefix(p.src[p.pos:], `'''`) {
			return p.longLiteralString()
		}
		return p.literalString()
	case '[':
		return p.array()
	case '{':
		return p.inlineTable()
	case 't', 'f':
		if p.accept("true") {
			return true
		}
		if p.accept("false") {
			return false
		}
		p.fail(p.here(), "toml::parse_boolean: invalid boolean: boolean must be `true` or `false`, in lowercase. "+
			"string must be surrounded by `\"`", "expected true or false")
	case 'T':
		p.fail(p.here(), "toml::parse_value: `true` must be in lowercase. "+quotes, "expected true or false")
	case 'F':
		p.fail(p.here(), "toml::parse_value: `false` must be in lowercase. "+quotes, "expected true or false")
	case 'i', 'n', 'I', 'N':
		word := map[int]string{'i': "inf", 'I': "inf", 'n': "nan", 'N': "nan"}[c]
		if !strings.HasPrefix(p.src[p.pos:], word) {
			p.fail(p.here(), "toml::parse_value: `"+word+"` must be in lowercase. "+quotes, "expected a float")
		}
	}
	return p.scalar()
}

func (p *parser) array() []any {
	start := p.pos
	p.pos++
	list := []any{}
	for {
		p.blank()
		if p.accept("]") {
			return list
		}
		if p.pos == len(p.src) {
			break
		}
		list = append(list, p.value())
		p.blank()
		if !p.accept(",") && p.peek() != ']' {
			if p.pos == len(p.src) {
				break
			}
			p.fail(p.here(), "toml::parse_array: expected value-separator `,` or closing `]`", "here")
		}
	}
	p.fail(span{start, p.pos}, "toml::parse_array: missing closing bracket `]`", "expected `]`, reached EOF")
	return nil
}

func (p *parser) inlineTable() *Table {
	loc := span{start: p.pos}
	p.pos++
	t := newTable(explicit, loc)
	p.space()
	if !p.accept("}") {
		for {
			p.pair(t)
			p.space()
			if p.accept("}") {
				break
			}
			if !p.accept(",") {
				p.fail(p.here(), "toml::parse_inline_table: expected value-separator `,` or closing `}`", "here")
			}
			p.space()
			if p.peek() == '}' {
				p.fail(p.here(), "toml::parse_inline_table: trailing comma is not allowed in TOML-v1.0.0)", "here")
			}
		}
	}
	t.form = inline
	t.loc.end = p.pos
	return t
}
