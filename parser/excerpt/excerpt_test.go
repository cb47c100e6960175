package excerpt_test

import (
	"strings"
	"testing"

	"gonix.dev/gonix/parser/excerpt"
)

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		name, text   string
		line, column int
		want         string
	}{
		{"one line", "x y", 1, 3, "     1| x y\n      |   ^"},
		{"line end", "x\n", 1, 1, "     1| x\n      | ^\n     2|"},
		{"end of file", "x\n", 2, 1, "     1| x\n     2|\n      | ^"},
		{"middle", "a\nb\nc\nd", 3, 1, "     2| b\n     3| c\n      | ^\n     4| d"},
		{"mixed line ends", "a\r\nb\rc  \nd", 3, 2, "     2| b\n     3| c\n      |  ^\n     4| d"},
		{"no column", "a\nb", 1, 0, "     1| a\n     2| b"},
		{"wide number", strings.Repeat("\n", 99998) + "x", 99999, 1, " 99998|\n 99999| x\n      | ^"},
		{"no line", "x", 0, 0, ""},
		{"past the end", "x", 7, 1, ""},
	} {
		if got := strings.Join(excerpt.Lines(tt.text, tt.line, tt.column), "\n"); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestMessage(t *testing.T) {
	got := "error: " + excerpt.Message("first\n\nsecond ", "a.nix:1:2", "ab\n", 1, 2)
	const want = `error: first

       second
       at a.nix:1:2:
            1| ab
             |  ^
            2|`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := excerpt.Message("m", "", "", 0, 0); got != "m" {
		t.Errorf("without a place: %q", got)
	}
}
