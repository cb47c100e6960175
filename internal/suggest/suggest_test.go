package suggest_test

import (
	"slices"
	"testing"

	"gonix.dev/gonix/internal/suggest"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "abc", 0}, {"", "abc", 3}, {"abc", "", 3},
		{"abc", "abd", 1}, {"abc", "ab", 1}, {"abc", "xabc", 1}, {"abc", "acb", 1},
		{"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := suggest.Distance(c.a, c.b); got != c.want {
			t.Errorf("%s to %s: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestBest(t *testing.T) {
	names := []string{"map", "mod", "map", "maps", "filter", "nap", "tap"}
	if got, want := suggest.Best(names, "mapp"), []string{"map", "maps", "nap"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := suggest.Best(names, "zzzzzz"); got != nil {
		t.Errorf("got %q, want none", got)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"cores", "core", "max-jobs"}
	for name, want := range map[string]string{"croes": "cores", "cores": "core", "maxjobs": "max-jobs", "store": "core", "zzzzzzzz": ""} {
		if got := suggest.Nearest(names, name, 2); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
