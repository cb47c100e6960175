package analysis

import (
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

func TestCheckOptions(t *testing.T) {
	src := `{
  one = 1;
  two = 2; # gonix-ignore: unknown-option
  enabel = "x";
}`
	f := parser.Parse("m.nix", src, 0)
	at := func(text string) ast.Span {
		i := ast.Pos(strings.Index(src, text))
		return ast.Span{Start: i, End: i + ast.Pos(len(text))}
	}
	found := CheckOptions(f, []OptionProblem{
		{Span: at("enabel"), Unknown: true, Msg: "there is no option 'enabel'", Near: "enable"},
		{Span: at(`"x"`), Msg: "it takes a boolean"},
		{Span: at("two"), Unknown: true, Msg: "there is no option 'two'"},
	})
	if len(found) != 2 || found[0].Code != "unknown-option" || found[1].Code != "option-type" {
		t.Fatalf("wrong findings: %+v", found)
	}
	if after := Apply(src, found[0].Fixes[0].Edits); !strings.Contains(after, "enable = ") {
		t.Errorf("the fix makes\n%s", after)
	}
}
