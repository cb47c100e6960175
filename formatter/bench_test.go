package formatter

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
)

// BenchmarkFormat formats the Nix files below the folder that GONIX_CORPUS names,
// or our own test data, one after the other.
func BenchmarkFormat(b *testing.B) {
	texts := corpus(b)
	if root := os.Getenv("GONIX_CORPUS"); root != "" {
		texts = nil
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".nix") {
				return err
			}
			text, err := os.ReadFile(path)
			texts = append(texts, string(text))
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
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
