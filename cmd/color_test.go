package cmd

import (
	"io"
	"testing"
)

func TestReadable(t *testing.T) {
	for _, c := range []struct{ text, plain, colored string }{
		{"nothing\tto do\n", "nothing\tto do\n", "nothing\tto do\n"},
		{"\x1b[1;35mred é\x1b[0m", "red é", "\x1b[1;35mred é\x1b[0m"},
		{"a\x1b[2J\x1b[10;1Hb", "ab", "ab"},
		{"\x1b]0;title\x07x\x1bcy", "xy", "xy"},
		{"cut off \x1b[31", "cut off ", "cut off "},
		{"\x1b", "", ""},
		{"bell\a, back\b\b, \u009b2Jshift\x0e\x7f\r\n", "bell, back, 2Jshift\n", "bell, back, 2Jshift\n"},
		{"open \x1b]0;title\nnext \x1b[32mline", "open \nnext line", "open \nnext \x1b[32mline"},
	} {
		for force, want := range map[string]string{"": c.plain, "1": c.colored} {
			env := &Env{Getenv: func(name string) string {
				if name == "CLICOLOR_FORCE" {
					return force
				}
				return ""
			}}
			if got := env.readable(io.Discard, c.text); got != want {
				t.Errorf("readable(%q), colour %q: got %q, want %q", c.text, force, got, want)
			}
		}
	}
}
