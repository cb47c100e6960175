package settings

import (
	"fmt"
	"slices"
	"strings"
)

// confEnv is the variable that holds configuration text.
const confEnv = "NIX_CONFIG"

// OriginKind says what kind of place a value came from.
type OriginKind uint8

const (
	Default OriginKind = iota // built in
	File                      // a configuration file
	Env                       // an environment variable
	Flag                      // the command line
)

// Origin is where a value came from.
type Origin struct {
	Kind OriginKind
	Name string // the file, variable or flag
	Line int    // 1-based; 0 if there are no lines
}

func (o Origin) String() string {
	switch {
	case o.Kind == Default:
		return "default"
	case o.Line > 0:
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	}
	return o.Name
}

// Settings is a value for every setting of [Table]. It is not safe for use
// while it is being changed.
type Settings struct {
	world  World
	values map[string]*setting

	// Warnings, in order, about names and values that were passed over.
	Warnings []string
}

type setting struct {
	def     *Def
	val     value
	initial value
	origins []Origin // more than one after extra-
}

// New gives every setting its default.
func New(w World) *Settings {
	s := &Settings{world: w, values: make(map[string]*setting, len(Table))}
	all := make([]setting, len(Table))
	for i := range Table {
		d := &Table[i]
		text := d.Default
		if d.machine != nil {
			text = d.machine(w)
		}
		v, _, err := d.parse(text, w)
		if err != nil { // from a variable such as SSL_CERT_FILE
			s.Warnings = append(s.Warnings, err.Error())
		}
		all[i] = setting{def: d, val: v, initial: v, origins: []Origin{{}}}
		s.values[d.Name] = &all[i]
	}
	return s
}

// Load reads the configuration files and variables. A file that is wrong is an
// error with its place; one that cannot be read is passed over, as in Nix.
func Load(w World) (*Settings, error) {
	s := New(w)
	files := append(w.UserFiles(), "")
	slices.Reverse(files)
	files[0] = w.ConfDir() + "/nix.conf"
	for _, file := range files {
		data, err := w.read(file)
		if err != nil {
			continue
		}
		if err := s.apply(string(data), file); err != nil {
			return nil, err
		}
	}
	if text := w.env(confEnv); text != "" {
		if err := s.apply(text, confEnv); err != nil {
			return nil, err
		}
	}
	if path := w.env("NIX_PATH"); path != "" {
		p := s.values["nix-path"]
		p.val = value{list: SplitNixPath(path)}
		p.origins = []Origin{{Kind: Env, Name: "NIX_PATH"}}
	}
	return s, nil
}

// apply takes over the text of one configuration file.
func (s *Settings) apply(text, file string) error {
	lines, err := parseConf(text, file, s.world, 0)
	if err != nil {
		return err
	}
	for _, l := range lines {
		kind := File
		if l.file == confEnv {
			kind = Env
		}
		from := Origin{kind, l.file, l.line}
		if err := s.Set(l.name, l.value, from); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
	}
	return nil
}

// Set gives a setting a value in nix.conf's notation; with `extra-` before its
// name the value is appended. An unknown name is a warning, a value that does
// not fit is an error.
func (s *Settings) Set(name, text string, from Origin) error {
	d, appends, ok := Lookup(name)
	if !ok {
		s.warn(from, "unknown setting '%s'%s", name, didYouMean(name, allNames()))
		return nil
	}
	v, warnings, err := d.parse(text, s.world)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		s.warn(from, "%s", w)
	}
	st := s.values[d.Name]
	if appends {
		if st.val = d.join(st.val, v); st.origins[0].Kind == Default && len(st.initial.list) == 0 {
			st.origins = nil
		}
		st.origins = append(st.origins, from)
	} else {
		st.val, st.origins = v, []Origin{from}
	}
	if d.Name == "warn-short-path-literals" {
		return s.setOldLint(v.b, from)
	}
	return nil
}

// setOldLint makes the old name of a lint set the new one, unless that was set.
func (s *Settings) setOldLint(on bool, from Origin) error {
	word := map[bool]string{true: "warn", false: "ignore"}[on]
	s.warn(from, "'warn-short-path-literals' is deprecated, use 'lint-short-path-literals = %s' instead", word)
	if s.Origins("lint-short-path-literals")[0].Kind != Default {
		return nil
	}
	return s.Set("lint-short-path-literals", word, from)
}

func (s *Settings) warn(from Origin, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if from.Kind != Flag && from.Kind != Default {
		msg = from.String() + ": " + msg
	}
	if !slices.Contains(s.Warnings, msg) {
		s.Warnings = append(s.Warnings, msg)
	}
}

// get finds a setting. Asking for a name that does not exist is a mistake of
// the program, not of the user.
func (s *Settings) get(name string, kinds ...kind) *setting {
	st := s.values[name]
	if st == nil || len(kinds) > 0 && !slices.Contains(kinds, st.def.Kind) {
		panic(fmt.Sprintf("settings: no setting %q of that type", name))
	}
	return st
}

// Bool is the value of a setting that is true or false.
func (s *Settings) Bool(name string) bool { return s.get(name, kindBool).val.b }

// Int is the value of a numeric setting, at most the largest int.
func (s *Settings) Int(name string) int {
	return int(min(s.get(name, kindInt, kindJobs).val.n, uint64(^uint(0)>>1)))
}

// Size is the value of a numeric setting in full.
func (s *Settings) Size(name string) uint64 { return s.get(name, kindInt, kindJobs).val.n }

// String is the value of a setting of one text or word, and for every other
// kind the text that nix.conf would have.
func (s *Settings) String(name string) string {
	st := s.get(name)
	return st.def.text(st.val)
}

// Strings is the value of a list or set.
func (s *Settings) Strings(name string) []string {
	return slices.Clone(s.get(name, kindStrings, kindSet, kindFeatures).val.list)
}

// Map is the value of a setting of name=value words.
func (s *Settings) Map(name string) map[string]string {
	m := map[string]string{}
	for _, pair := range s.get(name, kindMap).val.list {
		k, v, _ := strings.Cut(pair, "=")
		m[k] = v
	}
	return m
}

// SandboxPaths is the value of sandbox-paths.
func (s *Settings) SandboxPaths() []SandboxPath {
	var out []SandboxPath
	for _, p := range s.get("sandbox-paths", kindPaths).val.list {
		out = append(out, parseSandboxPath(p))
	}
	return out
}

// Feature says whether an experimental feature is switched on.
func (s *Settings) Feature(name string) bool {
	return slices.Contains(s.get("experimental-features").val.list, name)
}

// Origins says where the value came from; several places after `extra-`.
func (s *Settings) Origins(name string) []Origin { return slices.Clone(s.get(name).origins) }

// IsDefault says whether nobody has set the setting.
func (s *Settings) IsDefault(name string) bool {
	return s.get(name).origins[0].Kind == Default && len(s.get(name).origins) == 1
}

// JSON is a setting as `nix config show --json` describes it, with its origins.
func (s *Settings) JSON(name string) map[string]any {
	st := s.get(name)
	var feature any
	if st.def.Feature != "" {
		feature = st.def.Feature
	}
	origins := []string{}
	for _, o := range st.origins {
		origins = append(origins, o.String())
	}
	return map[string]any{
		"aliases":             append([]string{}, st.def.Aliases...),
		"defaultValue":        st.def.json(st.initial),
		"description":         st.def.Doc,
		"documentDefault":     st.def.machine == nil,
		"experimentalFeature": feature,
		"origin":              origins,
		"value":               st.def.json(st.val),
	}
}

// Names are the names of all settings, sorted.
func Names() []string {
	names := make([]string, len(Table))
	for i := range Table {
		names[i] = Table[i].Name
	}
	slices.Sort(names)
	return names
}
