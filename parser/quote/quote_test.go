package quote_test

import (
	"testing"

	"gonix.dev/gonix/parser/quote"
)

func TestString(t *testing.T) {
	for s, want := range map[string]string{
		"":                  `""`,
		"a b":               `"a b"`,
		"\n\r\t\"\\":        `"\n\r\t\"\\"`,
		"$ $$ ${a} $${b} $": `"$ $$ \${a} $\${b} $"`,
		"é\x01":             "\"é\x01\"",
	} {
		if got := quote.String(s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

func TestAppendFirst(t *testing.T) {
	for n, want := range []string{`""`, `"a"`, `"a\$"`, `"a\${"`} {
		if got := string(quote.AppendFirst(nil, "a${b}", n)); got != want {
			t.Errorf("%d bytes: got %s, want %s", n, got, want)
		}
	}
}

func TestIdentifier(t *testing.T) {
	for s, want := range map[string]string{
		"a": "a", "_": "_", "a-b'1": "a-b'1", "or": "or",
		"": `""`, "1a": `"1a"`, "-a": `"-a"`, "'a": `"'a"`, "a b": `"a b"`, "if": `"if"`, "a.b": `"a.b"`, "é": `"é"`,
	} {
		if got := quote.Identifier(s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
	if got := quote.AttrPath("a", "b.c", "d"); got != `a."b.c".d` {
		t.Errorf("got %s", got)
	}
}
