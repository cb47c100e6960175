package posix

import "strings"

// set is a set of bytes.
type set [4]uint64

func (s *set) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *set) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }

func (s *set) union(t *set) {
	for i := range s {
		s[i] |= t[i]
	}
}

// anyByte is what `.` matches.
var anyByte = &set{^uint64(1), ^uint64(0), ^uint64(0), ^uint64(0)}

// bracket parses a bracket expression after its `[`.
//
// `-` is the difficult part. It stands for itself as the first and as the last
// character, and as the end of a range; everywhere else it must follow a single
// character that is not itself the end of a range, and makes a range with it.
func (p *parser) bracket() *set {
	const (
		nothing = -1 // nothing yet, or a complete range
		class   = -2 // a class: it cannot start a range
	)
	negated := p.accept('^')
	s := new(set)
	last := nothing // the last single character, or one of the above
	if p.accept(']') {
		s.add(']')
		last = ']'
	} else if p.accept('-') {
		s.add('-')
		last = '-'
	}
	for {
		c := p.bracketByte()
		switch {
		case c == ']':
			if negated {
				for i := range s {
					s[i] = ^s[i]
				}
			}
			return s
		case c == '[' && (p.peek() == '.' || p.peek() == ':' || p.peek() == '='):
			last = class
			delim := p.src[p.pos]
			name := p.className()
			switch delim {
			case ':':
				p.addClass(s, name)
			case '.':
				e := p.collatingElement(name)
				s.add(e)
				last = int(e)
			case '=':
				// Equivalence in the C locale is equality but for case.
				e := lower(p.collatingElement(name))
				s.add(e)
				if e >= 'a' && e <= 'z' {
					s.add(e - 'a' + 'A')
				}
			}
		case c == '-':
			if p.accept(']') {
				p.pos--
				s.add('-')
				last = nothing
				continue
			}
			if last < 0 {
				p.fail("misplaced `-' in brackets")
			}
			end := p.bracketByte()
			if end == '[' && (p.peek() == '.' || p.peek() == ':' || p.peek() == '=') {
				p.fail("a range must end in a single character")
			}
			p.addRange(s, byte(last), end)
			last = nothing
		default:
			s.add(c)
			last = int(c)
		}
	}
}

func (p *parser) bracketByte() byte {
	if p.pos == len(p.src) {
		p.fail("unmatched `['")
	}
	p.pos++
	return p.src[p.pos-1]
}

// className parses the rest of `[:name:]` from its first delimiter.
func (p *parser) className() string {
	delim := p.src[p.pos]
	rest := p.src[p.pos+1:]
	end := strings.IndexByte(rest, delim)
	if end < 0 || end+1 >= len(rest) || rest[end+1] != ']' {
		p.fail("unterminated class in brackets")
	}
	p.pos += 1 + end + 2
	return rest[:end]
}

// addRange adds first to last. Bytes compare as the signed chars of C++.
func (p *parser) addRange(s *set, first, last byte) {
	if int8(first) > int8(last) {
		p.fail("range out of order")
	}
	for c := int(int8(first)); c <= int(int8(last)); c++ {
		s.add(byte(c))
	}
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// addClass adds a named class of the C locale. Names ignore case, and the
// shorthands of other grammars (`[[:d:]]`) work too.
func (p *parser) addClass(s *set, name string) {
	var in func(c byte) bool
	isUpper := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	isLower := func(c byte) bool { return c >= 'a' && c <= 'z' }
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' }
	isAlpha := func(c byte) bool { return isUpper(c) || isLower(c) }
	isAlnum := func(c byte) bool { return isAlpha(c) || isDigit(c) }
	isGraph := func(c byte) bool { return c > ' ' && c < 0x7f }
	switch strings.Map(func(r rune) rune { return rune(lower(byte(r))) }, name) {
	case "alnum":
		in = isAlnum
	case "alpha":
		in = isAlpha
	case "blank":
		in = func(c byte) bool { return c == ' ' || c == '\t' }
	case "cntrl":
		in = func(c byte) bool { return c < ' ' || c == 0x7f }
	case "digit", "d":
		in = isDigit
	case "graph":
		in = isGraph
	case "lower":
		in = isLower
	case "print":
		in = func(c byte) bool { return c >= ' ' && c < 0x7f }
	case "punct":
		in = func(c byte) bool { return isGraph(c) && !isAlnum(c) }
	case "space", "s":
		in = func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
	case "upper":
		in = isUpper
	case "xdigit":
		in = func(c byte) bool { return isDigit(c) || lower(c) >= 'a' && lower(c) <= 'f' }
	case "w":
		in = func(c byte) bool { return isAlnum(c) || c == '_' }
	default:
		p.fail("unknown class `" + name + "'")
	}
	for c := range 0x80 {
		if in(byte(c)) {
			s.add(byte(c))
		}
	}
}

// collatingElement is the character that `[.name.]` names.
func (p *parser) collatingElement(name string) byte {
	for i, n := range strings.Fields(portableNames) {
		if n == name {
			return byte(i)
		}
	}
	p.fail("unknown collating element `" + name + "'")
	return 0
}

// portableNames are the names of POSIX's portable character set in the order of
// ASCII, with the C++ library's names where POSIX has several.
const portableNames = `
NUL SOH STX ETX EOT ENQ ACK alert backspace tab newline vertical-tab form-feed
carriage-return SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4 IS3 IS2
IS1 space exclamation-mark quotation-mark number-sign dollar-sign percent-sign
ampersand apostrophe left-parenthesis right-parenthesis asterisk plus-sign comma
hyphen period slash zero one two three four five six seven eight nine colon
semicolon less-than-sign equals-sign greater-than-sign question-mark commercial-at
A B C D E F G H I J K L M N O P Q R S T U V W X Y Z
left-square-bracket backslash right-square-bracket circumflex underscore
grave-accent a b c d e f g h i j k l m n o p q r s t u v w x y z
left-curly-bracket vertical-line right-curly-bracket tilde DEL`
