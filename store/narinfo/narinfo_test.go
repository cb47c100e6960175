package narinfo

import (
	"errors"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
)

const good = `StorePath: /nix/store/p4pclmv1gyja5kzc26npqpia1qqxrf0l-ruby-2.7.3
URL: nar/1w1fff338fvdw53sqgamddn1b2xgds473pv6y13gizdbqjv4i5p3.nar.xz
Compression: xz
FileHash: sha256:1w1fff338fvdw53sqgamddn1b2xgds473pv6y13gizdbqjv4i5p3
FileSize: 4029176
NarHash: sha256:1impfw8zdgisxkghq9a3q7cn7jb9zyzgxdydiamp8z2nlyyl0h5h
NarSize: 18735072
References: 0d71ygfwbmy1xjlbj1v027dfmy9cqavy-libffi-3.3 p4pclmv1gyja5kzc26npqpia1qqxrf0l-ruby-2.7.3
Deriver: bidkcs01mww363s4s7akdhbl6ws66b0z-ruby-2.7.3.drv
Sig: cache.nixos.org-1:GrGV/Ls10TzoOaCnrcAqmPbKXFLLSBDeGNh5EQGKyuGA4K1wv1LcRVb6/sU+NAPK8lDiam8XcdJzUngmdhfTBQ==
`

func TestRoundTrip(t *testing.T) {
	i, err := Parse(store.DefaultDir, good, "x")
	if err != nil {
		t.Fatal(err)
	}
	if got := Format(store.DefaultDir, i); got != good {
		t.Errorf("got %s", got)
	}
	if i.NarSize != 18735072 || len(i.References) != 2 || i.Deriver.Name() != "ruby-2.7.3.drv" {
		t.Errorf("%+v", i)
	}
}

func TestLenient(t *testing.T) {
	for _, edit := range [][2]string{
		{"Compression: xz\n", ""},
		{"Deriver: bidkcs01mww363s4s7akdhbl6ws66b0z-ruby-2.7.3.drv", "Deriver: unknown-deriver"},
		{"URL:", "Future: 1\nURL:"},
		{"nar/1w1", "https://elsewhere.example.org/1w1"},
		{".nar.xz", ".nar.xz?token=a/../b"},
		{"Sig:", "CA: \nSig:"},
	} {
		if _, err := Parse(store.DefaultDir, strings.Replace(good, edit[0], edit[1], 1), "x"); err != nil {
			t.Errorf("%s: %v", edit, err)
		}
	}
}

// TestMalicious has narinfo files that must be refused.
func TestMalicious(t *testing.T) {
	for _, edit := range [][2]string{
		{good, ""},
		{good, "\x00"},
		{good, "StorePath"},
		{"StorePath: /nix/store/", "StorePath: /other/store/"},
		{"StorePath: /nix/store/", "StorePath: /nix/store/../store/"},
		{"ruby-2.7.3\nURL", "ruby-2.7.3/bin\nURL"},
		{"ruby-2.7.3\nURL", "..\nURL"},
		{"nar/1w1", "../1w1"},
		{"nar/1w1", "nar/../../1w1"},
		{"nar/1w1", "/etc/1w1"},
		{"nar/1w1", "file:///etc/1w1"},
		{"nar/1w1", "nar//1w1"},
		{"nar/1w1", "./1w1"},
		{"URL: nar", "URL: x\nURL: nar"},
		{"NarSize: 18735072", "NarSize: 0"},
		{"NarSize: 18735072", "NarSize: -1"},
		{"NarSize: 18735072", "NarSize: 99999999999999999999"},
		{"NarSize: 18735072\n", ""},
		{"NarHash: sha256:1imp", "NarHash: sha256:1iep"},
		{"NarHash: sha256:1imp", "NarHash: sha1:1imp"},
		{"NarHash: sha256:", "NarHash: "},
		{"References: 0d71", "References: 0d71ygfwbmy1xjlbj1v027dfmy9cqavy-.. 0d71"},
		{"References: 0d71", "References: /nix/store/0d71"},
		{"Deriver: bidk", "Deriver: BIDK"},
		{"Sig:", "CA: fixed:r:md6:x\nSig:"},
		{"TBQ==\n", "TBQ=="},
	} {
		text := strings.Replace(good, edit[0], edit[1], 1)
		if text == good {
			t.Errorf("%s changes nothing", edit)
		}
		if _, err := Parse(store.DefaultDir, text, "x"); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v", edit, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(good)
	f.Add("StorePath: \nSig: a:b\n")
	f.Fuzz(func(t *testing.T, text string) {
		i, err := Parse(store.DefaultDir, text, "x")
		if err != nil {
			return
		}
		printed := Format(store.DefaultDir, i)
		again, err := Parse(store.DefaultDir, printed, "x")
		if err != nil {
			t.Fatalf("%q prints as %q: %v", text, printed, err)
		}
		if p := Format(store.DefaultDir, again); p != printed {
			t.Errorf("%q printed again is %q", printed, p)
		}
	})
}
