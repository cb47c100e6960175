//go:build linux && (amd64 || arm64)

package builder

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gonix.dev/gonix/builder/sandbox"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// busybox is what test builders are made of; CI installs it.
const busybox = "/bin/busybox"

func need(t testing.TB, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("GONIX_CI") == "1" {
		t.Fatal("missing on this machine: " + what)
	}
	t.Skip("missing on this machine: " + what)
}

// memStore is a Store without a database.
type memStore struct {
	store.Folder
	root string
	mu   sync.Mutex
	all  map[store.Path]*store.PathInfo
	reg  int // transactions
}

func newMemStore(t testing.TB) *memStore {
	root := t.TempDir()
	s := &memStore{
		Folder: store.Folder{Path: filepath.Join(root, "nix/store")}, root: root,
		all: map[store.Path]*store.PathInfo{},
	}
	if err := os.MkdirAll(s.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeTree(root) })
	return s
}

func (s *memStore) RealDir() string  { return s.Path }
func (s *memStore) StateDir() string { return filepath.Join(s.root, "var") }
func (s *memStore) LogDir() string   { return filepath.Join(s.root, "log") }

func (s *memStore) QueryPathInfo(_ context.Context, p store.Path) (*store.PathInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.all[p]; i != nil {
		return i, nil
	}
	return nil, &store.InvalidPathError{Path: p.String()}
}

func (s *memStore) QueryValidPaths(_ context.Context, ps []store.Path) (map[store.Path]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[store.Path]bool{}
	for _, p := range ps {
		if s.all[p] != nil {
			out[p] = true
		}
	}
	return out, nil
}

func (s *memStore) IsValid(ctx context.Context, p store.Path) (bool, error) {
	m, err := s.QueryValidPaths(ctx, []store.Path{p})
	return m[p], err
}

func (s *memStore) ReadDerivation(p store.Path) (*drv.Derivation, error) {
	text, err := os.ReadFile(filepath.Join(s.Path, p.String()))
	if err != nil {
		return nil, err
	}
	name, err := drv.NameOf(p)
	if err != nil {
		return nil, err
	}
	return drv.Parse(s.StoreDir(), string(text), name)
}

func (s *memStore) AddTempRoot(context.Context, store.Path) error { return nil }

func (s *memStore) Register(_ context.Context, infos ...*store.PathInfo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reg++
	for _, i := range infos {
		h := hash.New(hash.SHA256)
		if err := nar.DumpPath(h, filepath.Join(s.Path, i.Path.String()), nil); err != nil {
			return err
		}
		if h.Sum() != i.NarHash || h.Size() != i.NarSize {
			return fmt.Errorf("%s is registered with a wrong hash", i.Path)
		}
		s.all[i.Path] = i
	}
	return nil
}

func (s *memStore) AddText(ctx context.Context, name, contents string, refs []store.Path) (store.Path, error) {
	p, err := s.Folder.AddText(ctx, name, contents, refs)
	if err == nil {
		h := hash.New(hash.SHA256)
		nar.DumpString(h, contents)
		s.mu.Lock()
		s.all[p] = &store.PathInfo{Path: p, NarHash: h.Sum(), NarSize: h.Size(), References: store.SortPaths(refs)}
		s.mu.Unlock()
	}
	return p, err
}

// world is a store and a worker on it.
type world struct {
	t      testing.TB
	s      *memStore
	w      *Worker
	hasher *drv.Hasher
	mu     sync.Mutex
	events []Event
}

func newWorld(t testing.TB) *world {
	_, err := os.Stat(busybox)
	need(t, err == nil, "busybox-static")
	need(t, sandbox.Probe().Namespaces, "namespaces")
	s := newMemStore(t)
	w := &world{t: t, s: s}
	w.hasher = &drv.Hasher{Dir: s.StoreDir(), Read: s.ReadDerivation}
	w.w = &Worker{
		Store: s,
		Settings: Settings{
			System: "x86_64-linux", SystemFeatures: []string{"big-parallel"}, MaxJobs: 2, Cores: 3,
			KeepLog: true, CompressLog: true, Sandbox: SandboxOn, FilterSyscalls: true,
			SandboxPaths: []string{"/bin/sh=" + busybox, busybox}, BuildDir: t.TempDir(),
		},
		Observe: func(e Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
	os.Chmod(w.w.Settings.BuildDir, 0o755)
	return w
}

// derivation makes one whose builder is a script for busybox's shell. env is
// NAME=VALUE; inputs are derivations whose "out" it needs.
func (w *world) derivation(name, script string, env []string, inputs ...store.Path) store.Path {
	w.t.Helper()
	d := &drv.Derivation{
		Name: name, System: "x86_64-linux", Builder: "/bin/sh",
		Args: []string{"-c", "b() { /bin/busybox \"$@\"; }\n" + script},
	}
	outputs := "out"
	for _, e := range env {
		k, v, _ := strings.Cut(e, "=")
		if k == "outputs" {
			outputs = v
		}
		d.Env = append(d.Env, drv.EnvVar{Name: k, Value: v})
	}
	for _, o := range strings.Fields(outputs) {
		d.Outputs = append(d.Outputs, drv.Output{Name: o})
		d.Env = append(d.Env, drv.EnvVar{Name: o})
	}
	for _, in := range inputs {
		d.InputDrvs = append(d.InputDrvs, drv.InputDrv{Path: in, InputNode: drv.InputNode{Outputs: []string{"out"}}})
	}
	return w.add(d)
}

func (w *world) add(d *drv.Derivation) store.Path {
	w.t.Helper()
	d.Normalize()
	if err := w.hasher.FillOutputs(d); err != nil {
		w.t.Fatal(err)
	}
	p, err := d.Write(context.Background(), w.s)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// outPath is where the output of a derivation will be.
func (w *world) outPath(p store.Path, name string) store.Path {
	w.t.Helper()
	d, err := w.s.ReadDerivation(p)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Output(name).Path
}

func (w *world) build(targets ...store.Path) *Outcome {
	w.t.Helper()
	return w.buildMode(Normal, targets...)
}

func (w *world) buildMode(mode Mode, targets ...store.Path) *Outcome {
	w.t.Helper()
	var list []Target
	for _, p := range targets {
		list = append(list, Target{Drv: p})
	}
	out, err := w.w.Build(context.Background(), list, mode)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// ok builds p and returns the contents of its output "out".
func (w *world) ok(p store.Path) string {
	w.t.Helper()
	out := w.build(p)
	if err := out.Err(w.s.StoreDir(), w.w.Observe); err != nil {
		w.t.Fatalf("%v\n%s", err, w.logged())
	}
	text, err := os.ReadFile(filepath.Join(w.s.Path, out.Results[0].Outputs["out"].String()))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// fails builds p, which must fail with an error that contains all of want.
func (w *world) fails(status Status, p store.Path, want ...string) string {
	w.t.Helper()
	out := w.build(p)
	err := out.Err(w.s.StoreDir(), w.w.Observe)
	if err == nil {
		w.t.Fatalf("built, but should have failed")
	}
	if out.Results[0].Status != status {
		w.t.Errorf("status is %v, want %v: %v", out.Results[0].Status, status, err)
	}
	for _, s := range want {
		if !strings.Contains(err.Error(), s) {
			w.t.Errorf("error is %q, want %q in it", err, s)
		}
	}
	w.noLeftovers()
	return err.Error()
}

// noLeftovers checks that only valid paths are in the store, and no temporary
// directories are left.
func (w *world) noLeftovers() {
	w.t.Helper()
	entries, _ := os.ReadDir(w.s.Path)
	for _, e := range entries {
		p, err := store.ParsePath(e.Name())
		if err != nil || w.s.all[p] == nil {
			if !strings.HasSuffix(e.Name(), ".lock") {
				w.t.Errorf("left in the store: %s", e.Name())
			}
		}
	}
	entries, _ = os.ReadDir(w.w.Settings.BuildDir)
	for _, e := range entries {
		w.t.Errorf("left in the build directory: %s", e.Name())
	}
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, e := range w.events {
		fmt.Fprintf(&b, "%d %s %v\n", e.Action, e.Text, e.Fields)
	}
	return b.String()
}
