package version

import (
	"slices"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"1.0", "2.3", -1}, {"2.1", "2.3", -1}, {"2.3", "2.3", 0}, {"2.5", "2.3", 1}, {"3.1", "2.3", 1},
		{"2.3.1", "2.3", 1}, {"2.3.1", "2.3a", 1}, {"2.3pre1", "2.3", -1}, {"2.3pre3", "2.3pre12", -1},
		{"2.3a", "2.3c", -1}, {"2.3pre1", "2.3c", -1}, {"2.3pre1", "2.3q", -1},
		{"", "", 0}, {"", "1", -1}, {"", "a", -1}, {"", "pre", 1}, {"1..2", "1.2", 0}, {"1-", "1", 0},
		{"01", "1", 0}, {"2147483647", "2147483648", 1}, {"99999999999", "99999999998", 1},
		{"a", "1", -1}, {"pre", "pre1", -1},
	} {
		if got := Compare(tt.a, tt.b); got != tt.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := Compare(tt.b, tt.a); got != -tt.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", tt.b, tt.a, got, -tt.want)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct{ v, want string }{
		{"1.2.3", "1 2 3"}, {"0.12pre12876", "0 12 pre 12876"}, {"..-", ""}, {"", ""}, {"a-b.c1", "a b c 1"},
		{"1_2", "1 _ 2"}, {"é1", "é 1"},
	} {
		if got := strings.Join(Split(tt.v), " "); got != tt.want {
			t.Errorf("Split(%q) = %s, want %s", tt.v, got, tt.want)
		}
	}
}

func TestSplitName(t *testing.T) {
	for _, tt := range []struct{ name, pkg, version string }{
		{"nix-0.12pre12876", "nix", "0.12pre12876"}, {"hello", "hello", ""}, {"a-b-1.0-c", "a-b", "1.0-c"},
		{"name-", "name-", ""}, {"-1", "", "1"}, {"a--b", "a", "-b"}, {"a-_b", "a", "_b"}, {"", "", ""},
	} {
		if pkg, v := SplitName(tt.name); pkg != tt.pkg || v != tt.version {
			t.Errorf("SplitName(%q) = %q, %q", tt.name, pkg, v)
		}
	}
}

// FuzzCompare checks that comparison is antisymmetric, that a version equals
// itself, and that only components count.
func FuzzCompare(f *testing.F) {
	f.Add("1.2pre", "1.2-3")
	f.Add("a..b", "12345678901234")
	f.Fuzz(func(t *testing.T, a, b string) {
		if Compare(a, b) != -Compare(b, a) {
			t.Errorf("Compare(%q, %q) = %d, reversed %d", a, b, Compare(a, b), Compare(b, a))
		}
		if Compare(a, a) != 0 {
			t.Errorf("%q differs from itself", a)
		}
		if joined := strings.Join(Split(a), "."); Compare(joined, b) != Compare(a, b) {
			t.Errorf("Compare(%q, %q) differs from Compare(%q, %q)", joined, b, a, b)
		} else if !slices.Equal(Split(joined), Split(a)) {
			t.Errorf("Split(%q) differs from Split(%q)", joined, a)
		}
	})
}
