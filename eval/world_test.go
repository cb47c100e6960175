package eval_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/builtins"
)

// memory is a World of texts by path; a text that begins with "-> " is a symlink.
type memory struct {
	mu    sync.Mutex
	files map[string]string
	env   map[string]string
	reads []string
}

func (m *memory) entry(name string) (text string, isDir bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads = append(m.reads, name)
	if text, ok := m.files[name]; ok {
		return text, false, nil
	}
	for f := range m.files {
		if name == "/" || strings.HasPrefix(f, name+"/") {
			return "", true, nil
		}
	}
	return "", false, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (m *memory) ReadFile(name string) ([]byte, error) {
	text, isDir, err := m.entry(name)
	if err != nil || isDir {
		return nil, err
	}
	if to, ok := strings.CutPrefix(text, "-> "); ok {
		return m.ReadFile(path.Join(path.Dir(name), to))
	}
	return []byte(text), nil
}

func (m *memory) Lstat(name string) (eval.FileInfo, error) {
	text, isDir, err := m.entry(name)
	switch {
	case err != nil:
		return eval.FileInfo{}, err
	case isDir:
		return eval.FileInfo{Type: eval.Directory}, nil
	case strings.HasPrefix(text, "-> "):
		return eval.FileInfo{Type: eval.Symlink}, nil
	}
	return eval.FileInfo{Type: eval.RegularFile, Size: int64(len(text))}, nil
}

func (m *memory) Readlink(name string) (string, error) {
	text, _, err := m.entry(name)
	return strings.TrimPrefix(text, "-> "), err
}

func (m *memory) ReadDir(name string) ([]eval.DirEntry, error) {
	var out []eval.DirEntry
	for f := range m.files {
		if rest, ok := strings.CutPrefix(f, name+"/"); ok && !strings.Contains(rest, "/") {
			info, err := m.Lstat(f)
			if err != nil {
				return nil, err
			}
			out = append(out, eval.DirEntry{Name: rest, Type: info.Type})
		}
	}
	slices.SortFunc(out, func(a, b eval.DirEntry) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (m *memory) Getenv(name string) (string, bool) {
	v, ok := m.env[name]
	return v, ok
}

func (m *memory) Now() int64 { return 1234567890 }

// run evaluates and prints a text.
func run(st *eval.State, text string) (string, *eval.Error) {
	v, err := st.EvalText("test", text, "/src")
	if err == nil {
		v, err = st.ForceDeep(v)
	}
	if err != nil {
		return "", err
	}
	return st.Print(v, eval.PrintOptions{})
}

func TestWorld(t *testing.T) {
	w := &memory{
		files: map[string]string{
			"/src/a.nix":             "{ x, y ? 2 }: x + y + import ./lib",
			"/src/lib/default.nix":   "import ../link.nix",
			"/src/link.nix":          "-> real/number.nix",
			"/src/real/number.nix":   "import ./sibling.nix",
			"/src/real/sibling.nix":  "100",
			"/src/scoped.nix":        "extra + builtins.length [ 1 ]",
			"/pkgs/tools/thing.nix":  `"thing"`,
			"/extra/tools/other.nix": `"other"`,
			"/src/data.txt":          "text\n",
		},
		env: map[string]string{"USER": "me"},
	}
	opts := eval.Options{World: w, SearchPath: []eval.SearchPathEntry{{Path: "/extra"}, {Prefix: "p", Path: "/pkgs"}}}
	for _, tt := range []struct{ text, want string }{
		{"import ./a.nix { x = 1; }", "103"},
		{"scopedImport { extra = 5; } ./scoped.nix", "6"},
		{"import <p/tools/thing.nix>", `"thing"`},
		{"import <tools/other.nix>", `"other"`},
		{"builtins.readFile ./data.txt", `"text\n"`},
		{"builtins.readDir ./lib", `{ "default.nix" = "regular"; }`},
		{"map builtins.readFileType [ ./lib ./link.nix ./data.txt ]", `[ "directory" "symlink" "regular" ]`},
		{"map builtins.pathExists [ ./lib ./nope ./lib/default.nix ]", "[ true false true ]"},
		{"[ (builtins.getEnv \"USER\") builtins.currentTime ]", `[ "me" 1234567890 ]`},
	} {
		got, err := run(eval.New(opts, builtins.All()...), tt.text)
		if err != nil || got != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.text, got, err, tt.want)
		}
	}
	if _, err := run(eval.New(opts, builtins.All()...), "import <p/nope>"); err == nil ||
		!strings.Contains(err.Msg, "file 'p/nope' was not found in the Nix search path") {
		t.Errorf("missing in the search path: %v", err)
	}
}

func TestFilesAreReadOnce(t *testing.T) {
	w := &memory{files: map[string]string{"/src/a.nix": `builtins.trace "evaluated" 1`}}
	traces := 0
	st := eval.New(eval.Options{World: w, Trace: func(string) { traces++ }}, builtins.All()...)
	if got, err := run(st, "[ (import ./a.nix) (import ./a.nix) (import (./. + \"/a.nix\")) ]"); err != nil || got != "[ 1 1 1 ]" {
		t.Fatal(got, err)
	}
	if traces != 1 {
		t.Errorf("evaluated %d times", traces)
	}
}

func TestPure(t *testing.T) {
	w := &memory{
		files: map[string]string{"/src/a.nix": "1", "/other/b.nix": "2", "/src/out.nix": "-> ../other/b.nix"},
		env:   map[string]string{"USER": "me"},
	}
	opts := eval.Options{World: w, Pure: true, Allowed: []string{"/src"}}
	for _, tt := range []struct{ text, want string }{
		{"import ./a.nix", "1"},
		{"builtins.getEnv \"USER\"", `""`},
		{"[ (builtins ? currentTime) (builtins ? currentSystem) builtins.nixPath ]", "[ false false [ ] ]"},
		{"import /other/b.nix", "!! access to absolute path '/other/b.nix' is forbidden in pure evaluation mode (use '--impure' to override)"},
		{"import ./out.nix", "!! access to absolute path '/other/b.nix' is forbidden in pure evaluation mode (use '--impure' to override)"},
		{"builtins.readFile ./out.nix", "!! access to absolute path '/other/b.nix' is forbidden in pure evaluation mode (use '--impure' to override)"},
		{"builtins.hashFile \"md5\" ./out.nix", "!! access to absolute path '/other/b.nix' is forbidden in pure evaluation mode (use '--impure' to override)"},
		{"builtins.readFile /other/b.nix", "!! access to absolute path '/other/b.nix' is forbidden in pure evaluation mode (use '--impure' to override)"},
	} {
		got, err := run(eval.New(opts, builtins.All()...), tt.text)
		if err != nil {
			got = "!! " + err.Msg
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.text, got, tt.want)
		}
	}
}

// Errors carry their kind, their place and what was being done.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		text, want string // kind place message, then frames from the innermost
		kind       eval.ErrorKind
	}{
		{"let x = 1; in\nx.y", "2:1 expected a set but found an integer: 1 | 2:1 while selecting an attribute | 2:1 while evaluating the attribute 'y'", eval.ErrType},
		{"{ a = 1; }.b", "1:1 attribute 'b' missing | 1:1 while evaluating the attribute 'b'", eval.ErrMissingAttr},
		{"nope", "1:1 undefined variable 'nope'", eval.ErrUndefined},
		{"assert 1 == 2; 3", "an integer with value '1' is not equal to an integer with value '2' | 1:1 while evaluating the condition of the assertion '(1 == 2)'", eval.ErrAssert},
		{"let f = x: throw x; in f \"msg\"", "msg | 1:12 while calling the 'throw' builtin | 1:9 while calling 'f' | 1:24 from call site", eval.ErrThrow},
		{"abort \"stop\"", "evaluation aborted with the following error message: 'stop' | 1:1 while calling the 'abort' builtin", eval.ErrAbort},
		{"let f = n: f (n + 1); in f 0", "stack overflow; max-call-depth exceeded", eval.ErrRecursion},
		{"{ a = ", "syntax error", eval.ErrSyntax},
	} {
		st := eval.New(eval.Options{MaxCallDepth: 50, World: &memory{}}, builtins.All()...)
		_, err := run(st, tt.text)
		if err == nil || err.Kind != tt.kind {
			t.Errorf("%q: %+v", tt.text, err)
			continue
		}
		place := func(p eval.Pos) string {
			if at, ok := st.Position(p); ok {
				return fmt.Sprintf("%d:%d ", at.Line, at.Column)
			}
			return ""
		}
		got := place(err.Pos) + err.Msg
		for _, f := range err.Trace {
			got += " | " + place(f.Pos) + f.Msg
		}
		if tt.kind == eval.ErrRecursion || tt.kind == eval.ErrSyntax {
			got = err.Msg[:min(len(err.Msg), len(tt.want))]
		}
		if got != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

// Evaluators share nothing.
func TestConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			st := eval.New(eval.Options{World: &memory{}}, builtins.All()...)
			got, err := run(st, "builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: builtins.stringLength (toString x)) 1000) + builtins.length (builtins.split \"a\" \"banana\")")
			if err != nil || got != "2897" {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	wg.Wait()
}

// TestPhysicalStore reads objects of the machine's store that another one lacks.
func TestPhysicalStore(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"phys/a/f": "physical", "phys/b/f": "physical", "phys/b/g": "physical", "root/b/f": "root", "root/c/f": "root",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	both := &eval.OS{StoreDir: dir + "/phys", StoreRoot: dir + "/root", Physical: true}
	own := &eval.OS{StoreDir: dir + "/phys", StoreRoot: dir + "/root"}
	for _, tt := range []struct{ name, both, own string }{
		{"a/f", "physical", ""}, {"b/f", "root", "root"}, {"b/g", "", ""}, {"c/f", "root", "root"}, {"d/f", "", ""},
	} {
		for w, want := range map[*eval.OS]string{both: tt.both, own: tt.own} {
			text, err := w.ReadFile(dir + "/phys/" + tt.name)
			if string(text) != want || (err == nil) != (want != "") {
				t.Errorf("%s, physical %v: %q, %v", tt.name, w.Physical, text, err)
			}
		}
	}
}
