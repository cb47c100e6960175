package shell

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"  a\tb ", []string{"a", "b"}},
		{`--argstr s1 'foo "bar" \baz'"'"'qux' x`, []string{"--argstr", "s1", `foo "bar" \baz'qux`, "x"}},
		{`"foo 'bar' \"\baz"`, []string{`foo 'bar' "baz`}},
		{`\foo\ bar\'baz`, []string{"foo bar'baz"}},
		{`'' ""`, []string{"", ""}},
	} {
		got, err := Words(c.in)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("Words(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	for _, bad := range []string{"'", `a "b`} {
		if got, err := Words(bad); err == nil {
			t.Errorf("Words(%q) = %q, want an error", bad, got)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("a b", "'")
	f.Add("", `\"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		got, err := Words(QuoteAll([]string{a, b}))
		if err != nil || !slices.Equal(got, []string{a, b}) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestShebangWords(t *testing.T) {
	text := "#! /usr/bin/env nix-shell\n#!nix-shell -p a\n#!   nix-shell\t-i bash\r\n#! nix-shellx no\necho #! nix-shell no\n"
	got, ok, err := ShebangWords(text)
	if want := []string{"-p", "a", "-i", "bash"}; !ok || err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, %v; want %q", got, ok, err, want)
	}
	if _, ok, _ := ShebangWords("{ }: 1\n#! nix-shell -p a"); ok {
		t.Error("taken for a script")
	}
}

const environmentJSON = `{"variables":{"a":{"type":"array","value":["x","y z"]},"e":{"type":"exported","value":"<&>"},` +
	`"m":{"type":"associative","value":{"k":"v"}},"out":{"type":"exported","value":"/nix/store/x-foo"},` +
	`"outdev":{"type":"var","value":"/nix/store/x-foo-dev"},"outputs":{"type":"var","value":"out outdev"}},` +
	`"bashFunctions":{"f":" \n    echo $out\n"},"structuredAttrs":{".attrs.sh":"s",".attrs.json":"{}"}}` + "\n"

func TestEnvironment(t *testing.T) {
	e, err := ParseEnvironment([]byte(environmentJSON))
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.JSON()
	if err != nil || !bytes.Equal(again, []byte(environmentJSON)) {
		t.Errorf("%v\n%s\n%s", err, again, environmentJSON)
	}
	want := map[string]string{"out": "/nix/store/x-foo", "outdev": "/nix/store/x-foo-dev"}
	if diff := cmp.Diff(want, e.Outputs()); diff != "" {
		t.Error(diff)
	}
	script := e.Script(ScriptOptions{OutputsDir: "/o", Redirects: map[string]string{"y z": "r"}})
	for _, s := range []string{"out='/o/out'\nexport out\n", "outdev='/o/outdev'\n", "declare -a a=('x' 'r' )\n", "declare -A m=(['k']='v' )\n", "f ()\n{\n \n    echo $out\n}\n"} {
		if !strings.Contains(script, s) {
			t.Errorf("no %q in\n%s", s, script)
		}
	}
	if _, err := ParseEnvironment([]byte("{")); err == nil {
		t.Error("no error")
	}
}
