package parser_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonix.dev/gonix/parser"
)

// corpus returns the Nix files below the directory that GONIX_CORPUS names, or
// below testdata/corpus.
func corpus(tb testing.TB) (names, texts []string) {
	root := os.Getenv("GONIX_CORPUS")
	if root == "" {
		root = "testdata/corpus"
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".nix") {
			return err
		}
		text, err := os.ReadFile(path)
		names = append(names, path)
		texts = append(texts, string(text))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	if len(names) == 0 {
		tb.Fatalf("no .nix files below %s", root)
	}
	return names, texts
}

func BenchmarkParse(b *testing.B) { benchmark(b, 0) }

func BenchmarkParseTokens(b *testing.B) { benchmark(b, parser.KeepTokens) }

// BenchmarkParseArena reuses memory, as the evaluator does.
func BenchmarkParseArena(b *testing.B) {
	names, texts := corpus(b)
	var size int64
	for _, t := range texts {
		size += int64(len(t))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	var arena parser.Arena
	for b.Loop() {
		for i, t := range texts {
			arena.Parse(names[i], t, 0)
		}
	}
}

func benchmark(b *testing.B, mode parser.Mode) {
	names, texts := corpus(b)
	var size int64
	for _, t := range texts {
		size += int64(len(t))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for i, t := range texts {
			parser.Parse(names[i], t, mode)
		}
	}
}

// TestCorpus checks that every file of the corpus parses.
func TestCorpus(t *testing.T) {
	names, texts := corpus(t)
	for i, text := range texts {
		f := parser.Parse(names[i], text, parser.KeepTokens)
		if len(f.Errors) > 0 {
			e := f.Errors[0]
			pos := f.Position(e.Start)
			t.Errorf("%s:%d:%d: %s", names[i], pos.Line, pos.Column, e.Msg)
		}
	}
}
