package sign

import (
	"strings"
	"testing"
)

func TestSign(t *testing.T) {
	k, err := Generate("test-1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseSecretKey(k.Text() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	other, err := Generate("test-1")
	if err != nil {
		t.Fatal(err)
	}
	second, err := Generate("test-2")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseKeys([]string{k.Public().String(), second.Public().String()})
	if err != nil {
		t.Fatal(err)
	}
	sig := again.Sign("text")
	for _, tt := range []struct {
		text, sig string
		ok        bool
	}{
		{"text", sig, true},
		{"texts", sig, false},
		{"text", "test-2" + sig[6:], false},
		{"text", "test-3" + sig[6:], false},
		{"text", other.Sign("text"), false},
		{"text", sig[:len(sig)-4], false},
		{"text", sig + "AAAA", false},
		{"text", "", false},
		{"text", "test-1:", false},
		{"text", "test-1:!", false},
	} {
		if ok := keys.Verify(tt.text, tt.sig); ok != tt.ok {
			t.Errorf("verify %q, %q: %v", tt.text, tt.sig, ok)
		}
	}
	if n := keys.Count("text", []string{sig, sig, second.Sign("text"), other.Sign("text"), "x"}); n != 2 {
		t.Errorf("%d keys have signed, not 2", n)
	}
}

func TestBadKeys(t *testing.T) {
	for _, s := range []string{"", "a", "a:", ":QUJD", "a:QUJD", "a:!!!!", "a b"} {
		if _, err := ParseSecretKey(s); err == nil {
			t.Errorf("%q is a secret key", s)
		}
		if _, err := ParsePublicKey(s); err == nil {
			t.Errorf("%q is a public key", s)
		}
	}
	if _, err := ParseSecretKey("name:c2VjcmV0"); err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
		t.Errorf("error %v shows the key", err)
	}
	for _, name := range []string{"", "a:b", "a b"} {
		if _, err := Generate(name); err == nil {
			t.Errorf("%q names a key", name)
		}
	}
}
