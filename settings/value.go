package settings

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// value is a parsed setting. Which fields count depends on the kind.
type value struct {
	b    bool
	n    uint64
	s    string
	list []string // words; name=value pairs of a map
}

func boolWord(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// parse reads a value in nix.conf's notation. Warnings, about unknown
// experimental features, do not make it fail.
func (d *Def) parse(text string, w World) (v value, warnings []string, err error) {
	switch d.Kind {
	case kindBool:
		switch text {
		case "true", "yes", "1":
			v.b = true
		case "false", "no", "0":
		default:
			err = fmt.Errorf("setting '%s' must be true or false, not '%s'", d.Name, text)
		}
	case kindJobs:
		if text == "auto" {
			v.n = uint64(w.cpus())
			break
		}
		if v.n, err = ParseSize(text); err != nil {
			err = fmt.Errorf("setting '%s' should be 'auto' or an integer, not '%s'", d.Name, text)
		}
	case kindInt:
		if v.n, err = ParseSize(text); err != nil {
			err = fmt.Errorf("setting '%s' has invalid value '%s': %w", d.Name, text, err)
		}
	case kindString:
		v.s = text
	case kindPath, kindOptPath:
		switch {
		case text == "" && d.Kind == kindPath:
			err = fmt.Errorf("setting '%s' is a path and paths cannot be empty", d.Name)
		case text != "" && text[0] != '/':
			err = fmt.Errorf("setting '%s' must be an absolute path, not '%s'", d.Name, text)
		case text != "":
			v.s = path.Clean(text)
		}
	case kindEnum:
		if v.s = text; !slices.Contains(d.Words, text) {
			err = fmt.Errorf("setting '%s' must be one of %s, not '%s'", d.Name, strings.Join(d.Words, ", "), text)
		}
	case kindStrings:
		v.list = strings.Fields(text)
	case kindSet:
		v.list = sortedUnique(strings.Fields(text))
	case kindFeatures:
		for _, f := range strings.Fields(text) {
			if !features[f] {
				warnings = append(warnings, fmt.Sprintf("unknown experimental feature '%s'%s", f, didYouMean(f, featureNames())))
				continue
			}
			v.list = append(v.list, f)
			if f == "flakes" {
				v.list = append(v.list, "fetch-tree")
			}
		}
		v.list = sortedUnique(v.list)
	case kindMap:
		for _, pair := range strings.Fields(text) {
			if strings.Contains(pair, "=") {
				v.list = append(v.list, pair)
			}
		}
		v.list = firstOfEach(v.list)
	case kindPaths:
		for _, p := range strings.Fields(text) {
			if p = canonicalSandboxPath(p); strings.HasPrefix(p, "/") {
				v.list = append(v.list, p)
			} else {
				warnings = append(warnings, fmt.Sprintf("'%s' in setting '%s' is not an absolute path", p, d.Name))
			}
		}
		v.list = firstOfEach(v.list)
	case kindJSON:
		if v.s = text; !json.Valid([]byte(text)) {
			err = fmt.Errorf("setting '%s' is not valid JSON", d.Name)
		}
	}
	return v, warnings, err
}

// join appends more to v, as `extra-` does.
func (d *Def) join(v, more value) value {
	list := slices.Concat(v.list, more.list)
	switch d.Kind {
	case kindSet, kindFeatures:
		list = sortedUnique(list)
	case kindMap, kindPaths:
		list = firstOfEach(list)
	}
	return value{list: list}
}

// text is the value as nix.conf would have it.
func (d *Def) text(v value) string {
	switch d.Kind {
	case kindBool:
		return boolWord(v.b)
	case kindInt, kindJobs:
		return strconv.FormatUint(v.n, 10)
	case kindStrings, kindSet, kindFeatures, kindMap, kindPaths:
		return strings.Join(v.list, " ")
	}
	return v.s
}

// json is the value as `nix config show --json` has it.
func (d *Def) json(v value) any {
	switch d.Kind {
	case kindBool:
		return v.b
	case kindInt, kindJobs:
		return v.n
	case kindOptPath:
		if v.s == "" {
			return nil
		}
	case kindEnum:
		if v.s == "true" || v.s == "false" { // the sandbox
			return v.s == "true"
		}
	case kindStrings, kindSet, kindFeatures:
		return append([]string{}, v.list...)
	case kindMap:
		m := map[string]string{}
		for _, pair := range v.list {
			name, val, _ := strings.Cut(pair, "=")
			m[name] = val
		}
		return m
	case kindPaths:
		m := map[string]any{}
		for _, p := range v.list {
			sp := parseSandboxPath(p)
			m[sp.Inside] = map[string]any{"source": sp.Outside, "optional": sp.Optional}
		}
		return m
	case kindJSON:
		return json.RawMessage(v.s)
	}
	return v.s
}

// ParseSize reads a number with an optional K, M, G or T (powers of 1024).
func ParseSize(text string) (uint64, error) {
	digits, shift := text, 0
	if text != "" {
		if i := strings.IndexByte("KMGT", text[len(text)-1]&^0x20); i >= 0 {
			digits, shift = text[:len(text)-1], 10*(i+1)
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("'%s' is not a number with an optional K, M, G or T", text)
	}
	if n<<shift>>shift != n {
		return 0, fmt.Errorf("'%s' is too large", text)
	}
	return n << shift, nil
}

// SandboxPath is one entry of sandbox-paths.
type SandboxPath struct {
	Inside, Outside string
	Optional        bool // no error if Outside does not exist
}

func parseSandboxPath(s string) SandboxPath {
	s, optional := strings.CutSuffix(s, "?")
	inside, outside, ok := strings.Cut(s, "=")
	if !ok {
		outside = inside
	}
	return SandboxPath{inside, outside, optional}
}

func canonicalSandboxPath(s string) string {
	p := parseSandboxPath(s)
	out := p.Inside
	if p.Outside != p.Inside {
		out += "=" + p.Outside
	}
	if p.Optional {
		out += "?"
	}
	return out
}

func sortedUnique(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return slices.Compact(words)
}

// firstOfEach sorts name=value words by name and keeps the first of each name.
func firstOfEach(pairs []string) []string {
	name := func(p string) string {
		n, _, _ := strings.Cut(strings.TrimSuffix(p, "?"), "=")
		return n
	}
	pairs = slices.Clone(pairs)
	slices.SortStableFunc(pairs, func(a, b string) int { return strings.Compare(name(a), name(b)) })
	return slices.CompactFunc(pairs, func(a, b string) bool { return name(a) == name(b) })
}
