//go:build unix

package local

import (
	"errors"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// TestRealisations records realisations and what they depend on.
func TestRealisations(t *testing.T) {
	ctx := t.Context()
	untrusted := errors.New("untrusted")
	s := openTest(t, func(set *Settings) {
		set.TrustedRealisation = func(r *store.Realisation) error {
			if len(r.Sigs) == 0 {
				return untrusted
			}
			return nil
		}
	})
	id := func(name string) store.DrvOutput {
		return store.DrvOutput{Hash: hash.SumString(hash.SHA256, name), Output: "out"}
	}
	dep := &store.Realisation{ID: id("dep"), Path: addText(t, s, "dep", "dep")}
	top := &store.Realisation{ID: id("top"), Path: addText(t, s, "top", "top"), Deps: map[store.DrvOutput]store.Path{dep.ID: dep.Path}}
	other := *top
	other.Path = dep.Path
	gone := *dep
	gone.Path = store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x")
	signed := *top
	signed.AddSigs("k-1:sig")

	if r, err := s.QueryRealisation(ctx, dep.ID); r != nil || err != nil {
		t.Fatalf("%v, %v", r, err)
	}
	if err := s.AddRealisation(ctx, dep, store.AddOptions{}); !errors.Is(err, untrusted) {
		t.Errorf("nobody has signed: %v", err)
	}
	for _, step := range []struct {
		r    *store.Realisation
		want string
	}{
		{&gone, "is not valid"},
		{top, "depends on the non existent"},
		{dep, ""},
		{top, ""},
		{&signed, ""},
		{top, ""},
		{&other, "we already have another one locally"},
	} {
		err := s.AddRealisation(ctx, step.r, store.AddOptions{NoCheckSigs: true})
		if (err == nil) != (step.want == "") || err != nil && !strings.Contains(err.Error(), step.want) {
			t.Errorf("%s: %v, not %q", step.r.Path, err, step.want)
		}
	}
	r, err := s.QueryRealisation(ctx, top.ID)
	if err != nil || r == nil || r.Path != top.Path || len(r.Deps) != 1 || r.Deps[dep.ID] != dep.Path || len(r.Sigs) != 1 {
		t.Errorf("got %v, %v", r, err)
	}
	rows := 0
	if err := s.read(ctx, func(c *sqlite.Conn) error {
		return each(c, "select 1 from RealisationsRefs", nil, func(*sqlite.Stmt) error { rows++; return nil })
	}); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
}
