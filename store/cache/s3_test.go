package cache

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
)

// TestParts uploads a large file in parts, if the address says so.
func TestParts(t *testing.T) {
	t.Parallel()
	f := newFakeS3(t, "me")
	env := vars(map[string]string{"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret"})
	data := noise(20<<20, 1)
	for query, parts := range map[string]int{"": 0, "&multipart-upload=true": 2} {
		f.parts = nil
		c := open(t, "s3://bucket?region=there&endpoint="+f.URL+query, Options{Transport: &Transport{Getenv: env}})
		if err := c.back.put(t.Context(), "nar/x", strings.NewReader(data), int64(len(data)), "application/x-nix-nar", ""); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range f.parts {
			n += len(p)
		}
		if n != parts || f.region != "there" {
			t.Errorf("%q: %d parts, signed for %s", query, n, f.region)
		}
		d, err := c.open(t.Context(), "nar/x")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(d)
		d.Close()
		if err != nil || !bytes.Equal(got, []byte(data)) {
			t.Errorf("%q: %d bytes came back: %v", query, len(got), err)
		}
	}
}

// TestCredentials finds them where AWS's tools do, and says which were wrong.
func TestCredentials(t *testing.T) {
	t.Parallel()
	f := newFakeS3(t, "me")
	home := t.TempDir()
	os.Mkdir(filepath.Join(home, ".aws"), 0o777)
	file := filepath.Join(home, ".aws/credentials")
	if err := os.WriteFile(file, []byte("[default]\naws_access_key_id = other\naws_secret_access_key = s\n"+
		"[mine]\naws_access_key_id = me\naws_secret_access_key = s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x")
	f.objects["/bucket/nix-cache-info"] = []byte("StoreDir: /nix/store\n")
	for _, c := range []struct {
		query string
		env   map[string]string
		fails string // "" if the cache says that it does not have the path
	}{
		{"", map[string]string{"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "s"}, ""},
		{"&profile=mine", map[string]string{"HOME": home}, ""},
		{"&profile=mine", map[string]string{"HOME": home, "AWS_ACCESS_KEY_ID": "no", "AWS_SECRET_ACCESS_KEY": "s"}, ""},
		{"", map[string]string{"HOME": home, "AWS_PROFILE": "mine"}, ""},
		{"", map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "mine"}, ""},
		{"", map[string]string{"AWS_ACCESS_KEY_ID": "no", "AWS_SECRET_ACCESS_KEY": "s"}, "InvalidAccessKeyId: access denied (asked with the credentials of AWS_ACCESS_KEY_ID)"},
		{"", map[string]string{"HOME": home}, "(asked with the credentials of profile 'default' in '" + file + "')"},
		{"", nil, "(asked without credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and there is no '~/.aws/credentials')"},
		{"&profile=nobody", map[string]string{"HOME": home}, "there are no credentials for the profile 'nobody' in '" + file + "'"},
		{"&addressing-style=sideways", nil, "addressing-style must be auto, path or virtual"},
	} {
		cache, err := Open("s3://bucket?endpoint="+f.URL+c.query, Options{Transport: &Transport{Getenv: vars(c.env)}})
		if err == nil {
			_, err = cache.QueryPathInfo(t.Context(), p)
		}
		want := c.fails
		if want == "" {
			want = "does not exist in store"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s %v: %v", c.query, c.env, err)
		}
	}
	env := vars(map[string]string{"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "s"})
	closed := open(t, "s3://closed?endpoint="+f.URL, Options{Transport: &Transport{Getenv: env}})
	denied := "access is denied, or there is no such file with the credentials of AWS_ACCESS_KEY_ID"
	if err := closed.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "does not appear to be a binary cache: "+denied) {
		t.Error(err)
	}
	if err := closed.Prepare(t.Context()); err == nil || !strings.Contains(err.Error(), "upload to 's3://closed/nix-cache-info': "+denied) {
		t.Error(err)
	}
}
