package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonix.dev/gonix/eval"
	versions "gonix.dev/gonix/eval/version"
)

// userEnv changes the packages of a profile: each change builds a user environment,
// a tree of links to the packages with their list as manifest.nix.
type userEnv struct {
	*nixEnv
	eval *evaluation
}

// envElement is a package in a user environment.
type envElement struct {
	Name    string                     `json:"name"`
	System  string                     `json:"system"`
	OutPath string                     `json:"path"` // not "outPath": toJSON would take the set for a path
	DrvPath string                     `json:"drvPath"`
	Outputs []envOutput                `json:"outputs"`
	Output  string                     `json:"output"` // that was selected
	Meta    map[string]json.RawMessage `json:"meta"`

	attr string // path in the expression that it comes from
}

type envOutput struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// elementText is a function from a package to the JSON of its envElement. Of meta
// it keeps what is plain.
const elementText = `d: let
  plain = v: builtins.isString v || builtins.isInt v || builtins.isBool v || builtins.isList v && builtins.all plain v;
  meta = d.meta or { };
  installed = if d.outputSpecified or false then [ d.outputName ] else meta.outputsToInstall or d.outputs or [ "out" ];
in builtins.unsafeDiscardStringContext (builtins.toJSON {
  inherit (d) name;
  system = d.system or "";
  path = "${d.outPath}";
  drvPath = d.drvPath or "";
  output = d.outputName or "out";
  outputs = map (o: { name = o; path = "${(d.${o} or d).outPath}"; }) installed;
  meta = builtins.listToAttrs (builtins.filter (m: plain m.value) (map (n: { name = n; value = meta.${n}; }) (builtins.attrNames meta)));
})`

// packagesText is a function from a value to the packages in it, but for those
// that fail an assertion, with their attribute paths.
const packagesText = `let
  try = v: (builtins.tryEval v).success;
  join = at: n: if at == "" then n else "${at}.${n}";
  walk = top: at: x:
    if !try x then [ ]
    else if builtins.isList x then builtins.concatLists (builtins.genList (i: walk false (join at (toString i)) (builtins.elemAt x i)) (builtins.length x))
    else if !builtins.isAttrs x then [ ]
    else if x.type or null == "derivation" then (if try x.name then [ { inherit at; package = x; } ] else [ ])
    else if top || x.recurseForDerivations or false then builtins.concatMap (n: walk false (join at n) x.${n}) (builtins.attrNames x)
    else [ ];
in walk true`

// found is a package and where it was found.
type found struct {
	attr, name string
	value      eval.Value
}

// packages finds the packages in a value at an attribute path.
func (u *userEnv) packages(v eval.Value, at string) ([]found, error) {
	v, eerr := u.eval.st.AutoCall(v, u.eval.auto)
	if eerr != nil {
		return nil, u.eval.fail(eerr)
	}
	f, err := u.eval.text(packagesText)
	if err != nil {
		return nil, err
	}
	r, eerr := u.eval.st.Call1(f, eval.String(at), 0)
	if eerr == nil {
		r, eerr = u.eval.st.Call1(r, v, 0)
	}
	if eerr != nil {
		return nil, u.eval.fail(eerr)
	}
	list, eerr := u.eval.st.ForceList(r, 0, "")
	if eerr != nil {
		return nil, u.eval.fail(eerr)
	}
	var all []found
	for _, item := range list {
		set, eerr := u.eval.st.ForceAttrs(item, 0, "")
		if eerr != nil {
			return nil, u.eval.fail(eerr)
		}
		p := found{value: *u.eval.st.Get(set, "package")}
		if p.attr, eerr = u.eval.st.ForceStringNoContext(*u.eval.st.Get(set, "at"), 0, ""); eerr != nil {
			return nil, u.eval.fail(eerr)
		}
		if p.name, err = u.packageName(p.value); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// packageName is the attribute name of a package.
func (u *userEnv) packageName(v eval.Value) (string, error) {
	set, eerr := u.eval.st.ForceAttrs(v, 0, "")
	if eerr != nil {
		return "", u.eval.fail(eerr)
	}
	name, eerr := u.eval.st.ForceStringNoContext(*u.eval.st.Get(set, "name"), 0, "while evaluating the name of a package")
	if eerr != nil {
		return "", u.eval.fail(eerr)
	}
	return name, nil
}

// element reads a package.
func (u *userEnv) element(p found) (el envElement, err error) {
	el.attr = p.attr
	f, err := u.eval.text(elementText)
	if err != nil {
		return el, err
	}
	r, eerr := u.eval.st.Call1(f, p.value, 0)
	if eerr != nil {
		return el, u.eval.fail(eerr)
	}
	text, eerr := u.eval.st.ForceStringNoContext(r, 0, "")
	if eerr != nil {
		return el, u.eval.fail(eerr)
	}
	return el, json.Unmarshal([]byte(text), &el)
}

// installed reads the manifest of the current generation.
func (u *userEnv) installed() ([]envElement, error) {
	if _, err := os.Readlink(u.profile); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	dir := u.eval.storeDir()
	p, err := followToStore(u.env, dir, u.profile)
	if err != nil {
		return nil, err
	}
	// The environment may be in a chroot store, so links are not the system's to
	// follow.
	real := u.eval.store.RealPath(p)
	if _, err := os.Lstat(filepath.Join(real, "manifest.json")); err == nil {
		return nil, fmt.Errorf("profile '%s' is incompatible with 'nix-env'; please use 'nix profile' instead", u.profile)
	}
	manifest, err := os.Readlink(filepath.Join(real, "manifest.nix"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := u.eval.file(manifest)
	if err != nil {
		return nil, err
	}
	return u.elements(v, "", nil)
}

// elements reads the packages of a value whose names match; nil matches all.
func (u *userEnv) elements(v eval.Value, at string, matches func(string) bool) ([]envElement, error) {
	all, err := u.packages(v, at)
	if err != nil {
		return nil, err
	}
	var els []envElement
	for _, p := range all {
		if matches != nil && !matches(p.name) {
			continue
		}
		el, err := u.element(p)
		if err != nil {
			return nil, err
		}
		els = append(els, el)
	}
	return els, nil
}

// offered reads the packages of all sources whose names match; nil matches all.
func (u *userEnv) offered(file string, matches func(string) bool) ([]envElement, error) {
	sources, err := u.sources(file)
	if err != nil {
		return nil, err
	}
	var els []envElement
	for _, s := range sources {
		v, err := u.eval.file(s.file)
		if err != nil {
			return nil, err
		}
		more, err := u.elements(v, s.attr, matches)
		if err != nil {
			return nil, err
		}
		els = append(els, more...)
	}
	return els, nil
}

// atAttribute reads the packages at an attribute path of the sources.
func (u *userEnv) atAttribute(file, path string) ([]envElement, error) {
	sources, err := u.sources(file)
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		rest, ok := path, s.attr == ""
		if !ok {
			var first string
			first, rest, _ = strings.Cut(path, ".")
			ok = first == s.attr
		}
		if !ok {
			continue
		}
		v, err := u.eval.file(s.file)
		if err == nil {
			v, err = u.eval.selectPath(v, rest)
		}
		if err != nil {
			return nil, err
		}
		return u.elements(v, path, nil)
	}
	return nil, fmt.Errorf("attribute '%s' in selection path '%s' not found", path, path)
}

// fromStore makes a package of a store path.
func (u *userEnv) fromStore(name string) (el envElement, err error) {
	dir := u.eval.storeDir()
	p, err := followToStore(u.env, dir, name)
	if err != nil {
		return el, err
	}
	el.Name, el.OutPath, el.Output = drvName(p), dir.Format(p), "out"
	if p.IsDerivation() {
		d, err := u.eval.store.ReadDerivation(p)
		if err != nil {
			return el, err
		}
		o := d.Output("out")
		if o == nil || o.Path.IsZero() {
			return el, fmt.Errorf("derivation '%s' has no output 'out' that is known before it is built", dir.Format(p))
		}
		el.DrvPath, el.OutPath, el.System = dir.Format(p), dir.Format(o.Path), d.System
	}
	el.Outputs = []envOutput{{"out", el.OutPath}}
	return el, nil
}

// selected are the packages whose names match: of another profile, or of all sources.
func (u *userEnv) selected(file string, matches func(string) bool) ([]envElement, error) {
	if u.from == "" {
		return u.offered(file, matches)
	}
	other := &userEnv{nixEnv: &nixEnv{env: u.env, profile: u.env.abs(u.from)}, eval: u.eval}
	els, err := other.installed()
	return slices.DeleteFunc(els, func(el envElement) bool { return !matches(el.Name) }), err
}

// available reads the packages that arguments name: store paths, attribute paths,
// or selectors, of which the newest of each name count unless all is set.
func (u *userEnv) available(file string, args []string, all bool) ([]envElement, error) {
	var els []envElement
	var read func(arg string) ([]envElement, error) // where arguments are no selectors
	switch {
	case u.exprs:
		v, err := u.sourceValue(file)
		if err != nil {
			return nil, err
		}
		read = func(text string) ([]envElement, error) { return u.applied(text, v) }
	case u.attrs:
		read = func(path string) ([]envElement, error) { return u.atAttribute(file, path) }
	case len(args) > 0 && strings.Contains(args[0], "/") && u.from == "":
		read = func(name string) ([]envElement, error) {
			el, err := u.fromStore(name)
			return []envElement{el}, err
		}
	}
	if read != nil {
		for _, arg := range args {
			more, err := read(arg)
			if err != nil {
				return nil, err
			}
			els = append(els, more...)
		}
		return els, nil
	}
	for _, sel := range args {
		matches, err := selectorOf(sel)
		if err != nil {
			return nil, err
		}
		more, err := u.selected(file, matches)
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			return nil, fmt.Errorf("selector '%s' matches no derivations", sel)
		}
		if !all {
			more = newestOf(more)
		}
		els = append(els, more...)
	}
	slices.SortStableFunc(els, func(a, b envElement) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(els, func(a, b envElement) bool { return a.OutPath == b.OutPath }), nil
}

// newestOf leaves of packages that differ in version only the one of the best
// priority, and of those the newest.
func newestOf(els []envElement) []envElement {
	best := map[string]envElement{}
	for _, el := range els {
		base, version := splitPackageName(el.Name)
		if old, ok := best[base]; ok {
			_, have := splitPackageName(old.Name)
			if p, q := el.priority(), old.priority(); p > q || p == q && versions.Compare(have, version) >= 0 {
				continue
			}
		}
		best[base] = el
	}
	var out []envElement
	for _, base := range sortedNames(best) {
		out = append(out, best[base])
	}
	return out
}

// flag is an attribute of meta as text, "" if it is missing.
func (el *envElement) flag(name string) string { return strings.Trim(string(el.Meta[name]), `"`) }

// priority is the package's among others with files of the same name; lower wins.
func (el *envElement) priority() int {
	if n, err := strconv.Atoi(el.flag("priority")); err == nil {
		return n
	}
	return 5
}

func (el *envElement) setFlag(name, value string) {
	meta := maps.Clone(el.Meta)
	if meta == nil {
		meta = map[string]json.RawMessage{}
	}
	text, _ := json.Marshal(value) // a string can be marshalled
	meta[name] = text
	el.Meta = meta
}

// selectorOf is a test for package names: NAME, which may be a regular expression,
// or NAME-VERSION.
func selectorOf(sel string) (func(name string) bool, error) {
	base, version := splitPackageName(sel)
	re, err := regexp.Compile("^(?:" + base + ")$")
	if sel != "*" && err != nil {
		return nil, usageErrorf("invalid selector '%s': %w", sel, err)
	}
	return func(name string) bool {
		b, v := splitPackageName(name)
		return sel == "*" || re.MatchString(b) && (version == "" || version == v)
	}, nil
}

// splitPackageName splits a name before the first dash that no letter follows.
func splitPackageName(name string) (base, version string) {
	for i := range len(name) - 1 {
		c := name[i+1] | 0x20
		if name[i] == '-' && (c < 'a' || 'z' < c) {
			return name[:i], name[i+1:]
		}
	}
	return name, ""
}
