package docs_test

import (
	"slices"
	"strings"
	"testing"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/builtins"
	"gonix.dev/gonix/eval/docs"
)

var features = map[string]bool{"flakes": true, "fetch-tree": true, "fetch-closure": true, "dynamic-derivations": true}

// Every builtin is described, with as many arguments as it takes, and nothing else is.
func TestComplete(t *testing.T) {
	described := make(map[string]bool)
	for _, d := range docs.All() {
		described[d.Name] = true
	}
	for _, b := range append(builtins.All(), eval.Builtin{Name: "builtins"}) {
		d, ok := docs.Lookup(b.Name)
		if !ok {
			t.Errorf("%s is not described", b.Name)
			continue
		}
		delete(described, b.Name)
		if b.PrimOp != nil && len(d.Args) != b.PrimOp.Arity {
			t.Errorf("%s takes %d arguments, described are %v", b.Name, b.PrimOp.Arity, d.Args)
		}
		if d.Feature != b.Feature {
			t.Errorf("%s depends on feature %q, described is %q", b.Name, b.Feature, d.Feature)
		}
		if d.Summary() == "" {
			t.Errorf("%s has no text", b.Name)
		}
	}
	for name := range described {
		t.Errorf("%s is described but does not exist", name)
	}
}

// Examples evaluate to what they say.
func TestExamples(t *testing.T) {
	for _, d := range docs.All() {
		for _, ex := range d.Examples {
			if ex.Value == "" {
				t.Errorf("%s: example %q without its value", d.Name, ex.Expr)
				continue
			}
			st := eval.New(eval.Options{Features: features, System: "x86_64-linux"}, builtins.All()...)
			v, err := st.EvalText("example", ex.Expr, "/")
			if err == nil {
				v, err = st.ForceDeep(v)
			}
			if err != nil {
				t.Errorf("%s: %s: %v", d.Name, ex.Expr, err)
				continue
			}
			got, err := st.Print(v, eval.PrintOptions{})
			if err != nil || got != ex.Value {
				t.Errorf("%s: %s\n got %s\nwant %s (%v)", d.Name, ex.Expr, got, ex.Value, err)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	d, ok := docs.Lookup("getFlake")
	if !ok || d.Signature() != "getFlake args" || d.Family != "flakes" || d.Feature != "flakes" ||
		d.Summary() != "Fetches a flake and returns its outputs, and what is known about its source." {
		t.Errorf("%+v", d)
	}
	if _, ok := docs.Lookup("nope"); ok {
		t.Error("nope is described")
	}
	all := docs.All()
	if !slices.IsSortedFunc(all, func(a, b *docs.Doc) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted")
	}
}
