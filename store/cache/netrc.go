package cache

import "strings"

// netrc has user names and passwords by host; "" is for every other host.
type netrc map[string]login

type login struct{ user, password string }

// parseNetrc reads the words of a netrc file: machine NAME, default, login NAME,
// password WORD. Macros are passed over up to the next empty line.
func parseNetrc(text string) netrc {
	n := netrc{}
	host, inHost, macro := "", false, false
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			macro = false
		}
		if macro {
			continue
		}
		words := strings.Fields(line)
		for i := 0; i < len(words); i++ {
			arg := ""
			if i+1 < len(words) {
				arg = words[i+1]
			}
			switch words[i] {
			case "machine":
				host, inHost = arg, true
				i++
			case "default":
				host, inHost = "", true
			case "login", "password":
				if inHost {
					l := n[host]
					if words[i] == "login" {
						l.user = arg
					} else {
						l.password = arg
					}
					n[host] = l
				}
				i++
			case "account":
				i++
			case "macdef":
				macro = true
				i = len(words)
			}
			if i < len(words) && strings.HasPrefix(words[i], "#") {
				break
			}
		}
	}
	return n
}

func (n netrc) find(host string) (login, bool) {
	l, ok := n[host]
	if !ok {
		l, ok = n[""]
	}
	return l, ok
}
