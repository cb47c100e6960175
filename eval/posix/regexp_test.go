package posix

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// describe renders what a pattern does with a subject: E or S for a refused
// pattern; else N, or M and the groups, for the whole subject, then for each match
// found in it `; <bytes since the last one> <whole match> <groups>`.
func describe(pattern, subject string, eager bool) string {
	re, err := Compile(pattern)
	var e *Error
	if errors.As(err, &e) {
		return map[Kind]string{Invalid: "E", TooLarge: "S"}[e.Kind]
	}
	re.eager = eager
	var b strings.Builder
	bounds := func(loc []int) {
		for i := 0; i < len(loc); i += 2 {
			if loc[i] < 0 {
				b.WriteString(" -")
			} else {
				fmt.Fprintf(&b, " %d,%d", loc[i], loc[i+1])
			}
		}
	}
	groups, ok, err := re.Match(subject, nil)
	if err != nil {
		return err.Error()
	}
	b.WriteString(map[bool]string{true: "M", false: "N"}[ok])
	bounds(groups)
	last := 0
	err = re.Each(subject, func(loc []int) {
		fmt.Fprintf(&b, " ; %d", loc[0]-last)
		bounds(loc)
		last = loc[1]
	})
	if err != nil {
		return err.Error()
	}
	return b.String()
}

// testdata/recorded.txt holds what libstdc++ 12 did with random patterns.
func TestRecorded(t *testing.T) {
	data, err := os.ReadFile("testdata/recorded.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		pattern, rest := unquote(t, line)
		subject, want := unquote(t, rest)
		for _, eager := range []bool{false, true} {
			if got := describe(pattern, subject, eager); got != strings.TrimSpace(want) {
				t.Errorf("%q on %q, eager %v:\n got %s\nwant %s", pattern, subject, eager, got, want)
			}
		}
	}
}

func unquote(t *testing.T, line string) (s, rest string) {
	q, err := strconv.QuotedPrefix(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	s, _ = strconv.Unquote(q)
	return s, strings.TrimPrefix(line[len(q):], " ")
}

func TestCompileErrors(t *testing.T) {
	for _, tt := range []struct{ pattern, want string }{
		{`\d`, `invalid regular expression '\d'`},
		{`(a)\1`, `invalid regular expression '(a)\1'`},
		{`a{,2}`, `invalid regular expression 'a{,2}'`},
		{`a{2,1}`, `invalid regular expression 'a{2,1}'`},
		{`*a`, `invalid regular expression '*a'`},
		{`^*`, `invalid regular expression '^*'`},
		{`a|*b`, `invalid regular expression 'a|*b'`},
		{`(`, `invalid regular expression '('`},
		{`)`, `invalid regular expression ')'`},
		{`[z-a]`, `invalid regular expression '[z-a]'`},
		{`[[:nope:]]`, `invalid regular expression '[[:nope:]]'`},
		{`a\`, `invalid regular expression 'a\'`},
		{`(.{1,1000}){1,1000}`, `memory limit exceeded by regular expression '(.{1,1000}){1,1000}'`},
		{`a{99999999999}`, `memory limit exceeded by regular expression 'a{99999999999}'`},
	} {
		_, err := Compile(tt.pattern)
		if err == nil || err.Error() != tt.want {
			t.Errorf("Compile(%q): %v, want %s", tt.pattern, err, tt.want)
		}
	}
}

// Patterns that take a plain backtracking matcher for ever.
func TestNoBlowUp(t *testing.T) {
	long := strings.Repeat("a", 200000)
	for _, tt := range []struct {
		pattern, subject string
		match            bool
	}{
		{"(a*)*b", long, false},
		{"(a|a)*", long, true},
		{"(a|aa)*b", long, false},
		{"(a?){20}a{20}", long[:20], true},
		{".*.*.*.*x", long, false},
		{"([a-z]+)+[0-9]", long, false},
		{"(a*|b*|c*)(a*|b*|c*)(a*|b*|c*)(a*|b*|c*)(a*|b*|c*)(a*|b*|c*)(a*|b*|c*)(a*|b*|c*)(a*|b*|c*)(a*|b*|c*)x", "y", false},
	} {
		re, err := Compile(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		_, ok, err := re.Match(tt.subject, nil)
		if err != nil || ok != tt.match {
			t.Errorf("%s: %v, %v", tt.pattern, ok, err)
		}
		n := 0
		if err := re.Each(tt.subject, func([]int) { n++ }); err != nil {
			t.Errorf("%s: search: %v", tt.pattern, err)
		}
	}
}

// A long run of small matches must stay linear.
func TestEachLong(t *testing.T) {
	re, err := Compile("(a|b)c*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := re.Each(strings.Repeat("acccbx", 200000), func([]int) { n++ }); err != nil || n != 400000 {
		t.Errorf("%d matches, %v", n, err)
	}
}

func BenchmarkMatch(b *testing.B) {
	re, _ := Compile("([0-9]+)\\.([0-9]+)(.*)")
	var dst []int
	b.ReportAllocs()
	for b.Loop() {
		dst, _, _ = re.Match("20.09pre-git", dst[:0])
	}
}

func BenchmarkSplit(b *testing.B) {
	re, _ := Compile(" +")
	s := strings.Repeat("word ", 1000)
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		_ = re.Each(s, func([]int) {})
	}
}
