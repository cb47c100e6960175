package formatter

import (
	"os"
	"testing"

	"gonix.dev/gonix/parser"
)

// largeCorpus returns the Nix files below the folder that GONIX_CORPUS names, or our
// own test data.
func largeCorpus(t testing.TB) []string {
	t.Helper()
	root := os.Getenv("GONIX_CORPUS")
	if root == "" {
		return corpus(t)
	}
	return nixFiles(t, root)
}

// BenchmarkFormat formats the large corpus, one text after the other.
func BenchmarkFormat(b *testing.B) {
	texts := largeCorpus(b)
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var f Formatter
	var arena parser.Arena
	for b.Loop() {
		for _, text := range texts {
			file := arena.Parse("bench.nix", text, parser.KeepTokens|parser.PipeOperators)
			f.Format(b.Context(), file, Options{})
		}
	}
}
