package document

import (
	"slices"
	"strings"
	"testing"

	"go.lsp.dev/uri"

	"gonix.dev/gonix/parser/ast"
)

func TestMapper(t *testing.T) {
	const text = "ab\né😀x\r\n\rlast"
	//            0123 45 6..9 10 11 12 13
	tests := []struct {
		off              ast.Pos
		utf8, utf16, u32 Position
	}{
		{0, Position{0, 0}, Position{0, 0}, Position{0, 0}},
		{2, Position{0, 2}, Position{0, 2}, Position{0, 2}},
		{3, Position{1, 0}, Position{1, 0}, Position{1, 0}},
		{5, Position{1, 2}, Position{1, 1}, Position{1, 1}},
		{9, Position{1, 6}, Position{1, 3}, Position{1, 2}},
		{10, Position{1, 7}, Position{1, 4}, Position{1, 3}},
		{12, Position{2, 0}, Position{2, 0}, Position{2, 0}},
		{13, Position{3, 0}, Position{3, 0}, Position{3, 0}},
		{17, Position{3, 4}, Position{3, 4}, Position{3, 4}},
	}
	for _, tt := range tests {
		for enc, want := range map[Encoding]Position{UTF8: tt.utf8, UTF16: tt.utf16, UTF32: tt.u32} {
			m := NewMapper(text, enc)
			if got := m.Position(tt.off); got != want {
				t.Errorf("%v: Position(%d) = %v, want %v", enc, tt.off, got, want)
			}
			if got := m.Offset(want); got != tt.off {
				t.Errorf("%v: Offset(%v) = %d, want %d", enc, want, got, tt.off)
			}
		}
	}
}

func TestMapperMovesPositionsThatDoNotExist(t *testing.T) {
	const text = "a😀b\ncd"
	tests := []struct {
		enc  Encoding
		pos  Position
		want ast.Pos
	}{
		{UTF16, Position{0, 2}, 1}, // inside the surrogate pair
		{UTF8, Position{0, 3}, 1},  // inside the sequence
		{UTF16, Position{0, 99}, 6},
		{UTF8, Position{0, 4294967295}, 6},
		{UTF32, Position{99, 0}, 9},
		{UTF16, Position{4294967295, 4294967295}, 9},
	}
	for _, tt := range tests {
		if got := NewMapper(text, tt.enc).Offset(tt.pos); got != tt.want {
			t.Errorf("%v: Offset(%v) = %d, want %d", tt.enc, tt.pos, got, tt.want)
		}
	}
}

// Every offset that starts a character survives the trip there and back, in any
// text and encoding.
func FuzzMapper(f *testing.F) {
	f.Add("a\r\nb\rc\n\nd é 😀\xff x")
	f.Add(strings.Repeat("é😀x", 300) + "\n" + strings.Repeat("x\xff", 600))
	f.Add("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20")
	f.Fuzz(func(t *testing.T, text string) {
		for _, enc := range []Encoding{UTF8, UTF16, UTF32} {
			m := NewMapper(text, enc)
			w := m.Walk()
			for off := -1; off <= len(text)+1; off++ {
				// Back and forth, near and far.
				for _, o := range []int{off, len(text) - off, off} {
					if got, want := w.Position(ast.Pos(o)), m.Position(ast.Pos(o)); got != want {
						t.Fatalf("%v: the walker has %v for %d, want %v", enc, got, o, want)
					}
				}
			}
			for off := range text { // starts of code points
				if off > 0 && text[off] == '\n' && text[off-1] == '\r' {
					continue // between the two bytes of one line end
				}
				p := m.Position(ast.Pos(off))
				if got := m.Offset(p); int(got) != off {
					t.Fatalf("%v: %d -> %v -> %d in %q", enc, off, p, got, text)
				}
			}
			for line := range m.LineCount() + 1 {
				if s, e := m.LineStart(line), m.LineEnd(line); s > e || int(e) > len(text) {
					t.Fatalf("%v: line %d is %d..%d in %q", enc, line, s, e, text)
				}
			}
		}
	})
}

func TestApply(t *testing.T) {
	s, err := New(uri.File("/tmp/x.nix"), 1, "one\ntwö\nthree\n", UTF16)
	if err != nil {
		t.Fatal(err)
	}
	next, err := s.Apply(2, []Change{
		{Range: &[2]Position{{1, 0}, {1, 3}}, Text: "2"},
		{Range: &[2]Position{{1, 1}, {2, 5}}, Text: "!"}, // sees the first change
		{Range: &[2]Position{{0, 3}, {0, 0}}, Text: "1"}, // ends the wrong way around
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "1\n2!\n"; next.Text != want || next.Version != 2 {
		t.Errorf("got version %d %q, want 2 %q", next.Version, next.Text, want)
	}
	if s.Text != "one\ntwö\nthree\n" {
		t.Error("the older snapshot changed")
	}
	whole, _ := next.Apply(3, []Change{{Text: "{ }"}})
	if whole.Text != "{ }" {
		t.Errorf("whole replacement gave %q", whole.Text)
	}
}

func TestAnalysisRunsOnce(t *testing.T) {
	n := 0
	length := NewAnalysis(func(s *Snapshot) int { n++; return len(s.Text) })
	s, _ := New(uri.File("/tmp/x.nix"), 1, "abc", UTF8)
	if length.Of(s)+length.Of(s) != 6 || n != 1 {
		t.Errorf("computed %d times", n)
	}
}

// The mapper of an edited text is what it would be of a new one.
func FuzzReplace(f *testing.F) {
	f.Add("a\r\nb\rc\n\nd é 😀\xff x\n", 2, 1, "\n")
	f.Add("a\r\nb", 2, 0, "x")
	f.Add("é\né\né\n", 1, 5, "\né")
	f.Add("a\rb\nc", 2, 1, "")
	f.Fuzz(func(t *testing.T, text string, at, length int, by string) {
		at = min(max(at, 0), len(text))
		length = min(max(length, 0), len(text)-at)
		for _, enc := range []Encoding{UTF8, UTF16} {
			old := NewMapper(text, enc)
			got := old.replace(ast.Span{Start: ast.Pos(at), End: ast.Pos(at + length)}, by)
			want := NewMapper(text[:at]+by+text[at+length:], enc)
			if got.text != want.text || !slices.Equal(got.lines, want.lines) || !slices.Equal(got.wide, want.wide) {
				t.Errorf("%v: %q %d..%d by %q\n got %v %v\nwant %v %v", enc, text, at, at+length, by, got.lines, got.wide, want.lines, want.wide)
			}
		}
	})
}

// A derived analysis gets what there was of an older version, however old, and no
// more than once.
func TestDerivedAnalysis(t *testing.T) {
	var got []string
	texts := NewDerived(func(s *Snapshot, older *string) string {
		if older != nil {
			got = append(got, *older+">"+s.Text)
		} else {
			got = append(got, s.Text)
		}
		return s.Text
	})
	a, _ := New(uri.File("/tmp/x.nix"), 1, "a", UTF8)
	texts.Of(a)
	b, _ := a.Apply(2, []Change{{Text: "b"}})
	c, _ := b.Apply(3, []Change{{Text: "c"}}) // nobody asked about b
	texts.Of(c)
	d, _ := c.Apply(4, []Change{{Text: "d"}})
	texts.Of(b)
	texts.Of(d)
	if want := []string{"a", "a>c", "a>b", "c>d"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(d.memo.older) > 0 {
		t.Error("the older result is kept")
	}
}
