package drv

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// testdata/store has derivations of every kind that nix-instantiate wrote.
const testStore = "testdata/store"

func readText(t testing.TB, p store.Path) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testStore, p.String()))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func parseAt(t testing.TB, p store.Path) *Derivation {
	t.Helper()
	name, err := NameOf(p)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(store.DefaultDir, readText(t, p), name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func testDrvs(t testing.TB) (paths []store.Path) {
	t.Helper()
	entries, err := os.ReadDir(testStore)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), store.DrvExtension) {
			paths = append(paths, store.MustParsePath(e.Name()))
		}
	}
	return paths
}

func testHasher(t testing.TB) *Hasher {
	return &Hasher{Dir: store.DefaultDir, Read: func(p store.Path) (*Derivation, error) { return parseAt(t, p), nil }}
}

// pathOf finds a test derivation by name.
func pathOf(t testing.TB, name string) store.Path {
	t.Helper()
	for _, p := range testDrvs(t) {
		if p.Name() == name+store.DrvExtension {
			return p
		}
	}
	t.Fatalf("no derivation %s", name)
	return store.Path{}
}

// Reading and writing give the same bytes; from them follow the path of the file
// and the paths of the outputs.
func TestAgainstNix(t *testing.T) {
	h := testHasher(t)
	for _, p := range testDrvs(t) {
		text := readText(t, p)
		d := parseAt(t, p)
		out := d.ATerm(store.DefaultDir)
		if string(out) != text {
			t.Errorf("%v: wrote\n%s\nwant\n%s", p, out, text)
		}
		if got, err := d.StorePath(store.DefaultDir, out); err != nil || got != p {
			t.Errorf("%v: path %v, %v", p, got, err)
		}
		if err := h.Check(d); err != nil {
			t.Errorf("%v: %v", p, err)
		}
	}
}

// Without its output paths, a derivation gets them back.
func TestFillOutputs(t *testing.T) {
	h := testHasher(t)
	for _, p := range testDrvs(t) {
		d := parseAt(t, p)
		for i := range d.Outputs {
			o := &d.Outputs[i]
			switch o.Kind {
			case InputAddressed:
				o.Kind = Deferred
			case CAFixed:
			default:
				continue
			}
			o.Path = store.Path{}
			d.Setenv(o.Name, "")
		}
		if err := h.FillOutputs(d); err != nil {
			t.Errorf("%v: %v", p, err)
		}
		if got := string(d.ATerm(store.DefaultDir)); got != readText(t, p) {
			t.Errorf("%v: filled in\n%s", p, got)
		}
	}
}

func TestKinds(t *testing.T) {
	for name, want := range map[string]OutputKind{
		"both": InputAddressed, "deferred": Deferred, "fixed.tar.gz": CAFixed, "floating": CAFloating, "impure": Impure, "tree": CAFixed,
	} {
		if got, err := parseAt(t, pathOf(t, name)).Kind(); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
	out := func(o ...Output) *Derivation { return &Derivation{Outputs: o} }
	for want, d := range map[string]*Derivation{
		"must have at least one output":                         out(),
		"can't mix derivation output types":                     out(Output{Name: "a"}, Output{Name: "b", Kind: Impure}),
		"only one fixed output is allowed for now":              out(Output{Name: "out", Kind: CAFixed}, Output{Name: "p", Kind: CAFixed}),
		"single fixed output must be named \"out\"":             out(Output{Name: "a", Kind: CAFixed}),
		"all floating outputs must use the same hash algorithm": out(Output{Name: "a", Kind: CAFloating, Algo: hash.MD5}, Output{Name: "b", Kind: CAFloating, Algo: hash.SHA1}),
	} {
		if _, err := d.Kind(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Where something is fetched from does not matter, so both make the same thing.
func TestModuloFixed(t *testing.T) {
	var fixed []store.Path
	for _, p := range testDrvs(t) {
		if p.Name() == "fixed.tar.gz.drv" {
			fixed = append(fixed, p)
		}
	}
	h := testHasher(t)
	a, err1 := h.PathModulo(fixed[0])
	b, err2 := h.PathModulo(fixed[1])
	if err1 != nil || err2 != nil || a.Fixed["out"].IsZero() || a.Fixed["out"] != b.Fixed["out"] {
		t.Errorf("%v, %v; %v, %v", a, err1, b, err2)
	}
	for _, name := range []string{"floating", "deferred", "impure"} {
		if m, err := h.PathModulo(pathOf(t, name)); err != nil || !m.IsDeferred() {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

func TestCheckFinds(t *testing.T) {
	h := testHasher(t)
	d := parseAt(t, pathOf(t, "both"))
	d.Setenv("out", "/nix/store/00000000000000000000000000000000-x")
	if err := h.Check(d); err == nil || !strings.Contains(err.Error(), "has incorrect environment variable 'out'") {
		t.Errorf("wrong variable: %v", err)
	}
	d = parseAt(t, pathOf(t, "both"))
	d.Args[0] = "-x"
	if err := h.Check(d); err == nil || !strings.Contains(err.Error(), "has incorrect output") {
		t.Errorf("changed: %v", err)
	}
	d = parseAt(t, pathOf(t, "tree"))
	d.Env = slices.DeleteFunc(d.Env, func(e EnvVar) bool { return e.Name == "out" })
	if err := h.Check(d); err == nil || !strings.Contains(err.Error(), "has missing environment variable 'out'") {
		t.Errorf("missing variable: %v", err)
	}
}

const dynamic = `DrvWithVersion("xp-dyn-drv",[("out","","r:sha256","")],[("/nix/store/00000000000000000000000000000000-a.drv",["out"]),` +
	`("/nix/store/11111111111111111111111111111111-b.drv",(["doc"],[("out",(["out"],[("x",["y","z"])]))]))],[],"s","/b",[],[])`

func TestDynamic(t *testing.T) {
	d, err := Parse(store.DefaultDir, dynamic, "x")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(d.ATerm(store.DefaultDir)); got != dynamic {
		t.Errorf("wrote %s", got)
	}
	if got := d.InputDrvs[1].Dynamic[0].Dynamic[0].Outputs; !slices.Equal(got, []string{"y", "z"}) {
		t.Errorf("outputs %v", got)
	}
}

func TestParseErrors(t *testing.T) {
	const ok = `Derive([("out","","","")],[],[],"s","/b",[],[])`
	if _, err := Parse(store.DefaultDir, ok, "x"); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"":                              "derivation does not start with 'Derive' or 'DrvWithVersion'",
		`DrvWithVersion("1",[`:          "Unknown derivation ATerm format version '1'",
		`Derive([("out","","",""`:       "expected string ')'",
		`Derive([("out`:                 "unterminated string in derivation",
		`Derive([("out\`:                "unterminated string in derivation",
		`Derive([("out","/a","","")],[`: "path '/a' is not in the Nix store",
		`Derive([("out","","","")],[("/nix/store/00000000000000000000000000000000-a.drv",[])],[],"s","/b",[],[])`:        "inputDrvs entry for '/nix/store/00000000000000000000000000000000-a.drv' specifies no outputs",
		`Derive([("out","/nix/store/00000000000000000000000000000000-x","md5","900150983cd24fb0d6963f7d28e17f72")],[],[`: "derivation output 'out' has path '/nix/store/00000000000000000000000000000000-x', which does not match its content address",
		`Derive([("out","/nix/store/00000000000000000000000000000000-x","md5","impure")],[],[`:                           "impure derivation output should not specify output path",
		`Derive([("out","/nix/store/00000000000000000000000000000000-x","md5","")],[],[`:                                 "content-addressing derivation output should not specify output path",
		`Derive([("out","","foo","")],[],[`:               "unknown hash algorithm 'foo', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'",
		`Derive([("out","","","")],[],["/nix/store/.."],`: "'..' is too short to be a valid store path",
	} {
		_, err := Parse(store.DefaultDir, in, "x")
		if e, ok := err.(*ParseError); !ok || e.Msg != want {
			t.Errorf("%s\n got %v\nwant %s", in, err, want)
		}
	}
}

func TestJSON(t *testing.T) {
	h := testHasher(t)
	for _, p := range testDrvs(t) {
		d := parseAt(t, p)
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		got := &Derivation{}
		if err := json.Unmarshal(b, got); err != nil {
			t.Fatalf("%v: %v\n%s", p, err, b)
		}
		if err := h.FillOutputs(got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(d.ATerm(store.DefaultDir)), string(got.ATerm(store.DefaultDir))); diff != "" {
			t.Errorf("%v: through JSON:\n%s", p, diff)
		}
	}
	d, err := Parse(store.DefaultDir, dynamic, "x")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(d)
	want := `{"args":[],"builder":"/b","env":{},"inputs":{"drvs":{"00000000000000000000000000000000-a.drv":{"dynamicOutputs":{},"outputs":["out"]},` +
		`"11111111111111111111111111111111-b.drv":{"dynamicOutputs":{"out":{"dynamicOutputs":{"x":{"dynamicOutputs":{},"outputs":["y","z"]}},"outputs":["out"]}},"outputs":["doc"]}},"srcs":[]},` +
		`"name":"x","outputs":{"out":{"hashAlgo":"sha256","method":"nar"}},"system":"s","version":4}`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v\nwant %s", b, err, want)
	}
	for in, want := range map[string]string{
		`{}`:            "Expected JSON object to contain key 'version' but it doesn't",
		`{"version":3}`: "Unsupported derivation JSON format version 3, only format version 4 is currently supported.",
		`{"version":4}`: "Expected JSON object to contain key 'args' but it doesn't",
		`{"version":4,"args":[],"builder":"","env":{},"inputs":{"drvs":{},"srcs":[]},"name":"x","outputs":{"out":{"hash":"x"}},"system":""}`: "while reading key 'outputs': invalid JSON for derivation output",
	} {
		if err := json.Unmarshal([]byte(in), &Derivation{}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

func TestNormalize(t *testing.T) {
	p, q := store.MustParsePath("00000000000000000000000000000000-a.drv"), store.MustParsePath("11111111111111111111111111111111-b.drv")
	d := &Derivation{
		Outputs: []Output{{Name: "out"}, {Name: "dev"}},
		InputDrvs: []InputDrv{{q, InputNode{Outputs: []string{"b"}}}, {p, InputNode{Outputs: []string{"out"}}},
			{q, InputNode{Outputs: []string{"b", "a"}, Dynamic: []DynamicInput{{"o", InputNode{Outputs: []string{"x"}}}}}}},
		InputSrcs: []store.Path{q, p, q},
		Env:       []EnvVar{{"b", "1"}, {"a", "2"}},
	}
	d.Normalize()
	want := &Derivation{
		Outputs: []Output{{Name: "dev"}, {Name: "out"}},
		InputDrvs: []InputDrv{{p, InputNode{Outputs: []string{"out"}}},
			{q, InputNode{Outputs: []string{"a", "b"}, Dynamic: []DynamicInput{{"o", InputNode{Outputs: []string{"x"}}}}}}},
		InputSrcs: []store.Path{p, q},
		Env:       []EnvVar{{"a", "2"}, {"b", "1"}},
	}
	if diff := cmp.Diff(want, d, cmp.Comparer(func(a, b store.Path) bool { return a == b }), cmp.Comparer(func(a, b hash.Hash) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, p := range testDrvs(f) {
		f.Add(readText(f, p))
	}
	f.Add(dynamic)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(store.DefaultDir, text, "x")
		if err != nil {
			return
		}
		// What was read can be written and read again, to the same. (Names may hold
		// quotes that are written without escapes, as Nix does.)
		out := d.ATerm(store.DefaultDir)
		again, err := Parse(store.DefaultDir, string(out), "x")
		if err != nil {
			if strings.Contains(text, `\`) {
				return
			}
			t.Fatalf("%v: %s", err, out)
		}
		if string(again.ATerm(store.DefaultDir)) != string(out) && !strings.Contains(text, `\`) {
			t.Errorf("%s\n%s", out, again.ATerm(store.DefaultDir))
		}
	})
}

func BenchmarkATerm(b *testing.B) {
	d := parseAt(b, pathOf(b, "both"))
	var buf []byte
	for b.Loop() {
		buf = d.AppendATerm(buf[:0], store.DefaultDir)
	}
}

func BenchmarkParse(b *testing.B) {
	text := readText(b, pathOf(b, "both"))
	for b.Loop() {
		if _, err := Parse(store.DefaultDir, text, "both"); err != nil {
			b.Fatal(err)
		}
	}
}
