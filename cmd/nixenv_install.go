package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
	versions "gonix.dev/gonix/eval/version"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/local"
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
	Meta    map[string]json.RawMessage `json:"meta"`
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
  outputs = map (o: { name = o; path = "${(d.${o} or d).outPath}"; }) installed;
  meta = builtins.listToAttrs (builtins.filter (m: plain m.value) (map (n: { name = n; value = meta.${n}; }) (builtins.attrNames meta)));
})`

// packagesText is a function from a value to the packages in it, but for those
// that fail an assertion.
const packagesText = `let
  try = v: (builtins.tryEval v).success;
  walk = top: x:
    if !try x then [ ]
    else if builtins.isList x then builtins.concatMap (walk false) x
    else if !builtins.isAttrs x then [ ]
    else if x.type or null == "derivation" then (if try x.name then [ x ] else [ ])
    else if top || x.recurseForDerivations or false then builtins.concatMap (n: walk false x.${n}) (builtins.attrNames x)
    else [ ];
in walk true`

// packages finds the packages in a value.
func (u *userEnv) packages(v eval.Value) ([]eval.Value, error) {
	v, eerr := u.eval.st.AutoCall(v, u.eval.auto)
	if eerr != nil {
		return nil, u.eval.fail(eerr)
	}
	f, err := u.eval.text(packagesText)
	if err != nil {
		return nil, err
	}
	r, eerr := u.eval.st.Call1(f, v, 0)
	if eerr != nil {
		return nil, u.eval.fail(eerr)
	}
	list, eerr := u.eval.st.ForceList(r, 0, "")
	if eerr != nil {
		return nil, u.eval.fail(eerr)
	}
	return list, nil
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
func (u *userEnv) element(v eval.Value) (el envElement, err error) {
	f, err := u.eval.text(elementText)
	if err != nil {
		return el, err
	}
	r, eerr := u.eval.st.Call1(f, v, 0)
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
	list, eerr := u.eval.st.ForceList(v, 0, "while evaluating the manifest of a profile")
	if eerr != nil {
		return nil, u.eval.fail(eerr)
	}
	var els []envElement
	for _, v := range list {
		el, err := u.element(v)
		if err != nil {
			return nil, err
		}
		els = append(els, el)
	}
	return els, nil
}

// available reads the packages that selectors name, the newest of each name.
func (u *userEnv) available(file string, selectors []string) ([]envElement, error) {
	if file == "" {
		file = firstOf(joinIf(u.env.Getenv("HOME"), ".nix-defexpr"))
	}
	v, err := u.eval.file(file)
	if err != nil {
		return nil, err
	}
	if u.attrs {
		var els []envElement
		for _, path := range selectors {
			at, err := u.eval.selectPath(v, path)
			if err != nil {
				return nil, err
			}
			pkgs, err := u.packages(at)
			if err != nil {
				return nil, err
			}
			for _, p := range pkgs {
				el, err := u.element(p)
				if err != nil {
					return nil, err
				}
				els = append(els, el)
			}
		}
		return els, nil
	}
	pkgs, err := u.packages(v)
	if err != nil {
		return nil, err
	}
	var found []envElement
	for _, sel := range selectors {
		matches, err := selectorOf(sel)
		if err != nil {
			return nil, err
		}
		byName := map[string]envElement{}
		for _, p := range pkgs {
			name, err := u.packageName(p)
			if err != nil {
				return nil, err
			}
			if !matches(name) {
				continue
			}
			base, ver := splitPackageName(name)
			if old, ok := byName[base]; ok {
				if _, have := splitPackageName(old.Name); versions.Compare(have, ver) >= 0 {
					continue
				}
			}
			if byName[base], err = u.element(p); err != nil {
				return nil, err
			}
		}
		if len(byName) == 0 {
			return nil, fmt.Errorf("selector '%s' matches no derivations", sel)
		}
		for _, el := range byName {
			found = append(found, el)
		}
	}
	slices.SortFunc(found, func(a, b envElement) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(found, func(a, b envElement) bool { return a.OutPath == b.OutPath }), nil
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

func (u *userEnv) install(ctx context.Context, file string, selectors []string) error {
	fresh, err := u.available(file, selectors)
	if err != nil {
		return err
	}
	old, err := u.installed()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, el := range fresh {
		base, _ := splitPackageName(el.Name)
		names[base] = true
	}
	all := fresh
	for _, el := range old {
		base, _ := splitPackageName(el.Name)
		if !u.keep && names[base] {
			fmt.Fprintf(u.env.Stderr, "replacing old '%s'\n", el.Name)
			continue
		}
		all = append(all, el)
	}
	for _, el := range fresh {
		fmt.Fprintf(u.env.Stderr, "installing '%s'\n", el.Name)
	}
	return u.make(ctx, all)
}

func (u *userEnv) uninstall(ctx context.Context, selectors []string) error {
	old, err := u.installed()
	if err != nil {
		return err
	}
	for _, sel := range selectors {
		matches, err := selectorOf(sel)
		if err != nil {
			return err
		}
		n := len(old)
		old = slices.DeleteFunc(old, func(el envElement) bool {
			gone := matches(el.Name) || el.OutPath == sel
			if gone {
				fmt.Fprintf(u.env.Stderr, "uninstalling '%s'\n", el.Name)
			}
			return gone
		})
		if len(old) == n {
			warnf(u.env, "selector '%s' matched no installed derivations", sel)
		}
	}
	return u.make(ctx, old)
}

func (u *userEnv) query(selectors []string) error {
	els, err := u.installed()
	if err != nil {
		return err
	}
	slices.SortFunc(els, func(a, b envElement) int { return strings.Compare(a.Name, b.Name) })
	var rows [][]string
	for _, el := range els {
		wanted := len(selectors) == 0
		for _, sel := range selectors {
			matches, err := selectorOf(sel)
			if err != nil {
				return err
			}
			wanted = wanted || matches(el.Name)
		}
		if !wanted {
			continue
		}
		rows = append(rows, u.columns(el))
	}
	printColumns(u.env, rows)
	return nil
}

// columns are those of a package that --query was asked for.
func (u *userEnv) columns(el envElement) []string {
	var row []string
	if !u.noName {
		row = append(row, el.Name)
	}
	if u.drvPath {
		row = append(row, el.DrvPath)
	}
	if u.outPath {
		var outs []string
		for _, o := range el.Outputs {
			if o.Name == "out" {
				outs = append(outs, o.Path)
			} else {
				outs = append(outs, o.Name+"="+o.Path)
			}
		}
		row = append(row, strings.Join(outs, ";"))
	}
	return row
}

// printColumns prints a table with two spaces between columns.
func printColumns(env *Env, rows [][]string) {
	var widths []int
	for _, r := range rows {
		for i, cell := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		for i, cell := range r {
			b.WriteString(cell)
			if i < len(r)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-len(cell)+2))
			}
		}
		fmt.Fprintln(env.Stdout, b.String())
	}
}

// make builds the environment of some packages and makes it the profile's newest
// generation.
func (u *userEnv) make(ctx context.Context, els []envElement) error {
	if u.dryRun {
		return nil
	}
	if err := u.eval.flush(ctx); err != nil {
		return err
	}
	b, err := u.eval.session()
	if err != nil {
		return err
	}
	dir := u.eval.storeDir()
	var targets []builder.Target
	var refs []store.Path
	for _, el := range els {
		var outs []string
		for _, o := range el.Outputs {
			p, err := dir.Parse(o.Path)
			if err != nil {
				return err
			}
			refs = append(refs, p)
			outs = append(outs, o.Name)
			if el.DrvPath == "" {
				targets = append(targets, builder.Target{Path: p})
			}
		}
		if el.DrvPath != "" {
			p, err := dir.Parse(el.DrvPath)
			if err != nil {
				return err
			}
			targets = append(targets, builder.Target{Drv: p, Outputs: outs})
		}
	}
	if _, err := b.build(ctx, targets, builder.Normal); err != nil {
		return err
	}
	out, err := u.buildEnvironment(ctx, b, els, refs)
	if err != nil {
		return err
	}
	return u.addGeneration(ctx, out)
}

// buildEnvironment builds the derivation user-environment.
func (u *userEnv) buildEnvironment(ctx context.Context, b *buildSession, els []envElement, refs []store.Path) (store.Path, error) {
	s := u.eval.store
	dir := s.StoreDir()
	manifest, err := s.AddText(ctx, "env-manifest.nix", manifestText(els), refs)
	if err != nil {
		return store.Path{}, err
	}
	var words []string
	for _, el := range els {
		active, priority := "true", "5"
		if v := strings.Trim(string(el.Meta["active"]), `"`); v == "false" {
			active = v
		}
		if v := strings.Trim(string(el.Meta["priority"]), `"`); v != "" {
			priority = v
		}
		words = append(words, active, priority, strconv.Itoa(len(el.Outputs)))
		for _, o := range el.Outputs {
			words = append(words, o.Path)
		}
	}
	d := &drv.Derivation{
		Name: "user-environment", System: "builtin", Builder: "builtin:buildenv",
		Outputs:   []drv.Output{{Name: "out"}},
		InputSrcs: []store.Path{manifest},
		Env: []drv.EnvVar{
			{Name: "allowSubstitutes"}, {Name: "builder", Value: "builtin:buildenv"},
			{Name: "derivations", Value: strings.Join(words, " ")}, {Name: "manifest", Value: dir.Format(manifest)},
			{Name: "name", Value: "user-environment"}, {Name: "out"}, {Name: "preferLocalBuild", Value: "1"}, {Name: "system", Value: "builtin"},
		},
	}
	if err := s.Hasher().FillOutputs(d); err != nil {
		return store.Path{}, err
	}
	p, err := d.Write(ctx, s)
	if err != nil {
		return store.Path{}, err
	}
	results, err := b.build(ctx, []builder.Target{{Drv: p, Outputs: []string{"out"}}}, builder.Normal)
	if err != nil {
		return store.Path{}, err
	}
	return results[0].Outputs["out"], nil
}

// manifestText is the list of packages as a Nix expression.
func manifestText(els []envElement) string {
	var b strings.Builder
	b.WriteString("[ ")
	for _, el := range els {
		b.WriteString("{ ")
		if el.DrvPath != "" {
			fmt.Fprintf(&b, "drvPath = %s; ", nixString(el.DrvPath))
		}
		b.WriteString("meta = { ")
		for _, name := range slices.Sorted(mapKeys(el.Meta)) {
			fmt.Fprintf(&b, "%s = %s; ", nixString(name), nixLiteral(el.Meta[name]))
		}
		fmt.Fprintf(&b, "}; name = %s; ", nixString(el.Name))
		var names []string
		for _, o := range el.Outputs {
			fmt.Fprintf(&b, "%s = { outPath = %s; }; ", nixString(o.Name), nixString(o.Path))
			names = append(names, nixString(o.Name))
		}
		fmt.Fprintf(&b, "outPath = %s; outputs = [ %s ]; ", nixString(el.OutPath), strings.Join(names, " "))
		if el.System != "" {
			fmt.Fprintf(&b, "system = %s; ", nixString(el.System))
		}
		b.WriteString("type = \"derivation\"; } ")
	}
	b.WriteString("]")
	return b.String()
}

func mapKeys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// nixString quotes a string for Nix.
func nixString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}

// nixLiteral writes plain JSON, without objects, in Nix.
func nixLiteral(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "null"
	}
	switch v := v.(type) {
	case string:
		return nixString(v)
	case []any:
		parts := []string{"["}
		for _, e := range v {
			b, err := json.Marshal(e)
			if err == nil {
				parts = append(parts, nixLiteral(b))
			}
		}
		return strings.Join(append(parts, "]"), " ")
	}
	return string(raw)
}

// addGeneration links a path as the next generation of the profile.
func (u *userEnv) addGeneration(ctx context.Context, p store.Path) error {
	return addGeneration(ctx, u.eval.store, u.profile, p)
}

// addGeneration links a path as the next generation of a profile, and switches to
// it. The same path again is no new generation.
func addGeneration(ctx context.Context, s *local.Store, profile string, p store.Path) error {
	if err := os.MkdirAll(filepath.Dir(profile), 0o755); err != nil {
		return err
	}
	return local.WithProfileLock(ctx, profile, func() error {
		gens, _, err := local.Generations(profile)
		if err != nil {
			return err
		}
		next := 1
		if len(gens) > 0 {
			last := gens[len(gens)-1]
			next = last.Number + 1
			if target, err := os.Readlink(last.Path); err == nil && target == s.StoreDir().Format(p) {
				return linkAtomically(profile, last.Path)
			}
		}
		link := fmt.Sprintf("%s-%d-link", profile, next)
		if err := s.AddPermRoot(ctx, p, link); err != nil {
			return err
		}
		return linkAtomically(profile, link)
	})
}
