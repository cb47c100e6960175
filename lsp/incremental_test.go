package lsp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// typist types into a text and knows what it should be.
type typist struct {
	*client
	u     uri.URI
	text  string
	rnd   *rand.Rand
	near  int
	queue string // what is typed letter by letter
}

// typedPieces is what a typist puts in at once, or letter by letter.
var typedPieces = []string{
	"\n", "  x = callPackage ../y { inherit (lib) z; };\n", "{", "}", "\"", "''", ";", "let a = b; in ", "./x.nix ", "# https://gonix.dev/x\n", "with lib; ", "# é\n", "inherit (lib) mkIf;",
	"preStart = ''\n  if true; then echo 1; fi\n'';\n", "rec { a = 1; b = a; }", "writeShellApplication ", "/* bash */ ", "text = ''\n  g() { true; }\n'';\n", "\"y${z}\" = 1; ", "/*", "*/", "𝄞", "( ", "x.y or z", "a: ", "{ b, c ? 1 }: ", ".", "=", "\r\n",
}

// key makes one edit.
func (p *typist) key() {
	p.t.Helper()
	from, to, by := p.near, p.near, ""
	switch {
	case p.queue != "":
		by = p.queue[:1]
		if by[0] >= 0x80 {
			by = p.queue // letters are not cut apart
		}
		p.queue = p.queue[len(by):]
	case p.rnd.IntN(4) == 0: // delete
		from = p.rnd.IntN(len(p.text) + 1)
		to = min(len(p.text), from+p.rnd.IntN(12))
		for from < len(p.text) && from > 0 && p.text[from]&0xC0 == 0x80 {
			from--
		}
		for to < len(p.text) && p.text[to]&0xC0 == 0x80 {
			to++
		}
		to = max(from, to)
	default:
		if p.rnd.IntN(2) == 0 {
			// Most often where a binding may begin.
			from = p.rnd.IntN(len(p.text) + 1)
			if n := strings.IndexByte(p.text[from:], '\n'); n >= 0 && p.rnd.IntN(3) > 0 {
				from += n + 1
			}
			for from > 0 && from < len(p.text) && p.text[from]&0xC0 == 0x80 {
				from--
			}
			to = from
		}
		by = typedPieces[p.rnd.IntN(len(typedPieces))]
		if p.rnd.IntN(2) == 0 && by[0] < 0x80 {
			by, p.queue = by[:1], by[1:]
		}
	}
	// Between \r and \n there is no place.
	if from > 0 && from < len(p.text) && p.text[from-1:from+1] == "\r\n" {
		from++
	}
	if to = max(from, to); to > 0 && to < len(p.text) && p.text[to-1:to+1] == "\r\n" {
		to++
	}
	p.edit(p.u, protocol.Range{Start: p.position(from), End: p.position(to)}, by)
	p.text = p.text[:from] + by + p.text[to:]
	p.near = from + len(by)
}

// position converts an offset the slow way.
func (p *typist) position(off int) protocol.Position {
	before := strings.ReplaceAll(p.text[:off], "\r\n", "\n")
	if strings.HasSuffix(before, "\r") && strings.HasPrefix(p.text[off:], "\n") {
		before = strings.TrimSuffix(before, "\r") // no place between the two
	}
	before = strings.ReplaceAll(before, "\r", "\n")
	line := strings.Count(before, "\n")
	char := uint32(0)
	for _, r := range before[strings.LastIndexByte(before, '\n')+1:] {
		char++
		if r >= 0x10000 {
			char++
		}
	}
	return pos(uint32(line), char)
}

// answers asks everything about a place, in any order: who has asked about the whole
// text has made the server know more than it needs for the place.
func answers(t *testing.T, c *client, u uri.URI, at protocol.Position, order *rand.Rand) map[string]string {
	t.Helper()
	out := map[string]string{}
	list := c.questions(u, at)
	order.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for _, q := range list {
		v, err := q.ask(context.Background())
		if err != nil {
			out[q.name] = err.Error() // refused, alike
			continue
		}
		data, err := protocol.Marshal(v)
		if err != nil {
			t.Fatal(q.name, err)
		}
		out[q.name] = versions.ReplaceAllString(string(data), "")
	}
	return out
}

// However a text came to be, the answers are those of a server that never saw another.
func TestTypingIsExact(t *testing.T) {
	modules, err := os.ReadFile("../examples/lib/modules.nix")
	if err != nil {
		t.Fatal(err)
	}
	var packages strings.Builder
	packages.WriteString("{ lib, pkgs, ... }:\nwith pkgs;\n{\n")
	for i := range 60 {
		fmt.Fprintf(&packages, "  p%d = callPackage ../p%d { inherit (lib) q; };\n\n", i, i)
	}
	packages.WriteString("  script = writeShellApplication { name = \"x\"; text = ''\n    f() { echo; }\n  ''; };\n}\n")
	settings := `{"eval":{"enable":false}}`
	for i, text := range []string{string(modules), packages.String()} {
		dir := t.TempDir()
		a := connect(t, clientOptions{dir: dir, pull: true, settings: settings})
		p := &typist{client: a, text: text, rnd: rand.New(rand.NewPCG(78, uint64(i)))}
		p.u = a.open("x.nix", text)
		for n := range 200 {
			p.key()
			if p.rnd.IntN(3) > 0 {
				continue
			}
			at := p.position(p.near)
			got := answers(t, a, p.u, at, p.rnd)
			b := connect(t, clientOptions{dir: dir, pull: true, settings: settings})
			want := answers(t, b, b.open("x.nix", p.text), at, p.rnd)
			for name := range want {
				if got[name] != want[name] {
					at := 0
					for at < min(len(got[name]), len(want[name])) && got[name][at] == want[name][at] {
						at++
					}
					around := func(s string) string { return s[max(0, at-200):min(len(s), at+200)] }
					t.Fatalf("text %d, %d edits: other %s in\n%s\n got ...%s...\nwant ...%s...", i, n, name, p.text, around(got[name]), around(want[name]))
				}
			}
		}
	}
}
