package lsp

import "testing"

func TestFlatHeadings(t *testing.T) {
	const text = "#no heading\n# Example\n\n```nix\n# a comment\n```\n  ### Type ###\n#######\ntext # text"
	const want = "#no heading\n**Example**\n\n```nix\n# a comment\n```\n**Type ###**\n#######\ntext # text"
	if got := flatHeadings(text); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
