package toml

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	integerHint = "Hint: valid  : -42, 1_000, 1_2_3_4_5, 0xC0FFEE, 0b0010, 0o755\nHint: invalid: _42, 1__000, 0123\n"
	floatHint   = "Hint: valid  : +1.0, -2e-2, 3.141_592_653_589, inf, nan\nHint: invalid: .0, 1., _1.0, 1.0_, 1_.0, 1.0__0\n"
	timeHint    = "Hint: valid  : 1979-05-27T07:32:00, 1979-05-27 07:32:00.999999\nHint: invalid: 1979-05-27T7:32:00, 1979-05-27 17:32\n"
)

// scalar parses a date, a time or a number: the first of them that matches the
// text here, in this order.
func (p *parser) scalar() any {
	if v, ok := p.datetime(); ok {
		return v
	}
	at := func(n int) span { return span{p.pos + n, p.pos + n} }
	rest := p.src[p.pos:]
	next := func(n int) byte {
		if n < len(rest) {
			return rest[n]
		}
		return 0
	}
	if n := scanFloat(rest); n > 0 {
		if next(n) == '_' {
			p.fail(at(n), "bad float: `_` must be surrounded by digits", "invalid underscore", floatHint)
		}
		text := strings.ReplaceAll(rest[:n], "_", "")
		p.pos += n
		return p.float(text)
	}
	n := scanInteger(rest)
	if n == 0 {
		switch next(0) {
		case '.':
			p.fail(at(0), "bad float: integer part is required before decimal point", "missing integer part", floatHint)
		case '_':
			p.fail(at(0), "bad number: `_` must be surrounded by digits", "digits required before `_`", integerHint)
		}
		p.fail(at(0), "bad format: unknown value appeared", "here")
	}
	switch c := next(n); {
	case c == '_' && strings.TrimLeft(rest[:n], "+-") == "0":
		p.fail(at(n), "bad integer: leading zero is not allowed in decimal int", "leading zero", integerHint)
	case c == '_':
		p.fail(at(n), "bad integer: `_` must be surrounded by digits", "invalid underscore", integerHint)
	case c == '0':
		p.fail(at(n-1), "bad integer: leading zero", "leading zero is not allowed", integerHint)
	case c >= '1' && c <= '9':
		p.fail(at(n), "bad integer: invalid digit after an integer", "this digit is not allowed", integerHint)
	case c == ':' || c == '-':
		p.fail(at(n), "bad datetime: invalid format", "here")
	case c == '.' || c == 'e' || c == 'E':
		p.fail(at(n), "bad float: invalid format", "here", floatHint)
	}
	return p.integer(n)
}

// digits returns the length of digits here, with single underscores between them.
func digits(s string, is func(c byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
		if n+1 < len(s) && s[n] == '_' && is(s[n+1]) {
			n++
		}
	}
	return n
}

func isDec(c byte) bool { return c >= '0' && c <= '9' }
func isBin(c byte) bool { return c == '0' || c == '1' }
func isOct(c byte) bool { return c >= '0' && c <= '7' }
func isHex(c byte) bool {
	return isDec(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func sign(s string) int {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return 1
	}
	return 0
}

// scanDecimal returns the length of a decimal integer without a leading zero.
func scanDecimal(s string) int {
	n := sign(s)
	if n < len(s) && s[n] == '0' {
		return n + 1
	}
	d := digits(s[n:], isDec)
	if d == 0 {
		return 0
	}
	return n + d
}

// scanFloat returns the length of a float, 0 if there is none.
func scanFloat(s string) int {
	n := sign(s)
	if strings.HasPrefix(s[n:], "inf") || strings.HasPrefix(s[n:], "nan") {
		return n + 3
	}
	if n = scanDecimal(s); n == 0 {
		return 0
	}
	whole := n
	if n < len(s) && s[n] == '.' {
		if d := digits(s[n+1:], isDec); d > 0 {
			n += 1 + d
		} else {
			return 0
		}
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		e := n + 1
		e += sign(s[e:])
		if d := digits(s[e:], isDec); d > 0 {
			n = e + d
		}
	}
	if n == whole {
		return 0
	}
	return n
}

// scanInteger returns the length of an integer, 0 if there is none. A prefix such
// as 0x counts as an integer even if no digits follow.
func scanInteger(s string) int {
	n := sign(s)
	if n+1 < len(s) && s[n] == '0' {
		var is func(c byte) bool
		switch s[n+1] {
		case 'b':
			is = isBin
		case 'o':
			is = isOct
		case 'x':
			is = isHex
		default:
			return n + 1
		}
		return n + 2 + digits(s[n+2:], is)
	}
	return scanDecimal(s)
}

func (p *parser) integer(n int) int64 {
	text := p.src[p.pos : p.pos+n]
	base, name, form, expected := 10, "dec", "", ""
	if s := sign(text); len(text) > s+1 && text[s] == '0' {
		switch text[s+1] {
		case 'b':
			base, name, form, expected = 2, "bin", "0b0101, 0b1111_0000", "0 or 1"
		case 'o':
			base, name, form, expected = 8, "oct", "0o775, 0o04_44", "from `0` to `7`"
		case 'x':
			base, name, form, expected = 16, "hex", "0xC0FFEE, 0xdead_beef", "hex [0-9a-fA-F]"
		}
		if base != 10 {
			title := "toml::parse_" + name + "_integer: invalid integer: " + name + "_int must be like: " + form
			if s > 0 {
				p.fail(p.here(), title, "expected "+text[s:s+2])
			}
			if n == 2 {
				p.fail(span{p.pos + 2, p.pos + 2}, title, "expected "+expected)
			}
			text = text[2:]
		}
	}
	p.pos += n
	i, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), base, 64)
	if err != nil {
		limit := "max value"
		if base == 10 {
			limit = "max digits"
		}
		p.fail(p.here(), "toml::parse_"+name+"_integer: too large integer: current "+limit+" = 2^63", "must be < 2^63")
	}
	return i
}

func (p *parser) float(text string) float64 {
	switch strings.TrimLeft(text, "+-") {
	case "inf":
		return math.Inf(1 - 2*strings.Count(text[:1], "-"))
	case "nan":
		if text[0] == '-' {
			return math.Copysign(math.NaN(), -1)
		}
		return math.NaN()
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		p.fail(p.here(), "toml::parse_floating: failed to read floating point value from stream", "here")
	}
	return f
}

// datetime parses a date, a time or both, if there is one here.
func (p *parser) datetime() (t Time, ok bool) {
	rest := p.src[p.pos:]
	if !matches(rest, "dddd-dd-dd") {
		if !matches(rest, "dd:dd:dd") {
			return Time{}, false
		}
		return Time{p.clock()}, true
	}
	const dateLen = len("2006-01-02")
	date := rest[:dateLen]
	after := rest[dateLen:]
	if after == "" || !strings.ContainsRune("Tt ", rune(after[0])) || !matches(after[1:], "dd:dd:dd") {
		at := span{p.pos + dateLen, p.pos + dateLen}
		switch {
		case after == "":
		case after[0] == 'T' || after[0] == 't' || after[0] == ' ' && len(after) > 1 && isDec(after[1]):
			at.start++
			p.fail(at, "bad time: must be HH:MM:SS.subsec", "expected a time", timeHint)
		case isDec(after[0]):
			p.fail(at, "bad datetime: missing T or space", "expected T, t or a space", timeHint)
		}
		p.checkDate(date)
		p.pos += dateLen
		return Time{date}, true
	}
	p.checkDate(date)
	p.pos += dateLen + 1
	text := date + "T" + p.clock()
	switch c := p.peek(); {
	case c == 'Z' || c == 'z':
		p.pos++
		text += "Z"
	case c == '+' || c == '-':
		rest := p.src[p.pos:]
		if !matches(rest[1:], "dd:dd") {
			p.fail(p.here(), "bad offset: must be [+-]HH:MM or Z", "expected an offset", "Hint: valid  : +09:00, -05:30\nHint: invalid: +9:00,  -5:30\n")
		}
		if rest[1:3] > "24" || rest[4:6] > "60" {
			p.fail(p.here(), "toml::parse_offset_datetime: too large offset: |hour| <= 24, |minute| <= 60", "here")
		}
		if offset := rest[:6]; offset[1:] == "00:00" {
			text += "Z"
		} else {
			text += offset
		}
		p.pos += 6
	}
	return Time{text}, true
}

// matches reports whether s begins with a pattern in which d stands for a digit.
func matches(s, pattern string) bool {
	if len(s) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if pattern[i] == 'd' && !isDec(s[i]) || pattern[i] != 'd' && s[i] != pattern[i] {
			return false
		}
	}
	return true
}

func (p *parser) checkDate(date string) {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		p.fail(span{p.pos, p.pos + len(date)}, "toml::parse_local_date: invalid date.",
			"month must be 01-12, day must be any of 01-28,29,30,31 depending on the month/year.")
	}
}

// clock parses hh:mm:ss and a fraction, and returns it with a fraction of 0, 3, 6
// or 9 digits, as few as hold it.
func (p *parser) clock() string {
	start := p.pos
	text := p.src[start : start+len("15:04:05")]
	p.pos += len(text)
	frac := ""
	if rest := p.src[p.pos:]; len(rest) > 1 && rest[0] == '.' && isDec(rest[1]) {
		n := 1
		for n < len(rest) && isDec(rest[n]) {
			n++
		}
		frac = rest[1:n]
		p.pos += n
	}
	whole := span{start, p.pos}
	if text[:2] > "23" || text[3:5] > "59" {
		p.fail(whole, "toml::parse_local_time: invalid time.", "hour must be 00-23, minute must be 00-59.")
	}
	if text[6:] > "60" {
		p.fail(whole, "toml::parse_local_time: invalid time.", "second must be 00-60.")
	}
	frac = fmt.Sprintf("%.9s", frac+"000000000")
	for strings.HasSuffix(frac, "000") {
		frac = frac[:len(frac)-3]
	}
	if frac != "" {
		text += "." + frac
	}
	return text
}
