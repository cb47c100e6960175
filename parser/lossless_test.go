package parser_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// lossless checks that tokens and comments, in order, are the source but for
// white space between them.
func lossless(f *ast.File) error {
	end := ast.Pos(0)
	tokens, comments := f.Tokens, f.Comments
	for len(tokens) > 0 || len(comments) > 0 {
		var s ast.Span
		if len(comments) == 0 || len(tokens) > 0 && tokens[0].Start <= comments[0].Start {
			s, tokens = tokens[0].Span, tokens[1:]
		} else {
			s, comments = comments[0].Span, comments[1:]
		}
		if s.Start < end || s.End < s.Start || int(s.End) > len(f.Src) {
			return fmt.Errorf("token %d..%d after %d", s.Start, s.End, end)
		}
		if gap := f.Src[end:s.Start]; strings.Trim(gap, " \t\r\n") != "" {
			return fmt.Errorf("lost %q at %d", gap, end)
		}
		end = s.End
	}
	if gap := f.Src[end:]; strings.Trim(gap, " \t\r\n") != "" {
		return fmt.Errorf("lost %q at the end", gap)
	}
	return nil
}

// nested checks that every node contains its children and that they stand in
// order.
func nested(n ast.Node) error {
	var err error
	ast.Inspect(n, func(n ast.Node) bool {
		if err != nil {
			return false
		}
		if n == nil || reflect.ValueOf(n).IsNil() {
			err = fmt.Errorf("nil node")
			return false
		}
		end := n.Pos()
		if n.Stop() < end {
			err = fmt.Errorf("%T ends before it starts, at %d", n, end)
		}
		for c := range ast.Children(n) {
			if c.Pos() < end || c.Stop() > n.Stop() {
				err = fmt.Errorf("%T %d..%d has %T %d..%d after %d", n, n.Pos(), n.Stop(), c, c.Pos(), c.Stop(), end)
				return false
			}
			end = c.Stop()
		}
		return err == nil
	})
	return err
}

func TestLossless(t *testing.T) {
	names, texts := corpus(t)
	for i, text := range texts {
		f := parser.Parse(names[i], text, parser.KeepTokens)
		if err := lossless(f); err != nil {
			t.Errorf("%s: %v", names[i], err)
		}
		if err := nested(f.Root); err != nil {
			t.Errorf("%s: %v", names[i], err)
		}
	}
}

func TestTokens(t *testing.T) {
	const src = "{ a = \"x${b}\\n\" + ''  \n c''$'' + ./d${e}/f; # g\n/** h */ /* i */ }"
	f := parser.Parse("a.nix", src, parser.KeepTokens)
	if len(f.Errors) > 0 {
		t.Fatal(f.Errors[0].Msg)
	}
	var got []string
	for _, tok := range f.Tokens {
		got = append(got, src[tok.Start:tok.End])
	}
	want := []string{"{", "a", "=", `"`, "x", "${", "b", "}", `\n`, `"`, "+", "''", "  \n", " c", "''$", "''", "+",
		"./d", "${", "e", "}", "/f", "", ";", "}"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got tokens %q", got)
	}
	if k := f.Tokens[22].Kind; k != ast.PATH_END {
		t.Errorf("the empty token is of kind %d", k)
	}
	var comments []string
	for _, c := range f.Comments {
		comments = append(comments, fmt.Sprint(c.Kind, src[c.Start:c.End]))
	}
	if want := []string{"0# g", "2/** h */", "1/* i */"}; !reflect.DeepEqual(comments, want) {
		t.Errorf("got comments %q", comments)
	}
}

func FuzzParse(f *testing.F) {
	_, texts := corpus(f)
	for _, text := range texts {
		f.Add(text)
	}
	for _, s := range []string{
		"", "{", "\"${", "''${", "./${", "a/b//c", "{ a = ; b", "[ ; ]", "let in", "x: /*", "\x00", "é", "a.b or",
		"{ a, b ? 1, ... }@c: d", "inherit", "''\r\n  a\r\n''", "\"\\", "''''\\", "$", "1.e5.", "<a", "${a}", "~/", "~/${x}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		kept := parser.Parse("a.nix", src, parser.KeepTokens|parser.PipeOperators)
		if err := lossless(kept); err != nil {
			t.Errorf("%q: %v", src, err)
		}
		if err := nested(kept.Root); err != nil {
			t.Errorf("%q: %v", src, err)
		}
		bad := false
		ast.Inspect(kept.Root, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.Bad, *ast.BadBinding:
				bad = true
			}
			return true
		})
		if bad && len(kept.Errors) == 0 {
			t.Errorf("%q: a bad node without an error", src)
		}
		for i, e := range kept.Errors {
			if e.Start < 0 || int(e.End) > len(src) || e.End < e.Start || e.Msg == "" || e.Code == "" {
				t.Errorf("%q: error %d %+v", src, i, e)
			}
		}
		plain := parser.Parse("a.nix", src, parser.PipeOperators)
		if !reflect.DeepEqual(plain.Errors, kept.Errors) || !reflect.DeepEqual(plain.Root, kept.Root) {
			t.Errorf("%q: another tree when tokens are kept", src)
		}
	})
}
