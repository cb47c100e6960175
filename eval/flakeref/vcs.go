package flakeref

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"
)

func gitFromURL(u *parsedURL) (Attrs, error) {
	v := *u
	v.query = make(map[string]string)
	a := Attrs{"type": "git"}
	for name, value := range u.query {
		switch name {
		case "rev", "ref", "keytype", "publicKey", "publicKeys":
			a[name] = value
		case "shallow", "submodules", "lfs", "exportIgnore", "allRefs", "verifyCommit":
			a[name] = value == "1"
		default:
			v.query[name] = value
		}
	}
	a["url"] = v.String()
	return gitCheck(a)
}

func gitCheck(a Attrs) (Attrs, error) {
	for _, k := range []string{"keytype", "publicKey", "publicKeys", "verifyCommit"} {
		if _, ok := a[k]; ok {
			return nil, fmt.Errorf("experimental Nix feature 'verified-fetches' is disabled; add '--extra-experimental-features verified-fetches' to enable it")
		}
	}
	ref, ok, err := a.str("ref")
	if err != nil {
		return nil, err
	}
	if ok && !legalRef(ref) {
		return nil, badf("invalid Git branch/tag name '%s'", ref)
	}
	s, err := a.need("url")
	if err != nil {
		return nil, err
	}
	u, err := fixGitURL(s)
	if err != nil {
		return nil, err
	}
	a = maps.Clone(a)
	a["url"] = u.String()
	for _, k := range []string{"shallow", "submodules", "allRefs"} {
		if _, err := a.boolean(k); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func gitURL(a Attrs) (*parsedURL, error) {
	s, err := a.need("url")
	if err != nil {
		return nil, err
	}
	u, err := parseURL(s)
	if err != nil {
		return nil, err
	}
	if u.scheme != "git" {
		u.scheme = "git+" + u.scheme
	}
	if err := u.queryRefAndRev(a); err != nil {
		return nil, err
	}
	for _, k := range []string{"shallow", "lfs", "submodules", "exportIgnore"} {
		on, err := a.boolean(k)
		if err != nil {
			return nil, err
		}
		if on {
			u.query[k] = "1"
		}
	}
	return u, nil
}

// queryRefAndRev adds branch and commit to the query.
func (u *parsedURL) queryRefAndRev(a Attrs) error {
	rev, ok, err := a.revision()
	if err != nil {
		return err
	}
	if ok {
		u.query["rev"] = rev
	}
	ref, ok, err := a.str("ref")
	if ok {
		u.query["ref"] = ref
	}
	return err
}

// fixGitURL reads what Git takes for a URL: file names and user@host:path besides
// real ones. A leading git+ goes away.
func fixGitURL(s string) (*parsedURL, error) {
	if strings.HasPrefix(s, "/") {
		return &parsedURL{scheme: "file", authority: new(authority), path: pathSegments(s)}, nil
	}
	u, err := parseSCP(s)
	if u != nil || err != nil {
		return u, err
	}
	if u, err = parseURL(s); err != nil {
		return nil, err
	}
	if application(u.scheme) == "git" {
		u.scheme = transport(u.scheme)
	}
	return u, nil
}

// parseSCP reads user@host:path, or returns nil.
func parseSCP(s string) (*parsedURL, error) {
	colon := strings.IndexByte(s, ':')
	if colon < 0 || strings.Contains(s[:colon], "/") || strings.HasPrefix(s[colon:], "://") {
		return nil, nil
	}
	switch strings.TrimPrefix(s[:colon], "git+") {
	case "ssh", "http", "https", "file", "ftp", "ftps", "git":
		return nil, nil
	}
	open := 0
	if i := strings.Index(s, "@["); i >= 0 {
		open = i + 1
	}
	if s[open] == '[' {
		if end := strings.IndexByte(s[open:], ']'); end >= 0 {
			if colon = open + end + 1; colon == len(s) || s[colon] != ':' {
				return nil, nil
			}
		}
	}
	host, path := s[:colon], s[colon+1:]
	a := new(authority)
	if user, after, ok := strings.Cut(host, "@"); ok {
		a.user, host = &user, after
	}
	a.host = host
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		addr, err := netip.ParseAddr(host[1 : len(host)-1])
		if err != nil || !addr.Is6() {
			return nil, badf("Git SCP bracketed URL is not valid: '%s' is not a valid IPv6 address", host[1:len(host)-1])
		}
		a.host, a.bracketed = addr.String(), true
	}
	if path == "" {
		return nil, badf("SCP-style Git URL '%s' has an empty path", s)
	}
	u := &parsedURL{scheme: "ssh", authority: a, path: strings.Split(path, "/")}
	if u.path[0] != "" {
		// A URL cannot say that a path is relative to the home directory.
		u.path = append([]string{""}, u.path...)
	}
	return u, nil
}

func hgFromURL(u *parsedURL) (Attrs, error) {
	v := *u
	v.scheme = transport(u.scheme)
	v.query = make(map[string]string)
	a := Attrs{"type": "hg"}
	for name, value := range u.query {
		if name == "rev" || name == "ref" {
			a[name] = value
		} else {
			v.query[name] = value
		}
	}
	a["url"] = v.String()
	return hgCheck(a)
}

func hgCheck(a Attrs) (Attrs, error) {
	s, err := a.need("url")
	if err != nil {
		return nil, err
	}
	if _, err := parseURL(s); err != nil {
		return nil, err
	}
	ref, ok, err := a.str("ref")
	if err == nil && ok && !refRegexp.MatchString(ref) {
		err = badf("invalid Mercurial branch/tag name '%s'", ref)
	}
	return a, err
}

func hgURL(a Attrs) (*parsedURL, error) {
	s, err := a.need("url")
	if err != nil {
		return nil, err
	}
	u, err := parseURL(s)
	if err != nil {
		return nil, err
	}
	u.scheme = "hg+" + u.scheme
	return u, u.queryRefAndRev(a)
}
