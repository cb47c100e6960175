package flakeref

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// badURL is an error that makes [Parse] try the next form of a reference.
type badURL struct{ msg string }

func (e *badURL) Error() string { return e.msg }

func badf(format string, args ...any) error { return &badURL{fmt.Sprintf(format, args...)} }

// parsedURL is a URL with everything decoded.
type parsedURL struct {
	scheme    string
	authority *authority
	path      []string // segments; the first is empty in an absolute path
	query     map[string]string
	fragment  string
}

type authority struct {
	user, password *string
	host           string
	bracketed      bool // an IPv6 address
	port           string
}

const (
	unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	pathChars  = unreserved + "!$&'()*+,;=:@"
	// Beyond the standard, Nix takes a space and a quote in queries, and also a caret
	// in fragments.
	queryChars    = pathChars + "/?[] \""
	fragmentChars = pathChars + "/?#[] \"^"
)

var schemeRegexp = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*$`)

// parseURL parses an absolute URL.
func parseURL(s string) (*parsedURL, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !schemeRegexp.MatchString(scheme) {
		if strings.ContainsAny(scheme, "/?#") || !ok {
			return nil, badf("'%s' doesn't have a scheme", s)
		}
		return nil, badf("'%s' is not a valid URL: leftover", s)
	}
	u := &parsedURL{scheme: scheme}
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	var err error
	if u.fragment, err = decode(fragment, fragmentChars); err != nil {
		return nil, badf("'%s' is not a valid URL: %v", s, err)
	}
	if u.query, err = decodeQuery(query); err != nil {
		return nil, err
	}
	isFile := transport(scheme) == "file"
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		end := strings.IndexByte(after, '/')
		if end < 0 {
			end = len(after)
		}
		if u.authority, err = parseAuthority(after[:end]); err != nil {
			return nil, err
		}
		if isFile && u.authority.host != "" {
			return nil, badf("file:// URL '%s' has unexpected authority '%s'", s, u.authority)
		}
		rest = after[end:]
	}
	if isFile && rest == "" {
		rest = "/"
	}
	for segment := range strings.SplitSeq(rest, "/") {
		d, err := decode(segment, pathChars)
		if err != nil {
			return nil, badf("'%s' is not a valid URL: %v", s, err)
		}
		u.path = append(u.path, d)
	}
	return u, nil
}

func parseAuthority(s string) (*authority, error) {
	a := new(authority)
	bad := func(why string) error { return badf("invalid URL authority: '%s': %s", s, why) }
	host := s
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		user, password, hasPassword := strings.Cut(s[:i], ":")
		user, err := decode(user, pathChars)
		if err != nil {
			return nil, bad(err.Error())
		}
		a.user = &user
		if hasPassword {
			if password, err = decode(password, pathChars); err != nil {
				return nil, bad(err.Error())
			}
			a.password = &password
		}
		host = s[i+1:]
	}
	if after, ok := strings.CutPrefix(host, "["); ok {
		addr, port, ok := strings.Cut(after, "]")
		if !ok || port != "" && port[0] != ':' {
			return nil, bad("leftover")
		}
		a.host, a.bracketed = addr, true
		a.port = strings.TrimPrefix(port, ":")
	} else {
		name, port, _ := strings.Cut(host, ":")
		name, err := decode(name, pathChars)
		if err != nil {
			return nil, bad(err.Error())
		}
		a.host, a.port = name, port
	}
	if a.port != "" {
		n, err := strconv.ParseUint(a.port, 10, 64)
		if err != nil {
			return nil, bad("leftover")
		}
		if n == 0 || n > 65535 {
			return nil, badf("port '%s' is invalid", a.port)
		}
		a.port = strconv.FormatUint(n, 10)
	}
	return a, nil
}

// decodeQuery reads name=value pairs. The first of two equal names counts; what
// has no value is ignored.
func decodeQuery(s string) (map[string]string, error) {
	query := make(map[string]string)
	if s == "" {
		return query, nil
	}
	for pair := range strings.SplitSeq(s, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		name, err := decode(name, queryChars)
		if err != nil {
			return nil, badf("invalid URI query '%s': %v", s, err)
		}
		if value, err = decode(value, queryChars); err != nil {
			return nil, badf("invalid URI query '%s': %v", s, err)
		}
		if _, dup := query[name]; !dup {
			query[name] = value
		}
	}
	return query, nil
}

// decode undoes percent-encoding; everything else must be among allowed.
func decode(s, allowed string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) {
				return "", fmt.Errorf("incomplete pct-encoding")
			}
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", fmt.Errorf("bad pct-encoding digit")
			}
			b.WriteByte(byte(n))
			i += 2
			continue
		}
		if strings.IndexByte(allowed, c) < 0 {
			return "", fmt.Errorf("leftover")
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// encode percent-encodes all but unreserved characters and those in keep.
func encode(s, keep string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(unreserved, s[i]) >= 0 || strings.IndexByte(keep, s[i]) >= 0 {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

func (a *authority) String() string {
	var b strings.Builder
	if a.user != nil {
		b.WriteString(encode(*a.user, ""))
		if a.password != nil {
			b.WriteString(":" + encode(*a.password, ""))
		}
		b.WriteByte('@')
	}
	if a.bracketed {
		b.WriteString("[" + encode(a.host, ":") + "]")
	} else {
		b.WriteString(encode(a.host, ""))
	}
	if a.port != "" {
		b.WriteString(":" + a.port)
	}
	return b.String()
}

// String writes the URL, with the query sorted.
func (u *parsedURL) String() string {
	var b strings.Builder
	b.WriteString(u.scheme + ":")
	if u.authority != nil {
		b.WriteString("//" + u.authority.String())
	}
	for i, segment := range u.path {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(encode(segment, ":@"))
	}
	separator := byte('?')
	for _, name := range sortedKeys(u.query) {
		b.WriteByte(separator)
		b.WriteString(encode(name, ":@/?") + "=" + encode(u.query[name], ":@/?"))
		separator = '&'
	}
	if u.fragment != "" {
		b.WriteString("#" + encode(u.fragment, ""))
	}
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// transport is the scheme without what names a fetcher: https of tarball+https.
func transport(scheme string) string {
	if _, after, ok := strings.Cut(scheme, "+"); ok {
		return after
	}
	return scheme
}

// application is the fetcher that a scheme names: tarball of tarball+https.
func application(scheme string) string {
	if before, _, ok := strings.Cut(scheme, "+"); ok {
		return before
	}
	return ""
}

// segments are the segments of the path that are not empty.
func (u *parsedURL) segments() []string {
	var out []string
	for _, s := range u.path {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// filePath is the path of the URL as a file name.
func (u *parsedURL) filePath() (string, error) {
	for _, s := range u.path {
		if strings.Contains(s, "/") {
			return "", badf("URL path component '%s' contains '/', which is not allowed in file names", s)
		}
		if strings.Contains(s, "\x00") {
			return "", badf("URL path component '%s' contains NUL byte which is not allowed", strings.ReplaceAll(s, "\x00", "␀"))
		}
	}
	joined := strings.Join(u.path, "/")
	for strings.Contains(joined, "//") {
		joined = strings.ReplaceAll(joined, "//", "/")
	}
	return joined, nil
}

// pathSegments splits a file name for the path of a URL.
func pathSegments(path string) []string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return strings.Split(path, "/")
}
