package scope

import (
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// Each use in the sources below is followed by the number of the definition that
// it means, ⟨1⟩ being the first defined name from the left; ⟨g⟩ is a global, ⟨w⟩
// a with, and ⟨!⟩ nothing. Definitions that nothing uses are followed by ⟨-⟩.
func TestResolve(t *testing.T) {
	tests := []string{
		`let a = 1; b = a⟨1⟩; in b⟨2⟩`,
		`let a⟨-⟩ = a⟨1⟩; in 1`, // using oneself does not count
		`let a⟨-⟩ = b⟨2⟩; b⟨-⟩ = a⟨1⟩; in 1`,
		`x: let x = x⟨2⟩; in x⟨2⟩`,
		`rec { a = b⟨2⟩; b = toString⟨g⟩ c⟨!⟩; }`,
		`{ a = b⟨!⟩; b = 1; }`,
		`{ a, b⟨-⟩ ? a⟨1⟩, ... }@args: a⟨1⟩ + args⟨3⟩.c`,
		`x: let inherit x⟨1⟩; in x⟨2⟩`,
		`x: let inherit (x⟨1⟩) y z⟨-⟩; in y⟨2⟩`,
		`x: { inherit x⟨1⟩ q⟨!⟩; inherit (x⟨1⟩) y; }`,
		`a: with a⟨1⟩; b⟨w⟩ + a⟨1⟩ + true⟨g⟩`,
		`a: with a⟨1⟩; let b = c⟨w⟩; in b⟨2⟩`,
		`let a.b = 1; a.c = 2; in a⟨1⟩.b`,
		`let "y" = 2; in y⟨1⟩ rec { ${y⟨1⟩} = 1; }`,
		`let { x⟨-⟩ = 1; body = y⟨3⟩; y = 2; }`,
		`a: "${a⟨1⟩} \${b}" + ./x/${a⟨1⟩}.nix`,
		`a: a⟨1⟩.${b⟨!⟩} or c⟨!⟩`,
		`a: a⟨1⟩ ? ${b⟨!⟩}.c`,
		`__trace⟨g⟩ __map⟨!⟩`,
		// What merges into a rec set is part of it; the first definition decides.
		`{ a = rec { b = 1; }; a.c = b⟨1⟩; }`,
		`{ a = rec { b = c⟨2⟩; }; a.c = d⟨!⟩; }`,
		`{ a = rec { b = c⟨2⟩; }; a = { c = 1; }; }`,
		`{ a.c = b⟨!⟩; a = rec { b = 1; }; }`,
		`let a = rec { b = 1; }; a.c = b⟨2⟩; in a⟨1⟩`,
	}
	for _, tt := range tests {
		src, want := strip(tt)
		f := parser.Parse("test", src, 0)
		if len(f.Errors) > 0 {
			t.Errorf("%s: %v", src, f.Errors[0].Msg)
			continue
		}
		marks := map[ast.Pos]string{}
		info := Resolve(f)
		number := map[*Def]string{}
		for i, d := range info.Defs {
			number[d] = string(rune('1' + i))
			if !d.Live() && len(d.Uses) == 0 || !d.Live() && d.Kind == Let {
				marks[d.Span().End] = "-"
			}
		}
		for _, u := range info.Uses {
			switch {
			case u.Undefined():
				marks[u.End] = "!"
			case u.Def == nil:
				marks[u.End] = "w"
			case u.Def.Kind == Global:
				marks[u.End] = "g"
			default:
				marks[u.End] = number[u.Def]
			}
		}
		for off, m := range want {
			if marks[off] != m && !(m == "-" && marks[off] != "") {
				t.Errorf("%s: at %d %q, want %q", src, off, marks[off], m)
			}
			delete(marks, off)
		}
		for off, m := range marks {
			if m != "-" {
				t.Errorf("%s: unexpected %q at %d", src, m, off)
			}
		}
	}
}

func strip(s string) (src string, marks map[ast.Pos]string) {
	marks = map[ast.Pos]string{}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "⟨")
		b.WriteString(before)
		if !ok {
			return b.String(), marks
		}
		mark, after, _ := strings.Cut(rest, "⟩")
		marks[ast.Pos(b.Len())] = mark
		s = after
	}
}

func TestLargeScopesAreIndexed(t *testing.T) {
	var b strings.Builder
	b.WriteString("rec {")
	for i := range 100 {
		b.WriteString("a" + strings.Repeat("x", i) + " = axx;")
	}
	b.WriteString("}")
	info := Resolve(parser.Parse("test", b.String(), 0))
	if d := info.Scopes[0].Lookup("axx"); d == nil || len(d.Uses) != 100 {
		t.Errorf("axx has the wrong uses: %+v", d)
	}
}
