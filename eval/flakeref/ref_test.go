package flakeref

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const rev = "0123456789abcdef0123456789abcdef01234567"
	for _, tt := range []struct{ ref, attrs, url string }{
		{"github:NixOS/nixpkgs/23.05?dir=lib", `{"dir":"lib","owner":"NixOS","ref":"23.05","repo":"nixpkgs","type":"github"}`, ""},
		{"github:a/b/feature/x", `{"owner":"a","ref":"feature/x","repo":"b","type":"github"}`, "github:a/b/feature%2Fx"},
		{"gitlab:a/b/" + rev + "?host=git.example.org", `{"host":"git.example.org","owner":"a","repo":"b","rev":"` + rev + `","type":"gitlab"}`, ""},
		{"sourcehut:~a/b", `{"owner":"~a","repo":"b","type":"sourcehut"}`, ""},
		{"nixpkgs", `{"id":"nixpkgs","type":"indirect"}`, "flake:nixpkgs"},
		{"nixpkgs/23.05", `{"id":"nixpkgs","ref":"23.05","type":"indirect"}`, "flake:nixpkgs/23.05"},
		{"flake:nixpkgs/23.05/" + rev, `{"id":"nixpkgs","ref":"23.05","rev":"` + rev + `","type":"indirect"}`, ""},
		{"path:/a/b?lastModified=1&dir=c", `{"dir":"c","lastModified":1,"path":"/a/b","type":"path"}`, "path:/a/b?dir=c&lastModified=1"},
		{"path:./a", `{"path":"./a","type":"path"}`, ""},
		{"/a//b/", `{"path":"/a/b/","type":"path"}`, "path:/a/b/"},
		{"git+https://example.org/r.git?ref=main&shallow=1&x=y", `{"ref":"main","shallow":true,"type":"git","url":"https://example.org/r.git?x=y"}`,
			"git+https://example.org/r.git?ref=main&shallow=1&x=y"},
		{"git+file:///a/b", `{"type":"git","url":"file:///a/b"}`, ""},
		{"git://example.org/r", `{"type":"git","url":"git://example.org/r"}`, ""},
		{"git+ssh://git@example.org:22/r", `{"type":"git","url":"ssh://git@example.org:22/r"}`, ""},
		{"hg+https://example.org/r?ref=x", `{"ref":"x","type":"hg","url":"https://example.org/r"}`, ""},
		{"https://example.org/a.tar.gz?narHash=sha256-47DEQpj8HBSa%2B%2FTImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D",
			`{"narHash":"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","type":"tarball","url":"https://example.org/a.tar.gz"}`,
			"https://example.org/a.tar.gz?narHash=sha256-47DEQpj8HBSa%2B/TImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D"},
		{"tarball+http://example.org/x", `{"type":"tarball","url":"http://example.org/x"}`, "http://example.org/x"},
		{"file+https://example.org/x", `{"type":"file","url":"https://example.org/x"}`, "https://example.org/x"},
	} {
		r, err := Parse(tt.ref)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.ref, err)
			continue
		}
		if got := r.Attrs().json(); got != tt.attrs {
			t.Errorf("Parse(%q):\n got %s\nwant %s", tt.ref, got, tt.attrs)
		}
		want := tt.url
		if want == "" {
			want = tt.ref
		}
		if got, err := r.URL(); err != nil || got != want {
			t.Errorf("Parse(%q).URL() = %s, %v, want %s", tt.ref, got, err, want)
		}
		again, err := FromAttrs(r.Attrs())
		if err != nil {
			t.Errorf("FromAttrs(%s): %v", tt.attrs, err)
		} else if got, err := again.URL(); err != nil || got != want {
			t.Errorf("FromAttrs(%s).URL() = %s, %v, want %s", tt.attrs, got, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ ref, want string }{
		{"github:foo", "flake reference 'github:foo' is not an absolute path"},
		{"./x", "flake reference './x' is not an absolute path"},
		{"nixpkgs#hello", "unexpected fragment 'hello' in flake reference 'nixpkgs#hello'"},
		{"foo+bar://x/y", "input 'foo+bar://x/y' is unsupported"},
		{"file+git:///x", "input 'file+git:///x' is unsupported; did you mean 'git+file' instead of 'file+git'?"},
		{"path:/x?foo=1", "path URL 'path:/x?foo=1' has unsupported parameter 'foo'"},
		{"path:/x?revCount=a", "path URL 'path:/x?revCount=a' has invalid parameter 'revCount'"},
		{"path://host/x", "path URL 'path://host/x' should not have an authority ('host')"},
	} {
		if _, err := Parse(tt.ref); err == nil || err.Error() != tt.want {
			t.Errorf("Parse(%q): %v, want %s", tt.ref, err, tt.want)
		}
	}
}

func TestFromAttrs(t *testing.T) {
	for _, tt := range []struct {
		attrs Attrs
		want  string
	}{
		{Attrs{}, "'type' attribute to specify input scheme is required but not provided"},
		{Attrs{"type": "odd"}, `cannot show unsupported input '{"type":"odd"}'`},
		{Attrs{"type": "path"}, "input attribute 'path' is missing"},
		{Attrs{"type": "path", "path": "/x", "y": "z"}, "input attribute 'y' not supported by scheme 'path'"},
		{Attrs{"type": "path", "path": uint64(1)}, `input attribute 'path' is not a string {"path":1,"type":"path"}`},
		{Attrs{"type": "git", "url": "git@example.org:a/b.git"}, "git+ssh://git@example.org/a/b.git"},
		{Attrs{"type": "git", "url": "/a b"}, "git+file:///a%20b"},
		{Attrs{"type": "git", "url": "[::1]:/x"}, "git+ssh://[::1]/x"},
		{Attrs{"type": "git", "url": "https://x/y", "ref": "a..b"}, "invalid Git branch/tag name 'a..b'"},
		{Attrs{"type": "git", "url": "https://x/y", "submodules": true, "dir": "d"}, "git+https://x/y?dir=d&submodules=1"},
		{Attrs{"type": "github", "owner": "a", "repo": "b", "ref": "c", "rev": "d"},
			`input {"owner":"a","ref":"c","repo":"b","rev":"d","type":"github"} contains both a commit hash ('d') and a branch/tag name ('c')`},
		{Attrs{"type": "indirect", "id": "1"}, "'1' is not a valid flake ID"},
	} {
		got := ""
		r, err := FromAttrs(tt.attrs)
		if err == nil {
			got, err = r.URL()
		}
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%v:\n got %s\nwant %s", tt.attrs, got, tt.want)
		}
	}
}

// FuzzParse checks that what is read can be written, and reads the same again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"github:a/b?dir=c", "git+ssh://u:p@h:1/x?rev=1", "/a?b=c#d", "path:a%20b", "nixpkgs/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		url, err := r.URL()
		if err != nil {
			return // a revision or hash that is none is only looked at here
		}
		if r.scheme.name == "file" || r.scheme.name == "tarball" || strings.Contains(s, "%") {
			return // written without what chose the scheme
		}
		again, err := Parse(url)
		if err != nil {
			t.Fatalf("%q is written %q: %v", s, url, err)
		}
		if back, err := again.URL(); err != nil || back != url {
			t.Errorf("%q is written %q, which is written %q, %v", s, url, back, err)
		}
	})
}
