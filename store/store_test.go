package store

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

const hello = "cdc1s9a5pm4z0q16xs3ws0k41dbg5vdr-hello-2.10"

func TestParsePath(t *testing.T) {
	p, err := DefaultDir.Parse("/nix/store/" + hello)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name() != "hello-2.10" || p.HashPart() != hello[:32] || p.IsDerivation() || DefaultDir.Format(p) != "/nix/store/"+hello {
		t.Errorf("parts of %v", p)
	}
	if q, err := DefaultDir.Parse("//nix/./store/x/../" + hello + "/"); err != nil || q != p {
		t.Errorf("not clean: %v, %v", q, err)
	}
	if q, below, err := DefaultDir.Split("/nix/store/" + hello + "/bin/hello"); err != nil || q != p || below != "/bin/hello" {
		t.Errorf("Split = %v, %q, %v", q, below, err)
	}
	for in, want := range map[string]string{
		"":                               "empty path is not a valid store path",
		"/nix/store":                     "path '/nix/store' is not in the Nix store",
		"/nix/store/" + hello + "/bin":   "path '/nix/store/" + hello + "/bin' is not in the Nix store",
		"/nix/store/abc":                 "'abc' is too short to be a valid store path",
		"/nix/store/" + hello[:32] + "x": "'" + hello[:32] + "x' can't name a store path because the hash part is not followed by a '-'",
		"/nix/store/e" + hello[1:]:       "store path 'e" + hello[1:] + "' contains illegal base-32 character 'e'",
		"/nix/store/" + hello[:33]:       "path '" + hello[:33] + "' is not a valid store path: name must not be empty",
	} {
		_, err := DefaultDir.Parse(in)
		var e *PathError
		if !errors.As(err, &e) || e.Msg != want {
			t.Errorf("Parse(%q) = %v, want %s", in, err, want)
		}
	}
}

func TestCheckName(t *testing.T) {
	for in, want := range map[string]string{
		"a":                      "",
		".a":                     "",
		"...":                    "",
		"..a":                    "",
		"A0+-._?=":               "",
		strings.Repeat("a", 211): "",
		"":                       "name must not be empty",
		".":                      "name '.' is not valid",
		"..":                     "name '..' is not valid",
		".-a":                    "name '.-a' is not valid: first dash-separated component must not be '.'",
		"..-a":                   "name '..-a' is not valid: first dash-separated component must not be '..'",
		"a/b":                    "name 'a/b' contains illegal character '/'",
		strings.Repeat("a", 212): "name '" + strings.Repeat("a", 212) + "' must be no longer than 211 characters",
	} {
		got := ""
		if err := CheckName(in); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("CheckName(%q) = %q, want %q", in, got, want)
		}
	}
}

// The paths are those that nix-store --add, --add-fixed and --print-fixed-path
// and builtins.toFile give.
func TestKnownPaths(t *testing.T) {
	abc := func(a hash.Algo) hash.Hash { return hash.SumString(a, "abc") }
	tests := []struct {
		name string
		path func() (Path, error)
		want string
	}{
		{"text", func() (Path, error) {
			return DefaultDir.TextPath("builder.sh", hash.SumString(hash.SHA256, "echo hello > $out\n"), nil)
		},
			"5nw3di7akby6ah73vh1qa8ig75zm49h5-builder.sh"},
		{"recursive sha256", func() (Path, error) { return DefaultDir.FixedOutputPath("x", Recursive, abc(hash.SHA256), nil, false) },
			"pc9cg5mrl4hpb00d4mb64abffprgs1rh-x"},
		{"flat sha256", func() (Path, error) { return DefaultDir.FixedOutputPath("x", Flat, abc(hash.SHA256), nil, false) }, "wg5dqh07jh5lgg9nvzq5skm9i3qkhl00-x"},
		{"recursive sha1", func() (Path, error) { return DefaultDir.FixedOutputPath("x", Recursive, abc(hash.SHA1), nil, false) }, "mxm5h60qjq2b5z19bkj9phyyc3zkaxgs-x"},
		{"other store", func() (Path, error) { return Dir("/foo").FixedOutputPath("x", Flat, abc(hash.MD5), nil, false) }, "jdm9x5hv9l9l0bkz3c4gi7m3wglv9q9k-x"},
	}
	for _, tt := range tests {
		p, err := tt.path()
		if err != nil || p.String() != tt.want {
			t.Errorf("%s: %v, %v, want %s", tt.name, p, err, tt.want)
		}
	}
	a := MustParsePath(hello)
	for _, m := range []Method{Flat, Git} {
		if _, err := DefaultDir.FixedOutputPath("x", m, abc(hash.SHA256), []Path{a}, false); err == nil || !strings.Contains(err.Error(), "is not allowed to refer to other store paths") {
			t.Errorf("%v with references: %v", m, err)
		}
	}
	if _, err := DefaultDir.FixedOutputPath("x", Git, abc(hash.MD5), nil, false); err == nil {
		t.Error("Git with MD5 must not work")
	}
	// References count by their set, not by their order.
	b := MustParsePath("00000000000000000000000000000000-b")
	p1, _ := DefaultDir.SourcePath("x", abc(hash.SHA256), []Path{a, b, a})
	p2, _ := DefaultDir.SourcePath("x", abc(hash.SHA256), []Path{b, a})
	if p1 != p2 {
		t.Errorf("%v != %v", p1, p2)
	}
}

func TestContentAddress(t *testing.T) {
	const digest = "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s"
	for in, want := range map[string]Method{
		"text:sha256:" + digest:      Text,
		"fixed:sha256:" + digest:     Flat,
		"fixed:r:sha256:" + digest:   Recursive,
		"fixed:git:sha256:" + digest: Git,
	} {
		ca, err := ParseContentAddress(in)
		if err != nil || ca.Method != want || ca.String() != in {
			t.Errorf("%s: %+v, %v", in, ca, err)
		}
	}
	for _, in := range []string{"x", "foo:sha256:" + digest, "fixed:sha256", "fixed:r:foo:" + digest, "text:sha256:abc"} {
		if _, err := ParseContentAddress(in); err == nil {
			t.Errorf("%s was accepted", in)
		}
	}
	for _, m := range []Method{Flat, Recursive, Text, Git} {
		got, algo, err := ParseMethodAlgo(m.AlgoString(hash.SHA1))
		if err != nil || got != m || algo != hash.SHA1 {
			t.Errorf("%v: %v, %v, %v", m, got, algo, err)
		}
		if got, err := ParseMethod(m.String()); err != nil || got != m {
			t.Errorf("%v: %v, %v", m, got, err)
		}
	}
}

// The placeholders are those in derivations that Nix wrote.
func TestPlaceholders(t *testing.T) {
	if got := OutputPlaceholder("out"); got != "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9" {
		t.Errorf("own output: %s", got)
	}
	up := UpstreamPlaceholder(MustParsePath("ijl2glsf6asj4zfxqpnwc1a0c6b91ls7-floating.drv"), "out")
	if got := up.String(); got != "/0lls9qhsxf8g1376mlq818pmxkj5h8mq601zqzwripvib3vbjr20" {
		t.Errorf("output of another: %s", got)
	}
	if got := up.OutputOf("out").String(); len(got) != 53 || got == up.String() {
		t.Errorf("output of an output: %s", got)
	}
}

func TestFingerprint(t *testing.T) {
	i := &PathInfo{Path: MustParsePath(hello), NarHash: hash.SumString(hash.SHA256, "abc"), NarSize: 7,
		References: []Path{MustParsePath("00000000000000000000000000000000-b"), MustParsePath(hello)}}
	got, err := i.Fingerprint(DefaultDir)
	want := "1;/nix/store/" + hello + ";sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s;7;/nix/store/00000000000000000000000000000000-b,/nix/store/" + hello
	if err != nil || got != want {
		t.Errorf("Fingerprint = %s, %v", got, err)
	}
	i.NarSize = 0
	if _, err := i.Fingerprint(DefaultDir); err == nil {
		t.Error("no size, but a fingerprint")
	}
}

func TestFolder(t *testing.T) {
	ctx := context.Background()
	f := Folder{Path: filepath.Join(t.TempDir(), "store")}
	for range 2 {
		p, err := f.AddText(ctx, "builder.sh", "echo hello > $out\n", nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(f.Path, p.String())); err != nil || string(b) != "echo hello > $out\n" {
			t.Errorf("contents %q, %v", b, err)
		}
	}
	dump := func(w io.Writer) error { return nar.DumpString(w, "abc") }
	for method, want := range map[Method]hash.Algo{Flat: hash.SHA256, Recursive: hash.SHA256, Git: hash.SHA1} {
		p, err := f.AddTree(ctx, "x", method, want, dump, nil)
		q, err2 := Compute{}.AddTree(ctx, "x", method, want, dump, nil)
		if err != nil || err2 != nil || p != q {
			t.Errorf("%v: %v, %v; %v, %v", method, p, err, q, err2)
		}
		if b, err := os.ReadFile(filepath.Join(f.Path, p.String())); err != nil || string(b) != "abc" {
			t.Errorf("contents %q, %v", b, err)
		}
	}
	dir := func(w io.Writer) error {
		nw := nar.NewWriter(w)
		if err := nw.WriteHeader(nar.Header{Type: nar.Directory}); err != nil {
			return err
		}
		return nw.Close()
	}
	if _, err := f.AddTree(ctx, "x", Flat, hash.SHA256, dir, nil); err == nil {
		t.Error("a directory was added flat")
	}
	if entries, _ := os.ReadDir(f.Path); len(entries) != 4 {
		t.Errorf("%d entries", len(entries))
	}
}

func FuzzParsePath(f *testing.F) {
	f.Add("/nix/store/" + hello)
	f.Add("/nix/store/" + hello + "/..")
	f.Add("nix/store")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := DefaultDir.Parse(s)
		if err != nil {
			return
		}
		again, err := DefaultDir.ParseCanonical(DefaultDir.Format(p))
		if err != nil || again != p {
			t.Errorf("%q is %v, and written again %v, %v", s, p, again, err)
		}
		if err := CheckName(p.Name()); err != nil {
			t.Errorf("%q has the name %q: %v", s, p.Name(), err)
		}
	})
}

// TestUnnamedFile: it can be used like any file, and nobody sees it.
func TestUnnamedFile(t *testing.T) {
	dir := t.TempDir()
	f, err := UnnamedFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("hello"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != "hello" {
		t.Errorf("%q %v", b, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("there is %v", entries)
	}
}
