package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/modules"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// A module system is what `evalModules` returns: a set of `options`, and the
// `config` that comes of them. Nobody can know where in a project somebody calls
// it, and with what. So every call of a function of that name is made to pass by
// a builtin, which remembers the results; evaluating the project's files then
// brings them to light, without their values.

const (
	maker     = "evalModules"
	probeName = "gonixModuleSystem"
)

// maxSystems bounds how many results of one root are remembered: every value of
// a submodule is one.
const maxSystems = 2000

// root are the module systems that came to light below a root.
type root struct {
	top    []system
	nested map[string]system // of submodules, by path
	err    error
	// lacks says that a module of the user's was left out: there may be more options.
	lacks bool
}

// system is a result of evalModules.
type system struct {
	fn     eval.Value
	arg    *eval.Attrs // what it was called with
	result eval.Value
	called bool // rather than evaluated by ourselves
	lax    bool // its definitions are not checked
}

// probeCalls lets calls of evalModules pass by the builtin.
func probeCalls(f *ast.File) {
	if !strings.Contains(f.Src, maker) {
		return
	}
	ast.Inspect(f.Root, func(n ast.Node) bool {
		call, ok := n.(*ast.Apply)
		if !ok || cursor.LastName(call.Fn) != maker {
			return true
		}
		at := call.Fn.Range()
		call.Fn = &ast.Apply{Span: at, Fn: &ast.Ident{Span: at, Name: "__" + probeName}, Arg: call.Fn}
		return true
	})
}

func (e *evaluator) probeBuiltin() eval.Builtin {
	return eval.Builtin{Name: probeName, PrimOp: &eval.PrimOp{Arity: 2, NoTrace: true, F2: func(st *eval.State, pos eval.Pos, fn, arg eval.Value) (eval.Value, *eval.Error) {
		if e.probe == nil {
			return st.Call1(fn, arg, pos)
		}
		v := st.Lazy1(fn, arg)
		// The argument of a function that takes a set apart is needed anyway.
		if set, err := st.ForceAttrs(arg, pos, ""); err == nil {
			e.probe.remember(e, system{fn: fn, arg: set, result: v, called: true})
		}
		return st.Force(v)
	}}}
}

func (r *root) remember(e *evaluator, s system) {
	prefix := e.strings(s.arg, "prefix")
	switch {
	case len(prefix) == 0 && len(r.top) < maxSystems:
		r.top = append(r.top, s)
	case len(prefix) > 0 && len(r.nested) < maxSystems:
		r.nested[strings.Join(prefix, "\x00")] = s
	}
}

// strings returns the strings of a list that an attribute is.
func (e *evaluator) strings(set *eval.Attrs, name string) []string {
	var out []string
	for _, item := range e.items(set, name) {
		if s, err := e.st.ForceStringNoContext(item, 0, ""); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// maxMasked is how many files that cannot be evaluated are left out at most.
const maxMasked = 20

// systemsOf evaluates a root. Of the modules of a system of a known kind, those
// that cannot be evaluated are left out: what the others declare is still known.
func (e *evaluator) systemsOf(r *Root) (*root, error) {
	key, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if e.roots[string(key)] == nil {
		e.load(func() { err = e.find(r, string(key)) })
		if err != nil {
			return nil, err
		}
	}
	known := e.roots[string(key)]
	if known == nil {
		return nil, errors.New("too many of the modules cannot be evaluated")
	}
	return known, known.err
}

// find evaluates a root that is not known yet.
func (e *evaluator) find(r *Root, key string) error {
	for range maxMasked {
		found := &root{nested: map[string]system{}, lacks: e.leavesOut(r)}
		e.probe = found
		if r.Flakes != nil {
			e.exploreFlake(r, found)
		} else if r.Kind == modules.Own {
			e.explore(r.File)
		} else {
			found.err = e.wellKnown(r, found)
		}
		e.probe = nil
		if found.err == nil || r.Kind == modules.Own || !e.mask(found.err, r) {
			e.roots[key] = found
			return nil
		}
		if err := e.restart(); err != nil {
			return err
		}
	}
	return nil
}

// mask leaves out the file that an error is about: a file next to one of the
// modules or below, or a module of the system itself, as when home-manager is newer
// than nixpkgs.
func (e *evaluator) mask(err error, r *Root) bool {
	f := e.failure(err)
	for _, fr := range append([]Frame{{Pos: f.Pos}}, f.Trace...) {
		if fr.Pos == nil || e.world.masked[fr.Pos.File] != notMasked {
			continue
		}
		for _, m := range r.Modules {
			if strings.HasPrefix(fr.Pos.File, filepath.Dir(m)+string(filepath.Separator)) {
				e.world.masked[fr.Pos.File] = maskedOwn
				return true
			}
		}
		if base := filepath.Base(fr.Pos.File); base != "module-list.nix" && base != "modules.nix" &&
			strings.Contains(fr.Pos.File, "/modules/") && !strings.Contains(fr.Pos.File, "/modules/lib/") {
			e.world.masked[fr.Pos.File] = maskedForeign
			return true
		}
	}
	return false
}

// leavesOut reports whether a file of the user's own is left out of a system.
func (e *evaluator) leavesOut(r *Root) bool {
	for file, why := range e.world.masked {
		for _, m := range r.Modules {
			if why == maskedOwn && strings.HasPrefix(file, filepath.Dir(m)+string(filepath.Separator)) {
				return true
			}
		}
	}
	return false
}

// forceFalse is mkForce false, for there is no lib yet where it is needed.
const forceFalse = `{ _type = "override"; priority = 50; content = false; }`

// wellKnown evaluates a system of a known kind.
func (e *evaluator) wellKnown(r *Root, found *root) error {
	var files []string
	for _, m := range r.Modules {
		files = append(files, "(/. + "+quote.String(m)+")")
	}
	// A system that checks its definitions throws at the first wrong one; the others
	// are wanted as well.
	configuration := "{ imports = [ " + strings.Join(files, " ") + " ]; config._module.check = " + forceFalse + "; }"
	text := ""
	switch r.Kind {
	case modules.NixOS:
		text = `import (__gonix.nixpkgs + "/nixos") { configuration = ` + configuration + `; }`
	case modules.HomeManager:
		text = `let
			hm = ` + r.Source + `;
			inherit (__gonix) pkgs;
			lib = import (hm + "/modules/lib/stdlib-extended.nix") pkgs.lib;
			# What every configuration sets, and options depend on.
			needed.home = builtins.mapAttrs (_: lib.mkOverride 1400) {
				stateVersion = if builtins.pathExists (hm + "/release.json") then (builtins.fromJSON (builtins.readFile (hm + "/release.json"))).release else "20.09";
				username = "me";
				homeDirectory = "/home/me";
			};
			class = if (builtins.functionArgs lib.evalModules) ? class then { class = "homeManager"; } else { };
		in lib.evalModules ({
			modules = [ needed ` + configuration + ` ] ++ import (hm + "/modules/modules.nix") { inherit lib pkgs; check = false; };
			specialArgs.modulesPath = toString (hm + "/modules");
		} // class)`
	case modules.Darwin:
		text = `import (` + r.Source + `) { inherit (__gonix) nixpkgs pkgs; system = "x86_64-darwin"; configuration = ` + configuration + `; }`
	default:
		return fmt.Errorf("the options of %s are not known", r.Kind)
	}
	v, err := e.st.EvalIn(Guess, text, "/", e.vars)
	if err != nil {
		return err
	}
	// The option names depend on all modules; what is wrong with one shows here.
	if _, _, err := e.options(v); err != nil {
		return err
	}
	found.top = []system{{arg: e.st.NewAttrs(0).Build(), result: v}}
	return nil
}

// How far a file's value is looked into for module systems.
const (
	maxExplored      = 300 // attributes in all
	maxExploredDepth = 3
)

// explore evaluates a file, and some of what it has. Errors are no obstacle: a
// system that was made is known, whatever becomes of it.
func (e *evaluator) explore(file string) {
	if v, err := e.st.EvalFile(file, 0); err == nil {
		left := maxExplored
		e.look(v, maxExploredDepth, &left)
	}
}

// look evaluates a value, and some of what it has.
func (e *evaluator) look(v eval.Value, depth int, left *int) {
	v, err := e.st.AutoCall(v, nil)
	if err != nil || v.Kind() != eval.KindAttrs || depth == 0 || e.ctx.Err() != nil {
		return
	}
	set := v.AsAttrs()
	if isDrv, err := e.st.IsDerivation(set); err != nil || isDrv {
		return
	}
	if set.Len() > maxExplored {
		return // packages
	}
	for _, a := range e.st.Sorted(set) {
		if *left--; *left < 0 {
			return
		}
		if v, err := e.st.ForceSlot(a.Value); err == nil && v.Kind() == eval.KindAttrs {
			e.look(v, depth-1, left)
		}
	}
}

// systems lists the systems of a root.
func (e *evaluator) systems(req *Request) ([]System, error) {
	if req.Root == nil {
		return nil, errors.New("of which root?")
	}
	r, err := e.systemsOf(req.Root)
	if err != nil {
		return nil, err
	}
	out := make([]System, len(r.top))
	for i, s := range r.top {
		out[i].Files = e.moduleFiles(s)
	}
	return out, nil
}

// moduleFiles returns the files of the modules that a system was called with.
func (e *evaluator) moduleFiles(s system) []string {
	var out []string
	for _, item := range e.items(s.arg, "modules") {
		v, err := e.st.Force(item)
		if err != nil {
			continue
		}
		switch v.Kind() {
		case eval.KindPath:
			out = append(out, v.AsPath())
		case eval.KindString:
			out = append(out, v.AsString())
		case eval.KindLambda:
			if fn, ok := e.st.DescribeFunction(v); ok {
				if at := e.place(fn.Pos); at != nil {
					out = append(out, at.File)
				}
			}
		case eval.KindAttrs:
			if file := e.text(v.AsAttrs(), "_file"); file != "" {
				out = append(out, file)
				break
			}
			// A set literal: its attributes know where they are written.
			for _, a := range e.st.Sorted(v.AsAttrs()) {
				if at := e.place(a.Pos); at != nil {
					out = append(out, at.File)
				}
				break
			}
		}
	}
	return out
}

// optionsOf returns the options of the system that a request means.
func (e *evaluator) optionsOf(req *Request) (*lookup, error) {
	if req.Root == nil {
		return nil, errors.New("of which root?")
	}
	r, err := e.systemsOf(req.Root)
	if err != nil {
		return nil, err
	}
	if req.Index >= len(r.top) {
		return nil, errors.New("there is no such module system")
	}
	s := &r.top[req.Index]
	result, options, err := e.options(s.result)
	if err != nil && s.called && !s.lax && e.wanted.Err() == nil {
		s.lax = true
		if v, ok := e.unchecked(s); ok {
			s.result = v
			result, options, err = e.options(v)
		}
	}
	if err != nil {
		return nil, err
	}
	return &lookup{e: e, root: r, result: result, options: options}, nil
}

// options returns a result of evalModules and its options.
func (e *evaluator) options(v eval.Value) (result, options *eval.Attrs, err error) {
	result, ferr := e.st.ForceAttrs(v, 0, "")
	if ferr != nil {
		return nil, nil, ferr
	}
	slot := e.st.Get(result, "options")
	if slot == nil {
		return nil, nil, e.st.MissingAttr(result, "options", 0)
	}
	if options, ferr = e.st.ForceAttrs(*slot, 0, ""); ferr != nil {
		return nil, nil, ferr
	}
	return result, options, nil
}

// unchecked makes a system again, with a module that has it not check its
// definitions: then a wrong one is no obstacle.
func (e *evaluator) unchecked(s *system) (eval.Value, bool) {
	list := e.items(s.arg, "modules")
	lax, err := e.st.EvalText(Guess, "{ config._module.check = "+forceFalse+"; }", "/")
	if err != nil || list == nil {
		return eval.Value{}, false
	}
	all := e.st.NewElems(len(list) + 1)
	all[copy(all, list)] = lax
	arg := e.st.NewAttrs(s.arg.Len())
	for _, a := range s.arg.All() {
		if e.st.SymName(a.Sym) != "modules" {
			arg.Add(a.Sym, a.Pos, *a.Value)
		}
	}
	arg.Add(e.st.Sym("modules"), 0, e.st.NewList(all))
	return e.st.Lazy1(s.fn, arg.Value()), true
}
