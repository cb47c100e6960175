package jsontext

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// recorder writes down what the reader reports.
type recorder struct{ strings.Builder }

func (r *recorder) put(format string, args ...any) error {
	fmt.Fprintf(&r.Builder, format, args...)
	return nil
}
func (r *recorder) Null() error           { return r.put("null ") }
func (r *recorder) Bool(b bool) error     { return r.put("%v ", b) }
func (r *recorder) Int(i int64) error     { return r.put("i%d ", i) }
func (r *recorder) Float(f float64) error { return r.put("f%g ", f) }
func (r *recorder) String(s string) error { return r.put("%q ", s) }
func (r *recorder) BeginArray() error     { return r.put("[ ") }
func (r *recorder) EndArray() error       { return r.put("] ") }
func (r *recorder) BeginObject() error    { return r.put("{ ") }
func (r *recorder) Key(s string) error    { return r.put("%s: ", s) }
func (r *recorder) EndObject() error      { return r.put("} ") }

func TestRead(t *testing.T) {
	const parseError = "[json.exception.parse_error.101] parse error at "
	for _, tt := range []struct{ text, want string }{
		{`{"a": [1, -0, 1.5, 1e3, true, null], "a": "x\u00e9\ud83d\ude00"}`, `{ a: [ i1 i0 f1.5 f1000 true null ] a: "xé😀" } `},
		{`9223372036854775807`, `i9223372036854775807 `},
		{`-9223372036854775808`, `i-9223372036854775808 `},
		{`-9223372036854775809`, `f-9.223372036854776e+18 `},
		{`99999999999999999999`, `f1e+20 `},
		{`18446744073709551615`, `unsigned json number 18446744073709551615 outside of Nix integer range`},
		{`"a\u0000b"`, `input string 'a␀b' cannot be represented as Nix string because it contains null bytes`},
		{`{"a\u0000": 1}`, `input string 'a␀' cannot be represented as Nix string because it contains null bytes`},
		{`1e999`, `[json.exception.out_of_range.406] number overflow parsing '1e999'`},
		{``, parseError + `line 1, column 1: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal`},
		{`{`, parseError + `line 1, column 2: syntax error while parsing object key - unexpected end of input; expected string literal`},
		{`[1,]`, parseError + `line 1, column 4: syntax error while parsing value - unexpected ']'; expected '[', '{', or a literal`},
		{"[1\n 2]", parseError + `line 2, column 2: syntax error while parsing array - unexpected number literal; expected ']'`},
		{`{"a" 1}`, parseError + `line 1, column 6: syntax error while parsing object separator - unexpected number literal; expected ':'`},
		{`1 2`, parseError + `line 1, column 3: syntax error while parsing value - unexpected number literal; expected end of input`},
		{`nul`, parseError + `line 1, column 4: syntax error while parsing value - invalid literal; last read: 'nul'`},
		{`"a`, parseError + `line 1, column 3: syntax error while parsing value - invalid string: missing closing quote; last read: '"a'`},
		{"\"a\tb\"", parseError + `line 1, column 3: syntax error while parsing value - invalid string: control character U+0009 (HT) must be escaped to \u0009 or \t; last read: '"a<U+0009>'`},
		{`"\ud800x"`, parseError + `line 1, column 8: syntax error while parsing value - invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF; last read: '"\ud800x'`},
		{"\"\xff\"", parseError + "line 1, column 2: syntax error while parsing value - invalid string: ill-formed UTF-8 byte; last read: '\"\xff'"},
		{`-x`, parseError + `line 1, column 2: syntax error while parsing value - invalid number; expected digit after '-'; last read: '-x'`},
	} {
		var r recorder
		got := ""
		if err := Read(tt.text, &r); err != nil {
			got = err.Error()
		} else {
			got = r.Builder.String()
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func TestReadDeep(t *testing.T) {
	const depth = 1000000
	var r recorder
	if err := Read(strings.Repeat("[", depth)+strings.Repeat("]", depth), &r); err != nil {
		t.Error(err)
	}
}

func TestAppendString(t *testing.T) {
	for _, tt := range []struct{ s, want string }{
		{"a\"\\/\b\f\n\r\t\x01\x7f<>&é", `"a\"\\/\b\f\n\r\t\u0001` + "\x7f" + `<>&é"`},
		{"_invalid UTF-8: \xff_", "[json.exception.type_error.316] invalid UTF-8 byte at index 16: 0xFF"},
		{"\xe2\x82", "[json.exception.type_error.316] incomplete UTF-8 string; last byte: 0x82"},
		{"\xe2\x82x", "[json.exception.type_error.316] invalid UTF-8 byte at index 2: 0x78"},
	} {
		b, err := AppendString(nil, tt.s)
		got := string(b)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%q: %s, want %s", tt.s, got, tt.want)
		}
	}
}

func TestAppendFloat(t *testing.T) {
	for _, tt := range []struct {
		f    float64
		want string
	}{
		{1, "1.0"}, {-0.5, "-0.5"}, {0, "0.0"}, {math.Copysign(0, -1), "-0.0"}, {1e14, "100000000000000.0"},
		{1e15, "1e+15"}, {123456789012345680, "1.2345678901234568e+17"}, {0.0001, "0.0001"}, {0.00001, "1e-05"},
		{5e-324, "5e-324"}, {math.MaxFloat64, "1.7976931348623157e+308"}, {math.Inf(1), "null"}, {math.NaN(), "null"},
		{0.1, "0.1"}, {3.14159, "3.14159"}, {1.0 / 3, "0.3333333333333333"},
		{9.5e-309, "9.5e-309"}, {2.0e22, "2e+22"},
	} {
		if got := string(AppendFloat(nil, tt.f)); got != tt.want {
			t.Errorf("%g: %s, want %s", tt.f, got, tt.want)
		}
	}
}

// FuzzRead checks that what is accepted is what encoding/json accepts.
func FuzzRead(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2.5, "x"]}`, `[`, `"\ud800"`, "\xef\xbb\xbf1", `-0`, `1e400`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r recorder
		err := Read(text, &r)
		_, ranged := err.(*RangeError)
		_, null := err.(*NullByteError)
		if ranged || null || strings.Contains(text, "\\u") || strings.IndexByte(text, 0) >= 0 {
			return // nlohmann refuses lone surrogates and huge numbers, and stops at NUL
		}
		if err != nil && strings.Contains(err.Error(), "out_of_range") {
			return
		}
		body := strings.TrimPrefix(text, "\xef\xbb\xbf")
		valid := json.Valid([]byte(body)) && strings.ToValidUTF8(body, "") == body
		if valid != (err == nil) {
			t.Errorf("%q: valid %v, got %v", text, valid, err)
		}
	})
}

// FuzzAppendFloat checks that floats read back as they were.
func FuzzAppendFloat(f *testing.F) {
	f.Add(uint64(1))
	f.Add(math.Float64bits(0.3))
	f.Fuzz(func(t *testing.T, bits uint64) {
		x := math.Float64frombits(bits)
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return
		}
		s := string(AppendFloat(nil, x))
		if back, err := strconv.ParseFloat(s, 64); err != nil || back != x {
			t.Errorf("%b is written %s, which reads %b, %v", x, s, back, err)
		}
	})
}
