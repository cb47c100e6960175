package formatter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocument(t *testing.T) {
	got, err := Document(parse("f: f {\n  a = 1; # one\n  b=''\n    two\n  '';\n} x"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `group
  group
    break
    text 0+0 "f"
    text 0+0 ":"
    space
    group
      transparent
        transparent
          text 0+0 "f"
        space
        priority
          text 1+0 "{"
          hardline
          group
            text 2+0 "a"
            hardspace
            text 3+0 "="
            group
              space
              text 4+0 "1"
            text 2+0 ";"
            hardspace
            linecomment 2+0 "# one"
          hardline
          group
            text 2+0 "b"
            hardspace
            text 3+0 "="
            hardspace
            group
              text 4+0 "''"
              break
              text 5+0 "two"
              newlines 1
              text 4+0 "''"
            text 2+0 ";"
          hardline
          text 1+0 "}"
      space
      group
        text 1+0 "x"
`
	if got != want {
		t.Error(cmp.Diff(want, got))
	}
	if _, err := Document(parse("{"), Options{}); err == nil {
		t.Error("no syntax error")
	}
}
