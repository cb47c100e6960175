package embed

import (
	"fmt"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
)

func TestFind(t *testing.T) {
	tests := []struct{ src, want string }{
		{`{ buildPhase = "make"; }`, "bash"},
		{`{ shellHook = lib.optionalString x ''echo'' + "a"; }`, "bash bash"},
		{`{ script = "word"; preStart = ''cmd''; }`, "bash"},
		{`{ name = "x"; description = ''text''; }`, ""},
		{`writeShellScriptBin "name" ''echo''`, "bash"},
		{`pkgs.runCommand "x" { a = "b"; } "touch $out"`, "bash"},
		{`writeShellApplication { name = "x"; text = ''ls''; }`, "bash"},
		{`writeText "a.json" ''{}''`, "json"},
		{`writers.writePython3 "x" { } ''pass''`, "python"},
		{`/* python */ ''pass''`, "python"},
		{`{ x = /* json */ "{}"; y = /* prose */ "x"; }`, "json"},
		{`builtins.fromJSON ''[]''`, "json"},
	}
	for _, tt := range tests {
		f := parser.Parse("x", tt.src, 0)
		if len(f.Errors) > 0 {
			t.Fatal(tt.src, f.Errors[0].Msg)
		}
		var got []string
		for _, r := range Find(f, nil).Regions {
			got = append(got, string(r.Language))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.src, s, tt.want)
		}
	}
}

// Every byte of the text knows where it comes from, escapes and all.
func TestContent(t *testing.T) {
	tests := []struct{ src, text string }{
		{`"a\nb\${c}\"d"`, "a\nb${c}\"d"},
		{`"a ${b} c"`, "a nix_value c"},
		{"''\n    if x\n      ''${y} '''q ''\\n\n    ${z}\n  ''", "if x\n  ${y} ''q \n\nnix_value\n"},
		{"''\n  a\n\n   b\n''", "a\n\n b\n"},
		{"''one line''", "one line"},
	}
	for _, tt := range tests {
		f := parser.Parse("x", tt.src, 0)
		c, ok := Text(tt.src, f.Root, Bash)
		if !ok {
			t.Fatal(tt.src)
		}
		if strings.TrimRight(c.Text, " ") != tt.text {
			t.Errorf("%s: text %q, want %q", tt.src, c.Text, tt.text)
		}
		for i := range len(c.Text) {
			s := c.Source(i, i+1)
			if s.Start < 0 || int(s.End) > len(tt.src) || s.Start >= s.End {
				t.Fatalf("%s: byte %d comes from %v", tt.src, i, s)
			}
			if got := tt.src[s.Start:s.End]; !c.Masked(i, i+1) && got != c.Text[i:i+1] && c.Text[i] != '\n' && c.Text[i] != '\t' {
				t.Errorf("%s: byte %d is %q, its source %q", tt.src, i, c.Text[i:i+1], got)
			}
		}
	}
}

func TestParse(t *testing.T) {
	if !Available {
		return // nothing to test in this build
	}
	tests := []struct {
		lang      Language
		src, want string
	}{
		{Bash, "''\n  if [ -e x ]; then\n    echo \"$y\" # why\n  fi\n  f() { ls; }\n''", "tokens if then echo y #+why fi f ls fold fold symbol f"},
		{Bash, "''\n  if x; then\n''", "problem"},
		{Bash, "''\n  ${x}\n  ) ${y}\n''", ""},
		{Python, "''\n  def f(x):\n      return 1\n''", "def f return 1 symbol f"},
		{JSON, "''{ \"a\": [ 1, true ], \"b\": ${x} }''", "\"a\" 1 true symbol a symbol b"},
		{JSON, "''{ \"a\" }''", "problem"},
	}
	for _, tt := range tests {
		f := parser.Parse("x", tt.src, 0)
		c, _ := Text(tt.src, f.Root, tt.lang)
		r := Parse(tt.lang, c)
		var got []string
		for _, tok := range r.Tokens {
			got = append(got, strings.ReplaceAll(c.Text[tok.Start:tok.End], " ", "+"))
		}
		for range r.Folds {
			got = append(got, "fold")
		}
		for _, s := range r.Symbols {
			got = append(got, "symbol "+s.Name)
		}
		for range r.Problems {
			got = append(got, "problem")
		}
		text := fmt.Sprint(got)
		for _, word := range strings.Fields(strings.TrimPrefix(tt.want, "tokens")) {
			if !strings.Contains(text, word) {
				t.Errorf("%s %s: %v lacks %q", tt.lang, tt.src, got, word)
			}
		}
		if !strings.Contains(tt.want, "problem") && len(r.Problems) > 0 {
			t.Errorf("%s %s: %v", tt.lang, tt.src, r.Problems)
		}
	}
}
