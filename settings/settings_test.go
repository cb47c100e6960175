package settings

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// world makes a World of variables and files.
func world(vars, files map[string]string) World {
	return World{
		Getenv: func(name string) string { return vars[name] },
		ReadFile: func(name string) ([]byte, error) {
			text, ok := files[name]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			}
			return []byte(text), nil
		},
		Dir: "/work", CPUs: 6,
	}
}

func TestLoad(t *testing.T) {
	vars := map[string]string{
		"HOME":            "/home/u",
		"XDG_CONFIG_DIRS": "/xdg1:/xdg2",
		"NIX_CONFIG":      "timeout = 7\ninclude more.conf",
		"NIX_PATH":        "nixpkgs=https://example.org/n.tar.gz:/etc/x",
	}
	files := map[string]string{
		"/etc/nix/nix.conf":             "cores = 1\ntimeout = 1 # seconds\ninclude ../shared.conf\nmax-jobs = auto\nnix-path = ignored=/x",
		"/etc/shared.conf":              "fallback = yes\n",
		"/xdg2/nix/nix.conf":            "cores = 2\nkeep-going = true",
		"/xdg1/nix/nix.conf":            "cores = 3",
		"/home/u/.config/nix/nix.conf":  "cores=9\n",
		"/work/more.conf":               "log-lines = 1K",
		"/elsewhere/should/not/be/read": "cores = 99",
	}
	if _, err := Load(world(vars, files)); err == nil || !strings.Contains(err.Error(), "/home/u/.config/nix/nix.conf:1: syntax error in configuration line 'cores=9'") {
		t.Fatalf("cores=9 without blanks: %v", err)
	}
	files["/home/u/.config/nix/nix.conf"] = "!include missing\nextra-substituters = https://a https://b\ncore = 9"
	s, err := Load(world(vars, files))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, value, origin string }{
		{"cores", "3", "/xdg1/nix/nix.conf:1"},
		{"timeout", "7", "NIX_CONFIG:1"},
		{"fallback", "true", "/etc/shared.conf:1"},
		{"max-jobs", "6", "/etc/nix/nix.conf:4"},
		{"keep-going", "true", "/xdg2/nix/nix.conf:2"},
		{"log-lines", "1024", "/work/more.conf:1"},
		{"substituters", "https://cache.nixos.org/ https://a https://b", "default, /home/u/.config/nix/nix.conf:2"},
		{"nix-path", "nixpkgs=https://example.org/n.tar.gz /etc/x", "NIX_PATH"},
		{"keep-failed", "false", "default"},
	} {
		var from []string
		for _, o := range s.Origins(tt.name) {
			from = append(from, o.String())
		}
		if got := s.String(tt.name); got != tt.value || strings.Join(from, ", ") != tt.origin {
			t.Errorf("%s = %s from %s, want %s from %s", tt.name, got, from, tt.value, tt.origin)
		}
	}
	if want := []string{"/home/u/.config/nix/nix.conf:3: unknown setting 'core'; did you mean 'cores'?"}; !slices.Equal(s.Warnings, want) {
		t.Errorf("warnings %q, want %q", s.Warnings, want)
	}
}

func TestLoadErrors(t *testing.T) {
	for _, tt := range []struct{ conf, err string }{
		{"a", "/etc/nix/nix.conf:1: syntax error"},
		{"\na b c", "/etc/nix/nix.conf:2: syntax error"},
		{"include", ":1: syntax error"},
		{"include a b", ":1: syntax error"},
		{"include missing", ":1: included file '/etc/nix/missing' not found"},
		{"include nix.conf", "does a file include itself?"},
		{"cores = many", ":1: setting 'cores' has invalid value 'many'"},
		{"cores = -1", "invalid value"},
		{"min-free = 99999999T", "too large"},
		{"fallback = maybe", "must be true or false"},
		{"max-jobs = x", "'auto' or an integer"},
		{"sandbox = perhaps", "true, relaxed, false"},
		{"netrc-file = ", "cannot be empty"},
		{"diff-hook = hook", "absolute"},
		{"external-builders = {", "JSON"},
	} {
		_, err := Load(world(nil, map[string]string{"/etc/nix/nix.conf": tt.conf}))
		if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: error %v, want %s", tt.conf, err, tt.err)
		}
	}
}

func TestSet(t *testing.T) {
	s := New(World{})
	flag := Origin{Kind: Flag, Name: "--x"}
	for _, tt := range []struct{ name, value, read, want string }{
		{"build-cores", "5", "cores", "5"},
		{"min-free", "2g", "min-free", "2147483648"},
		{"system-features", "b a b", "system-features", "a b"},
		{"extra-system-features", "c a", "system-features", "a b c"},
		{"experimental-features", "flakes nix-command", "experimental-features", "fetch-tree flakes nix-command"},
		{"access-tokens", "b=2 a=1 junk b=3", "access-tokens", "a=1 b=2"},
		{"extra-access-tokens", "a=9 c=4", "access-tokens", "a=1 b=2 c=4"},
		{"sandbox-paths", "/b=/x? /a=/a = ? x", "sandbox-paths", "/a /b=/x?"},
		{"sandbox", "relaxed", "sandbox", "relaxed"},
		{"diff-hook", "/a/../b", "diff-hook", "/b"},
		{"warn-short-path-literals", "true", "lint-short-path-literals", "warn"},
		{"lint-short-path-literals", "fatal", "lint-short-path-literals", "fatal"},
		{"warn-short-path-literals", "true", "lint-short-path-literals", "fatal"},
	} {
		if err := s.Set(tt.name, tt.value, flag); err != nil {
			t.Errorf("set %s: %v", tt.name, err)
		} else if got := s.String(tt.read); got != tt.want {
			t.Errorf("%s after %s = %s: %q, want %q", tt.read, tt.name, tt.value, got, tt.want)
		}
	}
	if s.Int("cores") != 5 || s.Size("min-free") != 2<<30 || !s.Feature("fetch-tree") || s.Map("access-tokens")["b"] != "2" {
		t.Error("typed accessors disagree with the text")
	}
	if p := s.SandboxPaths(); len(p) != 2 || p[1] != (SandboxPath{"/b", "/x", true}) {
		t.Errorf("sandbox paths: %v", p)
	}
	if _, _, ok := Lookup("extra-cores"); ok {
		t.Error("extra- on a number")
	}
	if s.IsDefault("cores") || !s.IsDefault("timeout") {
		t.Error("IsDefault")
	}
}

func TestSplitNixPath(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"a:b=c":                   "a|b=c",
		"n=https://x/y.tar:m=/a":  "n=https://x/y.tar|m=/a",
		"https://x/y:z":           "https://x/y|z",
		"a=channel:nixos-20.09:b": "a=channel:nixos-20.09|b",
		"flake:nixpkgs:b":         "flake:nixpkgs|b",
		"a:n=https://x":           "a|n=https://x",
		"::a":                     "||a",
		"gopher://x":              "gopher|//x",
	} {
		if got := strings.Join(SplitNixPath(in), "|"); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestTable checks that the table holds together.
func TestTable(t *testing.T) {
	if n := len(allNames()); n != len(byName) || len(Table) < 130 {
		t.Errorf("%d settings", len(Table))
	}
	seen := map[string]bool{}
	for _, d := range Table {
		for _, n := range append([]string{d.Name}, d.Aliases...) {
			if seen[n] {
				t.Errorf("%s is there twice", n)
			}
			seen[n] = true
		}
		if !strings.HasSuffix(d.Doc, ".") || strings.Contains(d.Doc, "\n") || len(d.Doc) > 110 {
			t.Errorf("%s: description %q", d.Name, d.Doc)
		}
		if d.Feature != "" && !features[d.Feature] {
			t.Errorf("%s: feature %s", d.Name, d.Feature)
		}
		if text := d.Default; d.machine == nil {
			v, warnings, err := d.parse(text, World{})
			if err != nil || len(warnings) > 0 || d.text(v) != text {
				t.Errorf("%s: default %q prints as %q (%v)", d.Name, text, d.text(v), err)
			}
		}
	}
}

// dropped are settings of Nix 2.8 that 2.36 does not have any more.
var dropped = []string{"enforce-determinism", "repeat"}

// retyped are settings whose type changed since 2.8.
var retyped = []string{"sandbox", "sandbox-paths", "build-hook"}

// TestPeer compares names, kinds and unchanged defaults with the real Nix.
func TestPeer(t *testing.T) {
	nix, err := exec.LookPath("nix")
	if err != nil {
		if os.Getenv("GONIX_CI") == "1" {
			t.Fatal("CI lacks nix")
		}
		t.Skip("no real Nix here")
	}
	c := exec.Command(nix, "--extra-experimental-features", "nix-command", "show-config", "--json")
	c.Env = append(os.Environ(), "NIX_CONF_DIR=/nonexistent", "NIX_USER_CONF_FILES=/nonexistent", "NIX_CONFIG=")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var peer map[string]struct{ DefaultValue any }
	if err := json.Unmarshal(out, &peer); err != nil {
		t.Fatal(err)
	}
	s := New(World{})
	for name, theirs := range peer {
		if slices.Contains(dropped, name) {
			continue
		}
		def, _, ok := Lookup(name)
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		data, err := json.Marshal(s.JSON(def.Name)["defaultValue"])
		if err != nil {
			t.Fatal(err)
		}
		var ours any
		if err := json.Unmarshal(data, &ours); err != nil {
			t.Fatal(err)
		}
		// An optional path was an empty text in 2.8.
		if ours == nil || slices.Contains(retyped, name) {
			continue
		}
		if a, b := fmt.Sprintf("%T", ours), fmt.Sprintf("%T", theirs.DefaultValue); a != b {
			t.Errorf("%s is %s here and %s there", name, a, b)
		}
	}
}

// FuzzConf checks that what was read prints in a form that reads the same.
func FuzzConf(f *testing.F) {
	f.Add("cores = 4\nextra-substituters = a b # c\n")
	f.Add("sandbox-paths = /a=/b? /a\naccess-tokens = x=y x=z")
	f.Add("include x\n!include nix.conf")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Load(world(nil, map[string]string{"/etc/nix/nix.conf": text}))
		if err != nil {
			return
		}
		var conf strings.Builder
		for _, name := range Names() {
			if !s.IsDefault(name) {
				fmt.Fprintf(&conf, "%s = %s\n", name, s.String(name))
			}
		}
		again, err := Load(world(nil, map[string]string{"/etc/nix/nix.conf": conf.String()}))
		if err != nil {
			t.Fatalf("%q became %q: %v", text, conf.String(), err)
		}
		for _, name := range Names() {
			if a, b := s.String(name), again.String(name); a != b {
				t.Errorf("%s: %q became %q", name, a, b)
			}
		}
	})
}
