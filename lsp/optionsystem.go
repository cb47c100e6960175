package lsp

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/modules"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/store"
)

// Which options a file sets is found without configuration: by where the file
// lies, by which system's modules import it, and only then by what it looks like.
// A project's systems are known by the names of their files (configuration.nix,
// home.nix), by calls that make systems (nixosSystem, homeManagerConfiguration),
// by evaluating what calls evalModules, and by evaluating the outputs of flakes.

// optionSystem is what a module sets options of.
type optionSystem struct {
	root  worker.Root
	index int
	// prefix leads to the options below which the file is a module.
	prefix []modules.Step
	// certain says that the file is among the system's modules; else it looks so.
	certain bool
	// byPlace says that this is certain only as far as the file is a module at all:
	// it lies where modules do.
	byPlace bool
}

func (sys *optionSystem) request(op string, steps []modules.Step) worker.Request {
	return worker.Request{
		Op: op, Lane: worker.Options, Root: &sys.root, Index: sys.index,
		Steps: append(slices.Clip(sys.prefix), steps...),
	}
}

// moduleView is a module that a text holds, with its system.
type moduleView struct {
	*modules.Module
	sys *optionSystem
}

// moduleOf is a text as a module; systemCalls are the systems it makes.
var (
	moduleOf = document.NewAnalysis(func(d *document.Snapshot) *modules.Module {
		return modules.Of(d.Path, d.File())
	})
	systemCalls = document.NewAnalysis(func(d *document.Snapshot) []modules.System {
		return modules.Systems(d.Path, d.File())
	})
)

// moduleViews returns the modules of a text with what they set options of: the
// text itself, or those that stand in calls which make systems.
func (s *Server) moduleViews(ctx context.Context, d *document.Snapshot) []moduleView {
	v := s.viewOf(ctx)
	if d.Path == "" || !s.evaluates(v, d.Path) {
		return nil
	}
	var out []moduleView
	for _, call := range systemCalls.Of(d) {
		if sys := s.callSystem(v, d.Path, call); sys != nil && call.Module.Any() {
			out = append(out, moduleView{call.Module, sys})
		}
	}
	if m := moduleOf.Of(d); m.Any() && filepath.Base(d.Path) != "flake.nix" {
		if sys := s.systemOf(ctx, d); sys != nil {
			out = append(out, moduleView{m, sys})
		}
	}
	return out
}

// systemCache remembers for a while what was found for a file: it depends on
// other files, which rarely change, and is asked for at every key.
type systemCache struct {
	mu      sync.Mutex
	found   map[string]foundSystem
	makers  []string // files of the workspace that make systems
	scanned time.Time
}

type foundSystem struct {
	sys *optionSystem
	at  time.Time
}

// systemsFresh is how long what was found is not looked for again.
const systemsFresh = 5 * time.Second

// forget drops what was found, because files changed.
func (c *systemCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found, c.scanned = nil, time.Time{}
}

func (s *Server) systemOf(ctx context.Context, d *document.Snapshot) *optionSystem {
	c := &s.systems
	c.mu.Lock()
	f, ok := c.found[d.Path]
	c.mu.Unlock()
	if ok && time.Since(f.at) < systemsFresh {
		return f.sys
	}
	sys, known := s.findSystem(ctx, d)
	if !known || ctx.Err() != nil {
		return sys
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found == nil {
		c.found = map[string]foundSystem{}
	}
	c.found[d.Path] = foundSystem{sys, time.Now()}
	return sys
}

// findSystem looks for the system that a module is part of. known is false when there
// was no time for all of the search.
func (s *Server) findSystem(ctx context.Context, d *document.Snapshot) (_ *optionSystem, known bool) {
	v := s.viewOf(ctx)
	if sys := checkoutSystem(d.Path); sys != nil {
		return sys, true
	}
	load := s.moduleLoader(ctx, d.Path)
	for _, path := range rootsAround(v, d.Path) {
		kind, _ := modules.RootKind(path)
		sys := s.knownSystem(v, d.Path, kind, []string{path})
		if path == d.Path {
			return sys, true
		}
		if m := load.Load(path); m != nil && sys != nil {
			if at, ok := modules.Reach([]*modules.Module{m}, d.Path, load); ok {
				sys.prefix = at
				return sys, true
			}
		}
	}
	known = true
	var partial *optionSystem // whose modules are not all known
	for _, path := range s.systemMakers(ctx, d) {
		file, err := s.file(ctx, path)
		if err != nil {
			continue
		}
		for _, call := range systemCalls.Of(file) {
			if call.Kind == modules.Own {
				sys, all := s.ownSystem(ctx, d, ownRoots(v, path), load)
				if sys != nil {
					return sys, true
				}
				known = known && all
				continue
			}
			if at, ok := modules.Reach([]*modules.Module{call.Module}, d.Path, load); ok {
				sys := s.callSystem(v, path, call)
				if sys == nil {
					continue
				}
				if sys.prefix = at; sys.certain {
					return sys, true
				}
				if partial == nil {
					partial = sys
				}
			}
		}
	}
	for _, dir := range v.flakesAround(d.Path) {
		sys, all := s.ownSystem(ctx, d, []worker.Root{s.flakeRoot(ctx, dir)}, load)
		if sys != nil {
			return sys, true
		}
		known = known && all
	}
	if partial != nil {
		return partial, known
	}
	return s.likelySystem(v, d), known
}

// likelySystem is the last resort: what the module says about itself, or looks
// like.
func (s *Server) likelySystem(v *view, d *document.Snapshot) *optionSystem {
	m := moduleOf.Of(d)
	kinds := m.Guess(d.File())
	if class := m.Class(); class != "" {
		kinds = []modules.Kind{class}
	}
	for _, kind := range kinds {
		if sys := s.knownSystem(v, d.Path, kind, nil); sys != nil {
			sys.certain = false
			return sys
		}
	}
	return nil
}

// checkoutSystem returns the system of a module of NixOS, home-manager or nix-darwin
// itself.
func checkoutSystem(path string) *optionSystem {
	exists := func(parts ...string) bool {
		_, err := os.Stat(filepath.Join(parts...))
		return err == nil
	}
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		switch {
		case within(filepath.Join(dir, "nixos/modules"), path) && exists(dir, "nixos/lib/eval-config.nix"):
			sys := &optionSystem{root: worker.Root{Kind: modules.NixOS}, certain: true, byPlace: true}
			if !listed(filepath.Join(dir, "nixos/modules"), path) {
				sys.root.Modules = []string{path} // a profile, with imports of its own
			}
			return sys
		case within(filepath.Join(dir, "modules"), path) && exists(dir, "modules/lib/stdlib-extended.nix"):
			return &optionSystem{root: worker.Root{Kind: modules.HomeManager, Source: quotePath(dir)}, certain: true, byPlace: true}
		case within(filepath.Join(dir, "modules"), path) && exists(dir, "eval-config.nix") && exists(dir, "modules/module-list.nix"):
			return &optionSystem{root: worker.Root{Kind: modules.Darwin, Source: quotePath(dir)}, certain: true, byPlace: true}
		}
	}
	return nil
}

// listed reports whether NixOS's list of modules has a file.
func listed(dir, path string) bool {
	list, err := os.ReadFile(filepath.Join(dir, "module-list.nix"))
	if err != nil {
		return true
	}
	rel := "./" + filepath.ToSlash(strings.TrimPrefix(path, dir+string(filepath.Separator)))
	for _, name := range []string{rel, strings.TrimSuffix(rel, "/default.nix")} {
		if strings.Contains(string(list), name+"\n") {
			return true
		}
	}
	return false
}

// knownSystem is a system of a kind with some modules; nil when its options
// cannot be had.
func (s *Server) knownSystem(v *view, path string, kind modules.Kind, files []string) *optionSystem {
	sys := &optionSystem{root: worker.Root{Kind: kind, Modules: files}, certain: true}
	switch kind {
	case modules.NixOS:
		return sys
	case modules.HomeManager:
		sys.root.Source = s.sourceText(v, path, "home-manager")
	case modules.Darwin:
		sys.root.Source = s.sourceText(v, path, "nix-darwin", "darwin")
	}
	if sys.root.Source == "" {
		return nil
	}
	return sys
}

// sourceText is the expression of the folder of a project, by the first of its names
// that there is; "" when there is none.
func (s *Server) sourceText(v *view, path string, names ...string) string {
	for _, name := range names {
		if dir := s.source(v, path, name); dir != "" {
			return quotePath(dir)
		}
	}
	return ""
}

// callSystem is the system that a call makes.
func (s *Server) callSystem(v *view, path string, call modules.System) *optionSystem {
	var files []string
	for _, f := range call.Module.Files() {
		if len(f.At) > 0 {
			continue
		}
		if f.Search != "" {
			name, rest, _ := strings.Cut(f.Search, "/")
			f.Path = filepath.Join(s.source(v, path, name), rest)
		}
		if filepath.IsAbs(f.Path) {
			files = append(files, f.Path)
		}
	}
	sys := s.knownSystem(v, path, call.Kind, files)
	if sys != nil {
		sys.certain = call.Complete
	}
	return sys
}

// rootsAround returns the files around a path that are systems by their names,
// the nearest first.
func rootsAround(v *view, path string) []string {
	var out []string
	top, inFolder := v.folderOf(path)
	dir := filepath.Dir(path)
	for range 12 {
		for _, name := range []string{"configuration.nix", "home.nix", "darwin-configuration.nix"} {
			file := filepath.Join(dir, name)
			if _, err := os.Stat(file); err == nil || v.docs[file] != nil {
				if file == path {
					out = slices.Insert(out, 0, file)
				} else {
					out = append(out, file)
				}
			}
		}
		if inFolder && dir == top.path || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return out
}

// moduleLoader follows imports for a file; into nixpkgs and the store only when the
// file is a part of them.
func (s *Server) moduleLoader(ctx context.Context, target string) modules.Loader {
	v := s.viewOf(ctx)
	return modules.Loader{
		Load: func(path string) *modules.Module {
			if d := s.imported(ctx, path); d != nil {
				return moduleOf.Of(d)
			}
			return nil
		},
		Search: func(name string) string {
			name, rest, _ := strings.Cut(name, "/")
			if dir := s.source(v, target, name); dir != "" {
				return filepath.Join(dir, rest)
			}
			return ""
		},
		Skip: func(path string) bool {
			return strings.Contains(path, "/nixos/modules/") && !strings.Contains(target, "/nixos/modules/") ||
				within(string(store.DefaultDir), path) && !within(string(store.DefaultDir), target)
		},
	}
}

// maxScanned is the size of a workspace that is still searched for what makes
// systems.
const maxScanned = 3000

// systemMakers returns the files of the workspace that make systems, those
// nearest to a text first.
func (s *Server) systemMakers(ctx context.Context, d *document.Snapshot) []string {
	c := &s.systems
	c.mu.Lock()
	makers, fresh := c.makers, time.Since(c.scanned) < systemsFresh
	c.mu.Unlock()
	if !fresh {
		makers = nil
		v := s.viewOf(ctx)
		paths, err := v.workspacePaths(ctx)
		again := time.Now()
		if err != nil || len(paths) > maxScanned {
			paths, again = nil, again.Add(time.Minute) // even to list them takes a while
		}
		for _, path := range paths {
			text := ""
			if open := v.docs[path]; open != nil {
				text = open.Text
			} else if data, err := os.ReadFile(path); err == nil {
				text = string(data)
			}
			if ctx.Err() != nil {
				return nil
			}
			if modules.Mentions(text) {
				makers = append(makers, path)
			}
		}
		c.mu.Lock()
		c.makers, c.scanned = makers, again
		c.mu.Unlock()
	}
	makers = slices.Clone(makers)
	slices.SortStableFunc(makers, func(a, b string) int { return distanceTo(d.Path, a) - distanceTo(d.Path, b) })
	return makers
}

// distanceTo counts the folders between two files.
func distanceTo(from, to string) int {
	rel, err := filepath.Rel(filepath.Dir(from), to)
	if err != nil {
		return 1 << 20
	}
	return strings.Count(rel, string(filepath.Separator))
}

// ownSystem evaluates what calls evalModules, and finds the system whose modules
// import a text. all is false when there was no time to evaluate all.
func (s *Server) ownSystem(ctx context.Context, d *document.Snapshot, roots []worker.Root, load modules.Loader) (_ *optionSystem, all bool) {
	all = true
	for _, root := range roots {
		resp, err := s.evaluate(ctx, d, worker.Request{Op: "systems", Lane: worker.Options, Root: &root})
		if err != nil {
			all = all && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
			continue
		}
		for i, made := range resp.Systems {
			sys := &optionSystem{root: root, index: i, certain: true}
			var from []*modules.Module
			for _, path := range made.Files {
				if modules.Same(path, d.Path) {
					return sys, true
				}
				if load.Skip(path) {
					continue
				}
				if m := load.Load(path); m != nil {
					from = append(from, m)
				}
			}
			if at, ok := modules.Reach(from, d.Path, load); ok {
				sys.prefix = at
				return sys, true
			}
		}
	}
	return nil, all
}

// ownRoots returns the files whose evaluation may call evalModules in a file: the
// file itself, and the default.nix of the folders around it.
func ownRoots(v *view, maker string) []worker.Root {
	out := []worker.Root{{Kind: modules.Own, File: maker}}
	top, inFolder := v.folderOf(maker)
	for dir := filepath.Dir(maker); inFolder; dir = filepath.Dir(dir) {
		if file := filepath.Join(dir, "default.nix"); file != maker {
			if _, err := os.Stat(file); err == nil {
				out = append(out, worker.Root{Kind: modules.Own, File: file})
			}
		}
		if dir == top.path || dir == filepath.Dir(dir) {
			break
		}
	}
	return out
}
