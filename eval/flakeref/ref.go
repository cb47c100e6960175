package flakeref

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"gonix.dev/gonix/eval/jsontext"
)

// Attrs are the attributes of a reference. A value is a string, a uint64 or a bool.
type Attrs map[string]any

// Ref is a checked reference.
type Ref struct {
	attrs  Attrs // without dir
	dir    string
	scheme *scheme // nil: a type that is not known
}

const (
	revPattern = `[0-9a-fA-F]{40}`
	refPattern = `[a-zA-Z0-9@][a-zA-Z0-9_./@+-]*`
)

var (
	idRegexp   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]*$`)
	revRegexp  = regexp.MustCompile(`^` + revPattern + `$`)
	refRegexp  = regexp.MustCompile(`^` + refPattern + `$`)
	flakeIDRef = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9_-]*(?:/(?:` + revPattern + `|` + refPattern + `(?:/` + revPattern + `)?))?)` +
		`(?:#((?:[a-zA-Z0-9-._~!$&'"()*+,;=:@/? ^]|%[0-9a-fA-F][0-9a-fA-F])*))?$`)
	pathRef = regexp.MustCompile(`^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$`)
)

// Parse reads a URL, a name such as nixpkgs/23.05, or an absolute file name.
func Parse(s string) (*Ref, error) {
	r, fragment, err := ParseWithFragment(s)
	if err == nil && fragment != "" {
		err = fmt.Errorf("unexpected fragment '%s' in flake reference '%s'", fragment, s)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// ParseWithFragment is Parse for text that may end in `#` and a fragment.
func ParseWithFragment(s string) (r *Ref, fragment string, err error) {
	if m := flakeIDRef.FindStringSubmatch(s); m != nil {
		if fragment, err = decode(m[2], fragmentChars); err != nil {
			return nil, "", err
		}
		r, err = fromURL(&parsedURL{scheme: "flake", path: strings.Split(m[1], "/")})
		return r, fragment, err
	}
	if u, err := parseURL(s); err == nil {
		r, fragment, err := fromParsed(u)
		if _, bad := err.(*badURL); !bad {
			return r, fragment, err
		}
	}
	m := pathRef.FindStringSubmatch(s)
	if m == nil {
		return nil, "", fmt.Errorf("invalid flakeref '%s'", s)
	}
	u := &parsedURL{scheme: "path", authority: new(authority), path: pathSegments(m[1])}
	if u.query, err = decodeQuery(m[2]); err != nil {
		return nil, "", err
	}
	if u.fragment, err = decode(m[3], fragmentChars); err != nil {
		return nil, "", err
	}
	if !strings.HasPrefix(m[1], "/") {
		return nil, "", badf("flake reference '%s' is not an absolute path", s)
	}
	return fromParsed(u)
}

func fromParsed(u *parsedURL) (*Ref, string, error) {
	fragment, dir := u.fragment, u.query["dir"]
	u.fragment = ""
	delete(u.query, "dir")
	r, err := fromURL(u)
	if err != nil {
		return nil, "", err
	}
	r.dir = dir
	return r, fragment, nil
}

func fromURL(u *parsedURL) (*Ref, error) {
	for i := range schemes {
		if sc := &schemes[i]; sc.takes(u) {
			attrs, err := sc.fromURL(u)
			if err != nil {
				return nil, err
			}
			if err := checkCommon(attrs); err != nil {
				return nil, err
			}
			return &Ref{attrs: attrs, scheme: sc}, nil
		}
	}
	if u.scheme == "file+git" {
		return nil, fmt.Errorf("input '%s' is unsupported; did you mean 'git+file' instead of 'file+git'?", u)
	}
	return nil, fmt.Errorf("input '%s' is unsupported", u)
}

// FromAttrs checks a reference that is given as attributes. It keeps no reference
// to them.
func FromAttrs(attrs Attrs) (*Ref, error) {
	r := &Ref{attrs: maps.Clone(attrs)}
	delete(r.attrs, "dir")
	var err error
	if r.dir, _, err = attrs.str("dir"); err != nil {
		return nil, err
	}
	name, ok, err := attrs.str("type")
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("'type' attribute to specify input scheme is required but not provided")
	}
	for i := range schemes {
		if schemes[i].name == name {
			r.scheme = &schemes[i]
		}
	}
	if r.scheme == nil {
		return r, checkCommon(r.attrs)
	}
	for _, k := range sortedKeys(r.attrs) {
		if k != "type" && k != "__final" && !strings.Contains(" "+r.scheme.allowed+" ", " "+k+" ") {
			return nil, fmt.Errorf("input attribute '%s' not supported by scheme '%s'", k, name)
		}
	}
	if r.attrs, err = r.scheme.check(r.attrs); err != nil {
		return nil, err
	}
	return r, checkCommon(r.attrs)
}

// checkCommon checks the types of attributes that all schemes share.
func checkCommon(a Attrs) error {
	if _, _, err := a.str("ref"); err != nil {
		return err
	}
	for _, k := range []string{"revCount", "lastModified"} {
		if v, ok := a[k]; ok {
			if _, ok := v.(uint64); !ok {
				return fmt.Errorf("input attribute '%s' is not an integer", k)
			}
		}
	}
	return nil
}

// Attrs returns the reference as attributes.
func (r *Ref) Attrs() Attrs {
	a := maps.Clone(r.attrs)
	if r.dir != "" {
		a["dir"] = r.dir
	}
	return a
}

// URL returns the reference as a URL.
func (r *Ref) URL() (string, error) {
	if r.scheme == nil {
		return "", fmt.Errorf("cannot show unsupported input '%s'", r.attrs.json())
	}
	u, err := r.scheme.url(r.attrs)
	if err != nil {
		return "", err
	}
	if _, ok := u.query["dir"]; r.dir != "" && !ok {
		if u.query == nil {
			u.query = make(map[string]string)
		}
		u.query["dir"] = r.dir
	}
	return u.String(), nil
}

// str returns a string attribute; ok says whether it is there.
func (a Attrs) str(name string) (s string, ok bool, err error) {
	v, ok := a[name]
	if !ok {
		return "", false, nil
	}
	if s, ok = v.(string); !ok {
		return "", false, fmt.Errorf("input attribute '%s' is not a string %s", name, a.json())
	}
	return s, true, nil
}

// need returns a string attribute that must be there.
func (a Attrs) need(name string) (string, error) {
	s, ok, err := a.str(name)
	if err == nil && !ok {
		err = fmt.Errorf("input attribute '%s' is missing", name)
	}
	return s, err
}

// boolean returns a Boolean attribute, false by default.
func (a Attrs) boolean(name string) (bool, error) {
	v, ok := a[name]
	if !ok {
		return false, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("input attribute '%s' is not a Boolean", name)
	}
	return b, nil
}

func (a Attrs) json() string {
	var b []byte
	for i, k := range sortedKeys(a) {
		b = append(b, "{,"[min(i, 1)])
		b, _ = jsontext.AppendString(b, k)
		b = append(b, ':')
		if s, ok := a[k].(string); ok {
			b, _ = jsontext.AppendString(b, s)
		} else {
			b = fmt.Append(b, a[k])
		}
	}
	if len(b) == 0 {
		return "{}"
	}
	return string(append(b, '}'))
}
