package shellquote

import "testing"

func TestJoin(t *testing.T) {
	for want, words := range map[string][]string{
		"":                        nil,
		"gonix nix-shell -A a.b":  {"gonix", "nix-shell", "-A", "a.b"},
		`'' 'a b' 'it'\''s' '$x'`: {"", "a b", "it's", "$x"},
		`/nix/store/x-y 'a*' '~'`: {"/nix/store/x-y", "a*", "~"},
	} {
		if got := Join(words); got != want {
			t.Errorf("%q: %s, want %s", words, got, want)
		}
	}
	if got := Quote("plain"); got != "'plain'" {
		t.Errorf("Quote: %s", got)
	}
}
