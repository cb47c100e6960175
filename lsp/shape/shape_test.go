package shape

import (
	"strings"
	"testing"

	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser"
)

// A name below many withs of which nothing is known has an answer, soon.
func TestManyWiths(t *testing.T) {
	f := parser.Parse("a.nix", strings.Repeat("with a; ", 2000)+"b", 0)
	info := scope.Resolve(f)
	whole := func() *scope.Info { return info }
	u := &Unit{Path: "/a.nix", File: f, Scope: scope.NewLazy(f, whole, whole)}
	m := World{}.At(u, f.Root.Stop()-1)
	if m == nil || m.Name != "b" || len(m.Slots) > 0 {
		t.Errorf("got %v", m)
	}
}
