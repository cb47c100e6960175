package cache

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/sign"
)

func testRealisation() *store.Realisation {
	return &store.Realisation{
		ID:   store.DrvOutput{Hash: hash.SumString(hash.SHA256, "drv"), Output: "out"},
		Path: store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x"),
		Deps: map[store.DrvOutput]store.Path{},
	}
}

// known is a Source with one realisation.
type known struct {
	*memStore
	r *store.Realisation
}

func (k known) QueryRealisation(_ context.Context, id store.DrvOutput) (*store.Realisation, error) {
	if id != k.r.ID {
		return nil, nil
	}
	r := *k.r
	return &r, nil
}

// TestRealisations writes realisations to caches of all kinds, and finds them again.
func TestRealisations(t *testing.T) {
	t.Parallel()
	key, err := sign.Generate("k-1")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key.Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := sign.Keys{"k-1": key.Public()}
	r := testRealisation()
	for name, make := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uri, opts := make(t)
			if got, err := openFor(t, uri, opts).QueryRealisation(t.Context(), r.ID); err != nil || got != nil {
				t.Fatalf("nothing is there: %v, %v", got, err)
			}
			if err := open(t, param(uri, "secret-key="+file), opts).AddRealisation(t.Context(), r, store.AddOptions{}); err != nil {
				t.Fatal(err)
			}
			// Whoever adds it without a key takes no signature away.
			if err := open(t, uri, opts).AddRealisation(t.Context(), r, store.AddOptions{}); err != nil {
				t.Fatal(err)
			}
			got, err := open(t, uri, opts).QueryRealisation(t.Context(), r.ID)
			if err != nil || got == nil || got.Path != r.Path || !keys.TrustsRealisation(got) {
				t.Errorf("got %v, %v", got, err)
			}
			// One that says something else is not what the key has signed.
			other := *r
			other.Path = store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-y")
			if err := open(t, uri, opts).AddRealisation(t.Context(), &other, store.AddOptions{}); err != nil {
				t.Fatal(err)
			}
			if got, err := open(t, uri, opts).QueryRealisation(t.Context(), r.ID); err != nil || len(got.Sigs) != 0 {
				t.Errorf("signatures of another realisation: %v, %v", got, err)
			}
		})
	}

	url := serve(t, &Handler{Source: known{newMemStore(), r}, Keys: []sign.SecretKey{key}})
	c := open(t, url, Options{})
	if got, err := c.QueryRealisation(t.Context(), r.ID); err != nil || got == nil || !keys.TrustsRealisation(got) {
		t.Errorf("served: %v, %v", got, err)
	}
	if got, err := c.QueryRealisation(t.Context(), store.DrvOutput{Hash: r.ID.Hash, Output: "dev"}); err != nil || got != nil {
		t.Errorf("not served: %v, %v", got, err)
	}
	for _, name := range []string{"x", "x.doi", "sha256:00!out.doi", r.ID.String()} {
		if resp, _ := get(t, "GET", url+"/realisations/"+name, ""); resp.StatusCode != 404 {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
}

// openFor opens a cache that is made first.
func openFor(t *testing.T, uri string, opts Options) *Cache {
	t.Helper()
	c := open(t, uri, opts)
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSubstituterRealisations asks caches of which only the last is to be believed.
func TestSubstituterRealisations(t *testing.T) {
	t.Parallel()
	r := testRealisation()
	var keys []sign.SecretKey
	for _, name := range []string{"good", "bad"} {
		k, err := sign.Generate(name)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	write := func(text string) *Cache {
		dir := t.TempDir()
		c := openFor(t, "file://"+dir, Options{})
		if err := os.MkdirAll(filepath.Join(dir, "realisations"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, realisationName(r.ID)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return c
	}
	text := func(r store.Realisation, keys ...sign.SecretKey) string {
		for _, k := range keys {
			r.AddSigs(k.Sign(r.Fingerprint()))
		}
		b, err := r.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	other := *r
	other.ID.Output = "dev"
	lying := *r
	lying.AddSigs(keys[0].Sign(r.Fingerprint()))
	lying.Path = store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-y")
	var warned []string
	s := &Substituter{
		Origins: []Origin{
			openFor(t, "file://"+t.TempDir(), Options{}), write("{"), write(text(other, keys[0])), write(text(*r)),
			write(text(*r, keys[1])), write(text(lying)), write(text(*r, keys...)),
		},
		Keys: sign.Keys{"good": keys[0].Public()},
		Warn: func(msg string) { warned = append(warned, msg) },
	}
	var from []string
	accept := func(uri string, _ *store.Realisation) bool { from = append(from, uri); return true }
	got, err := s.QueryRealisation(t.Context(), r.ID, accept)
	if err != nil || got == nil || got.Path != r.Path {
		t.Errorf("%v, %v", got, err)
	}
	if len(from) != 1 || from[0] != s.Origins[6].URI() {
		t.Errorf("taken from %q", from)
	}
	for i, want := range []string{"is corrupt", "it is of another output", "not signed", "not signed", "not signed"} {
		if i >= len(warned) || !strings.Contains(warned[i], want) {
			t.Errorf("warnings %q lack %q", warned, want)
			break
		}
	}
	if got, err := s.QueryRealisation(t.Context(), r.ID, func(string, *store.Realisation) bool { return false }); got != nil || err != nil {
		t.Errorf("nobody likes it: %v, %v", got, err)
	}
}

// TestRealisationsRemembered answers from the disk cache.
func TestRealisationsRemembered(t *testing.T) {
	t.Parallel()
	r := testRealisation()
	dir := t.TempDir()
	disk, err := OpenDiskCache(filepath.Join(t.TempDir(), "cache.sqlite"), TTL{})
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	at := func() *Cache { return openFor(t, "file://"+dir, Options{Disk: disk, ForceDisk: true}) }
	if err := at().AddRealisation(t.Context(), r, store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	absent := store.DrvOutput{Hash: r.ID.Hash, Output: "dev"}
	if got, err := at().QueryRealisation(t.Context(), absent); got != nil || err != nil {
		t.Fatalf("%v, %v", got, err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "realisations")); err != nil {
		t.Fatal(err)
	}
	if got, err := at().QueryRealisation(t.Context(), r.ID); err != nil || got == nil || got.Path != r.Path {
		t.Errorf("%v, %v", got, err)
	}
	late := *r
	late.ID = absent
	text, err := late.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "realisations"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, realisationName(absent)), text, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := at().QueryRealisation(t.Context(), absent); got != nil || err != nil {
		t.Errorf("it was not there a moment ago: %v, %v", got, err)
	}
}
