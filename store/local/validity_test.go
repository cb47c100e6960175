package local

import (
	"bytes"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
)

// FuzzReadValidity: what is read can be written and read again, to the same.
func FuzzReadValidity(f *testing.F) {
	p := "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x"
	f.Add(p+"\n\n0\n", false)
	f.Add(p+"\n\n1\n"+p+"\n"+p+"\n"+p+".drv\n0\n", false)
	f.Add(p+"\n"+strings.Repeat("0", 64)+"\n120\n\n1\n"+p+"\n", true)
	f.Add("/etc/passwd\n\n99999999999\n", false)
	f.Fuzz(func(t *testing.T, text string, hashed bool) {
		infos, err := ReadValidity(strings.NewReader(text), store.DefaultDir, hashed)
		if err != nil || !hashed {
			return
		}
		var b, again bytes.Buffer
		if err := WriteValidity(&b, store.DefaultDir, infos); err != nil {
			t.Fatal(err)
		}
		infos, err = ReadValidity(bytes.NewReader(b.Bytes()), store.DefaultDir, true)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, b.String(), err)
		}
		if err := WriteValidity(&again, store.DefaultDir, infos); err != nil || again.String() != b.String() {
			t.Errorf("%q, then %q: %v", b.String(), again.String(), err)
		}
	})
}
