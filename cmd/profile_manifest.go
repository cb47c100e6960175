package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	nixversion "gonix.dev/gonix/eval/version"
	"gonix.dev/gonix/store"
)

// profileManifest is manifest.json of a profile as `nix profile` keeps it: packages by
// name.
type profileManifest map[string]*profileElement

// profileElement is a package. What came from a flake has its source, which is kept.
type profileElement struct {
	StorePaths  []string        `json:"storePaths"`
	Active      bool            `json:"active"`
	Priority    *int            `json:"priority,omitempty"` // defaultPriority if nil
	OriginalURL string          `json:"originalUrl,omitempty"`
	URL         string          `json:"url,omitempty"`
	AttrPath    string          `json:"attrPath,omitempty"`
	Outputs     json.RawMessage `json:"outputs,omitempty"` // null: those that are meant to be installed
}

// defaultPriority is that of packages that do not say otherwise.
const defaultPriority = 5

func (el *profileElement) priority() int {
	if el.Priority == nil {
		return defaultPriority
	}
	return *el.Priority
}

// parseManifest reads version 2, a list, and 3. Version 1 had other words for URLs.
func parseManifest(name string, text []byte) (profileManifest, error) {
	var doc struct {
		Version  int             `json:"version"`
		Elements json.RawMessage `json:"elements"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("profile manifest '%s': %w", name, err)
	}
	m := profileManifest{}
	var err error
	switch doc.Version {
	case 2:
		var list []*profileElement
		if err = json.Unmarshal(doc.Elements, &list); err == nil {
			for _, el := range list {
				m.add(el.name(), el)
			}
		}
	case 3:
		err = json.Unmarshal(doc.Elements, &m)
	default:
		return nil, fmt.Errorf("profile manifest '%s' has unsupported version %d", name, doc.Version)
	}
	if err != nil {
		return nil, fmt.Errorf("profile manifest '%s': %w", name, err)
	}
	for key, el := range m {
		if el == nil {
			return nil, fmt.Errorf("profile manifest '%s': the package '%s' is null", name, key)
		}
		if el.URL == "" {
			el.OriginalURL, el.AttrPath, el.Outputs = "", "", nil
		}
	}
	return m, nil
}

// text is the manifest in version 3, as Nix writes it.
func (m profileManifest) text() []byte {
	elements := map[string]any{}
	for name, el := range m {
		e := map[string]any{"storePaths": el.StorePaths, "active": el.Active, "priority": el.priority()}
		if el.URL != "" {
			e["originalUrl"], e["url"], e["attrPath"], e["outputs"] = el.OriginalURL, el.URL, el.AttrPath, el.Outputs
		}
		elements[name] = e
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(map[string]any{"version": 3, "elements": elements}) // strings and numbers only
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// add gives the package a name that nobody has.
func (m profileManifest) add(name string, el *profileElement) {
	final := name
	for i := 1; m[final] != nil; i++ {
		final = fmt.Sprintf("%s-%d", name, i)
	}
	m[final] = el
}

// identifier says what the package is: its source, or the names of its paths.
func (el *profileElement) identifier() string {
	if el.URL != "" {
		return el.OriginalURL + "#" + el.AttrPath + el.outputs()
	}
	names, _ := el.namesAndVersions()
	return strings.Join(names, ", ")
}

// outputs is the suffix of an installable, such as ^dev.
func (el *profileElement) outputs() string {
	var list []string
	if json.Unmarshal(el.Outputs, &list) != nil || list == nil {
		return ""
	}
	return "^" + strings.Join(list, ",")
}

// versions are those of the package's paths.
func (el *profileElement) versions() string {
	_, versions := el.namesAndVersions()
	return versionList(versions)
}

func (el *profileElement) namesAndVersions() (names, versions []string) {
	n, v := map[string]bool{}, map[string]bool{}
	for _, p := range el.StorePaths {
		base := filepath.Base(p)
		if len(base) > store.HashLen {
			base = base[store.HashLen+1:]
		}
		name, version := nixversion.SplitName(base)
		n[name], v[version] = true, true
	}
	return sortedNames(n), sortedNames(v)
}

// Nix's rules for the name of a package that came from a flake.
var (
	lastAttribute = regexp.MustCompile(`^((?:[a-zA-Z0-9_-]+\.)*)([a-zA-Z0-9_-]+)(?:\^.*)?$`)
	lastSegment   = regexp.MustCompile(`(?s)^.*/([a-zA-Z0-9_-]+)$`)
	secondSegment = regexp.MustCompile(`^[a-zA-Z0-9_-]+/([a-zA-Z0-9_-]+)(?:/.*)?$`)
)

// name is what the package is called in a profile.
func (el *profileElement) name() string {
	if el.URL != "" {
		if name := nameOfURL(el.identifier()); name != "" {
			return name
		}
	}
	return el.identifier()
}

func nameOfURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	if dir := u.Query().Get("dir"); dir != "" {
		return dir
	}
	if m := lastAttribute.FindStringSubmatch(u.Fragment); m != nil && m[1] != "defaultPackage." && m[2] != "default" {
		return m[2]
	}
	at := firstOf(u.Opaque, u.Path)
	switch u.Scheme {
	case "github", "gitlab", "sourcehut":
		if m := secondSegment.FindStringSubmatch(at); m != nil {
			return m[1]
		}
	}
	if m := lastSegment.FindStringSubmatch(at); m != nil {
		return m[1]
	}
	return ""
}

// manifestOf reads the manifest of a generation: that of `nix profile`, or else that of
// nix-env. A profile that is not there has no packages.
func (u *userEnv) manifestOf(link string) (profileManifest, error) {
	if _, err := os.Lstat(link); errors.Is(err, os.ErrNotExist) {
		return profileManifest{}, nil
	}
	p, err := followToStore(u.env, u.eval.storeDir(), link)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(u.eval.store.RealPath(p), "manifest.json")
	text, err := os.ReadFile(name)
	if err == nil {
		return parseManifest(name, text)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	old := &userEnv{nixEnv: &nixEnv{env: u.env, profile: link}, eval: u.eval}
	els, err := old.installed()
	if err != nil {
		return nil, err
	}
	m := profileManifest{}
	for _, el := range els {
		priority := el.priority()
		e := &profileElement{Active: el.flag("active") != "false", Priority: &priority}
		for _, o := range el.Outputs {
			e.StorePaths = append(e.StorePaths, o.Path)
		}
		m.add(e.name(), e)
	}
	return m, nil
}
