package toml

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// show renders a value: tables as {key: value}, strings quoted, times bare.
func show(v any) string {
	var parts []string
	switch v := v.(type) {
	case *Table:
		for _, k := range v.Keys {
			parts = append(parts, fmt.Sprintf("%s: %s", k, show(v.Values[k])))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, e := range v {
			parts = append(parts, show(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return fmt.Sprintf("%q", v)
	case Time:
		return v.Text
	}
	return fmt.Sprint(v)
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ doc, want string }{
		{"", "{}"},
		{"x=1\ns=\"a\"\n[table]\ny=2\n", `{x: 1, s: "a", table: {y: 2}}`},
		{"a.b = 1\na.c = 2", "{a: {b: 1, c: 2}}"},
		{"[a.b]\nx=1\n[a]\ny=2", "{a: {b: {x: 1}, y: 2}}"},
		{"[[a]]\nx=1\n[[a]]\n[a.b]\ny=2", "{a: [{x: 1}, {b: {y: 2}}]}"},
		{"x = [1, # one\n 2,\n]\ny = {a.b = 1, c = []}", "{x: [1, 2], y: {a: {b: 1}, c: []}}"},
		{"x = [0xDEAD_beef, 0o17, 0b101, 1_000, +1, -0]", "{x: [3735928559, 15, 5, 1000, 1, 0]}"},
		{"x = [1.5, 1e3, -2E-2, inf, -inf]", "{x: [1.5, 1000, -0.02, +Inf, -Inf]}"},
		{`x = "a\tb\u00e9\U0001f600"` + "\ny = 'c:\\d'", `{x: "a\tbé😀", y: "c:\\d"}`},
		{"x = \"\"\"\na\\\n   b\n\"\"\"\"\ny = '''\n'''''", `{x: "ab\n\"", y: "''"}`},
		{"a = 1979-05-27\nb = 07:32:00.5\nc = 1979-05-27 07:32:00+00:00\nd = 1979-05-27t07:32:00.123456-07:30",
			"{a: 1979-05-27, b: 07:32:00.500, c: 1979-05-27T07:32:00Z, d: 1979-05-27T07:32:00.123456-07:30}"},
		{"a = 1\r\nb = true # c", "{a: 1, b: true}"},
	} {
		root, err := Parse(tt.doc)
		if err != nil {
			t.Errorf("%q: %v", tt.doc, err)
		} else if got := show(root); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.doc, got, tt.want)
		}
	}
}

func TestParseNaN(t *testing.T) {
	root, err := Parse("x = -nan")
	if err != nil || !math.IsNaN(root.Values["x"].(float64)) {
		t.Error(root, err)
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ doc, title string }{
		{"x = 9223372036854775808", "toml::parse_dec_integer: too large integer: current max digits = 2^63"},
		{"x = 0xffffffffffffffff", "toml::parse_hex_integer: too large integer: current max value = 2^63"},
		{"x", "toml::parse_key_value_pair: invalid key value separator `=`"},
		{"= 1", `toml::parse_simple_key: invalid key: key must be "quoted", 'quoted-literal', or bare key.`},
		{"x = ", "bad format: unknown value appeared"},
		{"x = 01", "bad integer: invalid digit after an integer"},
		{"x = 1__0", "bad integer: `_` must be surrounded by digits"},
		{"x = 1.", "bad float: invalid format"},
		{"x = .5", "bad float: integer part is required before decimal point"},
		{"x = 1 2", "toml::parse_table: newline (LF / CRLF) or EOF is expected"},
		{"x = True", "toml::parse_value: `true` must be in lowercase. A string must be surrounded by quotes."},
		{"x = [1 2]", "toml::parse_array: expected value-separator `,` or closing `]`"},
		{"x = [1", "toml::parse_array: missing closing bracket `]`"},
		{"x = {a=1,}", "toml::parse_inline_table: trailing comma is not allowed in TOML-v1.0.0)"},
		{"x = 1\nx = 2", "toml::insert_value: failed to insert a value, value already exists"},
		{"[a]\n[a]", "toml::insert_value: failed to insert a table, table already defined"},
		{"[a.b]\n[a]\nb.c=1", "toml::insert_value: reopening a table using dotted keys"},
		{"a={}\na.b=1", "toml::insert_value: failed to insert a value: inline table is immutable"},
		{"[a", "toml::parse_file: invalid table key"},
		{`x = "\q"`, "toml::parse_basic_string: invalid string format"},
		{`x = "\ud800"`, "toml::parse_utf8_codepoint: [0xD800, 0xDFFF] is not a valid UTF-8"},
		{"x = 1979-02-30", "toml::parse_local_date: invalid date."},
		{"x = " + strings.Repeat("[", 100000), "arrays or inline tables nest too deeply"},
	} {
		_, err := Parse(tt.doc)
		if e, ok := err.(*Error); !ok || e.Title != tt.title {
			t.Errorf("%.40q: %v, want %s", tt.doc, err, tt.title)
		}
	}
}

func TestErrorText(t *testing.T) {
	_, err := Parse("a = 1\nattr = 9223372036854775808")
	const want = `[error] toml::parse_dec_integer: too large integer: current max digits = 2^63
 --> fromTOML
   |
 2 | attr = 9223372036854775808
   |                           ^-- must be < 2^63
`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// FuzzParse checks that a document is read or refused, and that the trees of a
// document and of the document behind a comment are the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a.b = [1, {c = 'x'}]\n[[t]]\n", "x = 1979-05-27T07:32:00Z", "\"\"\"", "[a]\n[a.b]\nc=\"\\u00e9\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		root, err := Parse(doc)
		if err != nil {
			if err.Error() == "" {
				t.Error("error without text")
			}
			return
		}
		if strings.HasPrefix(doc, "\xef\xbb\xbf") {
			return
		}
		again, err := Parse("# comment\n" + doc + "\n")
		if err != nil || show(again) != show(root) {
			t.Errorf("%q: %s, behind a comment %v, %v", doc, show(root), again, err)
		}
	})
}
