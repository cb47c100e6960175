package flakeref

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"gonix.dev/gonix/store/hash"
)

// scheme is a kind of reference.
type scheme struct {
	name    string
	allowed string // attributes besides type, separated by spaces
	takes   func(u *parsedURL) bool
	fromURL func(u *parsedURL) (Attrs, error)
	check   func(a Attrs) (Attrs, error)
	url     func(a Attrs) (*parsedURL, error)
}

// schemes are asked in this order, which is that of their names.
var schemes = [...]scheme{
	curl("file"),
	{
		name:    "git",
		allowed: "url ref rev shallow submodules lfs exportIgnore lastModified revCount narHash allRefs name dirtyRev dirtyShortRev verifyCommit keytype publicKey publicKeys",
		takes:   func(u *parsedURL) bool { return u.scheme == "git" || application(u.scheme) == "git" },
		fromURL: gitFromURL, check: gitCheck, url: gitURL,
	},
	forge("github"),
	forge("gitlab"),
	{
		name:    "hg",
		allowed: "url ref rev revCount narHash name",
		takes: func(u *parsedURL) bool {
			return u.scheme == "hg+http" || u.scheme == "hg+https" || u.scheme == "hg+ssh" || u.scheme == "hg+file"
		},
		fromURL: hgFromURL, check: hgCheck, url: hgURL,
	},
	{
		name:    "indirect",
		allowed: "id ref rev narHash",
		takes:   func(u *parsedURL) bool { return u.scheme == "flake" },
		fromURL: indirectFromURL, check: indirectCheck, url: indirectURL,
	},
	{
		name:    "path",
		allowed: "path rev revCount lastModified narHash",
		takes:   func(u *parsedURL) bool { return u.scheme == "path" },
		fromURL: pathFromURL,
		check:   func(a Attrs) (Attrs, error) { _, err := a.need("path"); return a, err },
		url:     pathURL,
	},
	forge("sourcehut"),
	curl("tarball"),
}

// revision reads the rev attribute; ok says whether it is there.
func (a Attrs) revision() (rev string, ok bool, err error) {
	s, ok, err := a.str("rev")
	if !ok || err != nil {
		return "", false, err
	}
	h, err := hash.ParsePrefixed(s)
	if err != nil {
		if h, err = hash.Parse(s, hash.SHA1); err != nil {
			return "", false, err
		}
	}
	return hash.Format(h, hash.Base16), true, nil
}

// narHash reads the narHash attribute as an SRI hash, "" if it is not there.
func (a Attrs) narHash() (string, error) {
	s, ok, err := a.str("narHash")
	if !ok || err != nil {
		return "", err
	}
	h := hash.FromBytes(hash.SHA256, make([]byte, hash.SHA256.Size()))
	if s != "" {
		if h, err = hash.ParseSRI(s); err != nil {
			return "", err
		}
	}
	if h.Algo != hash.SHA256 {
		return "", fmt.Errorf("narHash must use SHA-256")
	}
	return hash.Format(h, hash.SRI), nil
}

// legalRef reports whether Git takes a name for a branch or tag.
func legalRef(name string) bool {
	if name == "" || name == "@" || strings.HasSuffix(name, ".") || strings.Contains(name, "@{") || strings.Contains(name, "..") {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c == 0x7f || strings.IndexByte("~^:?*[\\", c) >= 0 {
			return false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return name[0] != '-'
}

func indirectFromURL(u *parsedURL) (Attrs, error) {
	path := u.segments()
	if len(path) == 0 || len(path) > 3 {
		return nil, badf("GitHub URL '%s' is invalid", u)
	}
	a := Attrs{"type": "indirect", "id": path[0]}
	switch len(path) {
	case 2:
		switch {
		case revRegexp.MatchString(path[1]):
			a["rev"] = strings.ToLower(path[1])
		case legalRef(path[1]):
			a["ref"] = path[1]
		default:
			return nil, badf("in flake URL '%s', '%s' is not a commit hash or branch/tag name", u, path[1])
		}
	case 3:
		if !legalRef(path[1]) {
			return nil, badf("in flake URL '%s', '%s' is not a branch/tag name", u, path[1])
		}
		if !revRegexp.MatchString(path[2]) {
			return nil, badf("in flake URL '%s', '%s' is not a commit hash", u, path[2])
		}
		a["ref"], a["rev"] = path[1], strings.ToLower(path[2])
	}
	return indirectCheck(a)
}

func indirectCheck(a Attrs) (Attrs, error) {
	id, err := a.need("id")
	if err == nil && !idRegexp.MatchString(id) {
		err = badf("'%s' is not a valid flake ID", id)
	}
	return a, err
}

func indirectURL(a Attrs) (*parsedURL, error) {
	id, err := a.need("id")
	if err != nil {
		return nil, err
	}
	u := &parsedURL{scheme: "flake", path: []string{id}}
	return u, u.addRefAndRev(a)
}

// addRefAndRev appends branch and commit to the path.
func (u *parsedURL) addRefAndRev(a Attrs) error {
	ref, ok, err := a.str("ref")
	if err != nil {
		return err
	}
	if ok {
		u.path = append(u.path, ref)
	}
	rev, ok, err := a.revision()
	if ok {
		u.path = append(u.path, rev)
	}
	return err
}

func pathFromURL(u *parsedURL) (Attrs, error) {
	if u.authority != nil && u.authority.host != "" {
		return nil, fmt.Errorf("path URL '%s' should not have an authority ('%s')", u, u.authority)
	}
	path, err := u.filePath()
	if err != nil {
		return nil, err
	}
	a := Attrs{"type": "path", "path": path}
	for _, name := range sortedKeys(u.query) {
		switch value := u.query[name]; name {
		case "rev", "narHash":
			a[name] = value
		case "revCount", "lastModified":
			n, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("path URL '%s' has invalid parameter '%s'", u, name)
			}
			a[name] = n
		default:
			return nil, fmt.Errorf("path URL '%s' has unsupported parameter '%s'", u, name)
		}
	}
	return a, nil
}

func pathURL(a Attrs) (*parsedURL, error) {
	path, err := a.need("path")
	if err != nil {
		return nil, err
	}
	u := &parsedURL{scheme: "path", path: pathSegments(path), query: make(map[string]string)}
	for name, v := range a {
		switch v := v.(type) {
		case bool:
			u.query[name] = map[bool]string{false: "0", true: "1"}[v]
		default:
			u.query[name] = fmt.Sprint(v)
		}
	}
	for _, name := range []string{"path", "type", "__final"} {
		delete(u.query, name)
	}
	return u, nil
}

// forge is the scheme of a code host whose archives are fetched over HTTPS.
func forge(name string) scheme {
	check := func(a Attrs) (Attrs, error) {
		for _, k := range []string{"owner", "repo"} {
			if _, err := a.need(k); err != nil {
				return nil, err
			}
		}
		ref, hasRef, err := a.str("ref")
		if err != nil {
			return nil, err
		}
		rev, hasRev, err := a.str("rev")
		if err != nil {
			return nil, err
		}
		if hasRef && hasRev {
			return nil, badf("input %s contains both a commit hash ('%s') and a branch/tag name ('%s')", a.json(), rev, ref)
		}
		if hasRev {
			if _, err := hash.Parse(rev, hash.SHA1); err != nil {
				return nil, err
			}
		}
		if hasRef && !legalRef(ref) {
			return nil, badf("input %s contains an invalid branch/tag name", a.json())
		}
		if host, ok, err := a.str("host"); err != nil || ok && !hostRegexp.MatchString(host) {
			if err == nil {
				err = badf("input %s contains an invalid instance host", a.json())
			}
			return nil, err
		}
		return a, nil
	}
	return scheme{
		name:    name,
		allowed: "owner repo ref rev narHash lastModified host treeHash",
		takes:   func(u *parsedURL) bool { return u.scheme == name },
		fromURL: func(u *parsedURL) (Attrs, error) {
			path := u.segments()
			a := Attrs{"type": name}
			switch {
			case len(path) < 2:
				return nil, badf("URL '%s' is invalid", u)
			case len(path) == 3 && revRegexp.MatchString(path[2]):
				a["rev"] = path[2]
			case len(path) > 2:
				a["ref"] = strings.Join(path[2:], "/")
			}
			a["owner"], a["repo"] = path[0], path[1]
			for _, k := range sortedKeys(u.query) {
				_, dup := a[k]
				switch {
				case k == "rev" && dup:
					return nil, badf("URL '%s' contains multiple commit hashes", u)
				case k == "ref" && dup:
					return nil, badf("URL '%s' contains multiple branch/tag names", u)
				case k == "rev" || k == "ref" || k == "host" || k == "narHash":
					a[k] = u.query[k]
				default:
					return nil, badf("URL '%s' contains unknown parameter '%s'", u, k)
				}
			}
			return check(a)
		},
		check: check,
		url: func(a Attrs) (*parsedURL, error) {
			owner, err := a.need("owner")
			if err != nil {
				return nil, err
			}
			repo, err := a.need("repo")
			if err != nil {
				return nil, err
			}
			u := &parsedURL{scheme: name, path: []string{owner, repo}, query: make(map[string]string)}
			if err := u.addRefAndRev(a); err != nil {
				return nil, err
			}
			nar, err := a.narHash()
			if err != nil {
				return nil, err
			}
			if nar != "" {
				u.query["narHash"] = nar
			}
			host, ok, err := a.str("host")
			if ok {
				u.query["host"] = host
			}
			return u, err
		},
	}
}

var hostRegexp = regexp.MustCompile(`^[a-zA-Z0-9.-]*$`)

// curl is the scheme of a single download: a file, or a tarball that is unpacked.
func curl(name string) scheme {
	const allowed = "url narHash name unpack rev revCount lastModified"
	return scheme{
		name:    name,
		allowed: allowed,
		takes: func(u *parsedURL) bool {
			switch transport(u.scheme) {
			case "file", "http", "https":
				app := application(u.scheme)
				return app == name || app == "" && name == "tarball" && !strings.Contains(u.scheme, "+")
			}
			return false
		},
		fromURL: func(u *parsedURL) (Attrs, error) {
			v := *u
			v.scheme = transport(u.scheme)
			v.query = maps.Clone(u.query)
			a := Attrs{"type": name}
			for _, k := range []string{"narHash", "rev"} {
				if s, ok := u.query[k]; ok {
					a[k] = s
				}
			}
			for _, k := range []string{"revCount", "lastModified"} {
				if n, err := strconv.ParseUint(u.query[k], 10, 64); err == nil {
					a[k] = n
				}
			}
			for k := range strings.FieldsSeq(allowed) {
				delete(v.query, k)
			}
			a["url"] = v.String()
			return a, nil
		},
		check: func(a Attrs) (Attrs, error) { return a, nil },
		url: func(a Attrs) (*parsedURL, error) {
			s, err := a.need("url")
			if err != nil {
				return nil, err
			}
			u, err := parseURL(s)
			if err != nil {
				return nil, err
			}
			nar, err := a.narHash()
			if nar != "" {
				u.query["narHash"] = nar
			}
			return u, err
		},
	}
}
