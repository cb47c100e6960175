package settings

import "strings"

// SplitNixPath splits the entries of NIX_PATH at colons, except those that
// belong to an address: `nixpkgs=https://example.org/x.tar.gz:/etc/y` has two.
func SplitNixPath(s string) []string {
	var out []string
	for s != "" {
		end := strings.IndexByte(s, ':')
		if end < 0 {
			return append(out, s)
		}
		_, target, ok := strings.Cut(s, "=")
		if eq := len(s) - len(target); !ok || eq > end {
			target = s
		}
		if isAddress(target) {
			if next := strings.IndexByte(s[end+1:], ':'); next >= 0 {
				end += 1 + next
			} else {
				end = len(s)
			}
		}
		out = append(out, s[:end])
		if end == len(s) {
			break
		}
		s = s[end+1:]
	}
	return out
}

func isAddress(s string) bool {
	if strings.HasPrefix(s, "channel:") || strings.HasPrefix(s, "flake:") {
		return true
	}
	scheme, _, ok := strings.Cut(s, "://")
	if !ok {
		return false
	}
	switch scheme {
	case "http", "https", "file", "channel", "git", "s3", "ssh":
		return true
	}
	return false
}
