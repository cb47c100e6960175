package formatter

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"gonix.dev/gonix/parser/ast"
)

// corpus returns Nix texts of all kinds: our own test data and examples.
func corpus(t testing.TB) []string {
	t.Helper()
	var texts []string
	names, err := filepath.Glob("testdata/format-*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			texts = append(texts, string(f.Data))
		}
	}
	return append(texts, nixFiles(t, "../examples")...)
}

// nixFiles returns the texts of the Nix files below a folder.
func nixFiles(t testing.TB, root string) []string {
	t.Helper()
	var texts []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".nix") {
			return err
		}
		text, err := os.ReadFile(path)
		texts = append(texts, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// FuzzFormat checks that whatever can be parsed is formatted to a text that means
// the same, has the same comments, and stays.
func FuzzFormat(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text, false)
	}
	for _, s := range deepShapes {
		f.Add(strings.Repeat(s[0], 3)+s[1]+strings.Repeat(s[2], 3), true)
	}
	f.Fuzz(func(t *testing.T, text string, strict bool) {
		file := parse(text)
		if check(file) != nil {
			return
		}
		opts := Options{Strict: strict}
		out, err := Format(file, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := Verify(t.Context(), file, out, opts); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		edits, err := Edits(t.Context(), file, opts, ast.Span{End: ast.Pos(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		if got := Apply(text, edits); got != out {
			t.Errorf("edits make another text:\n%s", got)
		}
	})
}

// insertions are what mutate puts between tokens.
var insertions = []string{
	" # c\n", "\n# line\n", " /* c */ ", "/* a\n b */", "\n/** doc\n  text */\n", "\n\n", "\n\n\n", "\n", "\n# a\n# b\n",
	" /* x */ # y\n", " #\n", "/**/", "\n  # indented\n  ", " /* bash */ ", "\n/*\n * star\n * lines\n */\n", "\t# tab\n\t",
	"\n/*nixfmt:disable*/\n", "\n/*nixfmt:enable*/\n",
}

// mutate puts comments and line breaks between some of the tokens of a file.
func mutate(r *rand.Rand, f *ast.File, rate float64) string {
	var b strings.Builder
	end := ast.Pos(0)
	inString := []bool{false} // for each bracket around
	for i, tok := range f.Tokens {
		gap := f.Src[end:tok.Start]
		top := len(inString) - 1
		joined := inString[top] || tok.Kind == ast.PATH_END || gap == "" && i > 0 &&
			(tok.Kind == ast.PATH || tok.Kind == ast.DOLLAR_CURLY) && f.Tokens[i-1].Kind != ast.DOT
		if !joined && r.Float64() < rate {
			ins := insertions[r.IntN(len(insertions))]
			switch r.IntN(4) {
			case 0:
				if strings.TrimSpace(gap) == "" && gap != "" {
					gap = " "
				}
			case 1:
				gap = ins + gap
			default:
				gap += ins
			}
		}
		b.WriteString(gap + f.Src[tok.Start:tok.End])
		end = tok.End
		switch tok.Kind {
		case ast.STR_OPEN:
			inString = append(inString, true)
		case ast.DOLLAR_CURLY, ast.LBRACE:
			inString = append(inString, false)
		case ast.STR_CLOSE, ast.RBRACE:
			inString = inString[:top]
		}
	}
	b.WriteString(f.Src[end:])
	return b.String()
}

// TestMutated formats texts with comments and line breaks in unusual places.
func TestMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	formatted := 0
	for range 8 {
		for _, text := range corpus(t) {
			for _, rate := range []float64{0.02, 0.2, 0.7} {
				file := parse(mutate(r, parse(text), rate))
				if check(file) != nil {
					continue // a comment after a slash, say
				}
				formatted++
				out, err := Format(file, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := Verify(t.Context(), file, out, Options{}); err != nil {
					t.Errorf("%v\n-- in --\n%s\n-- out --\n%s", err, file.Src, out)
					return
				}
			}
		}
	}
	if formatted < 1000 {
		t.Errorf("only %d texts were formatted", formatted)
	}
}

// TestSoakMutated does the same with random texts of the large corpus in random
// styles, for as long as GONIX_SOAK says.
func TestSoakMutated(t *testing.T) {
	limit, seed := 100*time.Millisecond, uint64(1)
	if v := os.Getenv("GONIX_SOAK"); v != "" {
		var err error
		if limit, err = time.ParseDuration(v); err != nil {
			t.Fatal(err)
		}
		seed = uint64(time.Now().UnixNano())
	}
	texts := largeCorpus(t)
	r := rand.New(rand.NewPCG(3, seed))
	formatted := 0
	for start := time.Now(); time.Since(start) < limit; {
		text := texts[r.IntN(len(texts))]
		if len(text) > 1<<15 {
			continue
		}
		tokens := parse(text)
		changes := []float64{1, 4, 20, float64(len(tokens.Tokens))}[r.IntN(4)]
		file := parse(mutate(r, tokens, changes/float64(len(tokens.Tokens)+1)))
		if check(file) != nil {
			continue
		}
		opts := Options{Width: []int{0, 0, 80, 40, 10, -1}[r.IntN(6)], Indent: []int{0, 0, 4, -1}[r.IntN(4)], Strict: r.IntN(3) == 0}
		out, err := Format(file, opts)
		if err != nil {
			t.Fatal(err)
		}
		formatted++
		if err := Verify(t.Context(), file, out, opts); err != nil {
			t.Errorf("seed %d, %+v: %v\n-- in --\n%s\n-- out --\n%s", seed, opts, err, file.Src, out)
			return
		}
	}
	t.Logf("%d texts", formatted)
}

// TestSoakNixfmtCases runs the test cases of nixfmt 1.2.0 that GONIX_NIXFMT_TESTS
// has, its folder test.
func TestSoakNixfmtCases(t *testing.T) {
	dir := os.Getenv("GONIX_NIXFMT_TESTS")
	if dir == "" {
		return
	}
	const width = 80
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	cases := 0
	compare := func(in, out string, opts Options) {
		t.Helper()
		cases++
		opts.Width = width
		if got := format(t, read(in), opts); got != read(out) {
			t.Errorf("%s: not as in %s", in, out)
		}
	}
	glob := func(pattern string) []string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("no %s in %s: %v", pattern, dir, err)
		}
		return names
	}
	for _, name := range glob("correct/*.nix") {
		compare(name, name, Options{Strict: true})
	}
	for _, name := range glob("correct-indent-4.nix") {
		compare(name, name, Options{Strict: true, Indent: 4})
	}
	for _, in := range glob("diff/*/in.nix") {
		compare(in, filepath.Join(filepath.Dir(in), "out.nix"), Options{})
		compare(in, filepath.Join(filepath.Dir(in), "out-pure.nix"), Options{Strict: true})
	}
	for _, name := range glob("invalid/*.nix") {
		cases++
		if _, err := Format(parse(read(name)), Options{}); err == nil {
			t.Errorf("%s is not refused", name)
		}
	}
	t.Logf("%d cases", cases)
}
