package store

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"gonix.dev/gonix/store/hash"
)

func testRealisation() *Realisation {
	id := func(s, output string) DrvOutput { return DrvOutput{hash.SumString(hash.SHA256, s), output} }
	return &Realisation{
		ID: id("a", "out"), Path: MustParsePath("0fg6237n0ycfmnndzn192cipy0da5j70-a"), Sigs: []string{"k-1:b", "k-2:a"},
		Deps: map[DrvOutput]Path{
			id("c", "dev"): MustParsePath("1fg6237n0ycfmnndzn192cipy0da5j70-c"),
			id("b", "out"): MustParsePath("2fg6237n0ycfmnndzn192cipy0da5j70-b"),
		},
	}
}

// TestRealisationJSON holds the text that Nix writes and signs.
func TestRealisationJSON(t *testing.T) {
	r := testRealisation()
	const unsigned = `{"dependentRealisations":{` +
		`"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6!dev":"1fg6237n0ycfmnndzn192cipy0da5j70-c",` +
		`"sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d!out":"2fg6237n0ycfmnndzn192cipy0da5j70-b"},` +
		`"id":"sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb!out",` +
		`"outPath":"0fg6237n0ycfmnndzn192cipy0da5j70-a"`
	if got := r.Fingerprint(); got != unsigned+"}" {
		t.Errorf("fingerprint %s", got)
	}
	text, err := json.Marshal(r)
	if err != nil || string(text) != unsigned+`,"signatures":["k-1:b","k-2:a"]}` {
		t.Errorf("%s, %v", text, err)
	}
	var back Realisation
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(&back, r) {
		t.Errorf("%v, %v", back, err)
	}
	if text, _ := json.Marshal(&Realisation{ID: r.ID, Path: r.Path}); !strings.HasSuffix(string(text), `"signatures":[]}`) {
		t.Errorf("without signatures: %s", text)
	}
}

func FuzzRealisation(f *testing.F) {
	text, err := json.Marshal(testRealisation())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	for _, s := range []string{"{}", `{"id":"sha256:aa!out"}`, strings.Replace(string(text), "!out", "out", 1), strings.Replace(string(text), "-a", "/a", 1)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r, again Realisation
		if json.Unmarshal([]byte(s), &r) != nil {
			return
		}
		text, err := json.Marshal(&r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(r, again) {
			t.Errorf("%v, then %v: %v", r, again, err)
		}
	})
}
