package testscripts

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// realConfig lets the real Nix build what needs nothing but a shell.
const realConfig = "NIX_CONFIG=substitute = false\nsubstituters =\nexperimental-features = nix-command\n" +
	"sandbox = true\nsandbox-paths = /bin/sh=/bin/busybox\nbuild-users-group ="

// eventTree has derivations that print all that a builder may print.
const eventTree = `let
  sh = name: script: more: derivation ({ inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" script ]; } // more);
  dep = sh "dep" ''
    echo '@nix {"action":"setPhase","phase":"buildPhase"}' >&2
    echo one; printf 'two\twords\n'; printf 'p1\rp2\n'; printf 'a\033[31mred\033[0m\n'; printf '\377\n'
    echo '@nix {"action":"start","id":7,"level":5,"parent":0,"text":"downloading","type":101,"fields":["http://x"]}'
    echo '@nix {"action":"result","id":7,"type":105,"fields":[1,2,0,0]}'
    echo '@nix {"action":"stop","id":7}'
    echo dep > $out; echo -n partial'' { };
  fail = sh "fail" "for i in 1 2 3; do echo line $i; done; exit 3" { };
in {
  ok = sh "top" "echo hello; echo $dep > $out" { inherit dep; };
  two = sh "two" "echo > $out; echo > $dev" { outputs = [ "out" "dev" ]; };
  inherit fail;
  needs = sh "needs" "true" { inherit dep fail; };
}
`

// TestEvents has gonix and the real Nix build the same things with --log-format
// internal-json, and compares what they tell, event by event.
func TestEvents(t *testing.T) {
	need(t, "nix")
	need(t, "busybox")
	for _, args := range []string{"ok", "two", "fail", "needs", "needs --keep-going"} {
		t.Run(strings.ReplaceAll(args, " ", ""), func(t *testing.T) {
			t.Parallel()
			tell := func(tool string) []string {
				dir := workDir(t)
				if err := os.WriteFile(dir+"/tree.nix", []byte(eventTree), 0o644); err != nil {
					t.Fatal(err)
				}
				words := append([]string{"build", "-f", "tree.nix", "--no-link", "--log-format", "internal-json", "-j1"}, strings.Fields(args)...)
				c := exec.CommandContext(t.Context(), tool, words...)
				c.Dir, c.Env = dir, os.Environ()
				if err := setup(dir, func(name, value string) { c.Env = append(c.Env, name+"="+value) }); err != nil {
					t.Fatal(err)
				}
				c.Env = append(c.Env, realConfig)
				var talk bytes.Buffer
				c.Stderr = &talk
				if err := c.Run(); (err != nil) != (args != "ok" && args != "two") {
					t.Fatalf("%s %s: %v\n%s", tool, args, err, &talk)
				}
				return told(t, talk.String())
			}
			if diff := cmp.Diff(tell("nix"), tell("gonix")); diff != "" {
				t.Errorf("-nix +gonix\n%s", diff)
			}
		})
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// told are events, with activities numbered in the order they begin. Left out are
// those of no type (what Nix is thinking), parents, which Nix 2.8 does not tell, and
// the colours of names within messages.
func told(t *testing.T, talk string) []string {
	t.Helper()
	var out []string
	ids, last := map[float64]int{}, 0
	for line := range strings.Lines(talk) {
		text, ok := strings.CutPrefix(line, "@nix ")
		if !ok {
			t.Errorf("not an event: %q", line)
			continue
		}
		var e map[string]any
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		id, _ := e["id"].(float64)
		if e["type"] == float64(0) {
			ids[id] = -1
		}
		if id != 0 {
			if ids[id] == 0 {
				last++
				ids[id] = last
			}
			if ids[id] == -1 {
				continue
			}
			e["id"] = ids[id]
		}
		delete(e, "parent")
		if s, ok := e["msg"].(string); ok {
			word, rest, _ := strings.Cut(s, "\x1b[0m ")
			e["msg"] = word + "|" + sgr.ReplaceAllString(rest, "")
		}
		if s, ok := e["raw_msg"].(string); ok {
			e["raw_msg"] = sgr.ReplaceAllString(s, "")
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}
