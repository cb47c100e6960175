package cmd

import (
	"testing"
)

// TestProfileManifest reads what releases of Nix have written, and writes it as the
// newest does: version 2 is a list whose packages get names.
func TestProfileManifest(t *testing.T) {
	t.Parallel()
	const hello = `"storePaths":["/nix/store/iylhv1jiapks1396jz2fv8wq85q68y6y-hello-2.10"]`
	for _, c := range []struct{ name, in, out string }{
		{"version 2", `{"version":2,"elements":[{"active":true,` + hello + `},{"active":false,"priority":7,` + hello + `}]}`,
			`{"elements":{"hello":{"active":true,"priority":5,` + hello + `},"hello-1":{"active":false,"priority":7,` + hello + `}},"version":3}`},
		{"version 2, flakes", `{"version":2,"elements":[{"active":true,"attrPath":"legacyPackages.x86_64-linux.jq","originalUrl":"flake:nixpkgs","url":"github:NixOS/nixpkgs/1","outputs":null,` + hello + `}]}`,
			`{"elements":{"jq":{"active":true,"attrPath":"legacyPackages.x86_64-linux.jq","originalUrl":"flake:nixpkgs","outputs":null,"priority":5,` + hello + `,"url":"github:NixOS/nixpkgs/1"}},"version":3}`},
		{"version 3", `{"version":3,"elements":{"x":{"active":true,"priority":5,` + hello + `}}}`,
			`{"elements":{"x":{"active":true,"priority":5,` + hello + `}},"version":3}`},
		{"version 9", `{"version":9,"elements":{}}`, ""},
		{"null", `{"version":3,"elements":{"x":null}}`, ""},
		{"no JSON", `{`, ""},
	} {
		m, err := parseManifest("manifest.json", []byte(c.in))
		if (err != nil) != (c.out == "") {
			t.Errorf("%s: %v", c.name, err)
		} else if err == nil && string(m.text()) != c.out {
			t.Errorf("%s:\n%s\nwanted\n%s", c.name, m.text(), c.out)
		}
	}
}

// TestNameOfURL has Nix's own examples.
func TestNameOfURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"path:/home/user/project":                                                        "project",
		"path:/home/user/project#packages.x86_64-linux.hello":                            "hello",
		"path:/home/user/project#packages.x86_64-linux.Hello^out,dev":                    "Hello",
		"path:.#nonStandardAttr.mylaptop":                                                "mylaptop",
		"path:./repos/myflake#nonStandardAttr.mylaptop":                                  "mylaptop",
		"path:./nixpkgs#packages.x86_64-linux.default":                                   "nixpkgs",
		"github:edolstra/nix-warez?rev=1234&dir=blender":                                 "blender",
		"github:NixOS/nixpkgs#hello":                                                     "hello",
		"github:cachix/devenv/main#packages.x86_64-linux.default":                        "devenv",
		"gitlab:cachix/devenv":                                                           "devenv",
		"git+ssh://git@github.com/someuser/my-repo":                                      "my-repo",
		"git+file:///home/user/repos/main?ref=fixes#defaultPackage.x86_64-linux.default": "main",
		"path:.": "",
	} {
		if got := nameOfURL(url); got != want {
			t.Errorf("%s: %q, wanted %q", url, got, want)
		}
	}
}
