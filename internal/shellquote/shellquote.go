// Package shellquote writes words for POSIX shells.
package shellquote

import "strings"

// Quote quotes a word in any case.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Join writes a command line. Only the words that need it are quoted.
func Join(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if out[i] = w; w == "" || strings.ContainsAny(w, " \t\n'\"\\$`*?[](){}<>|&;#~!") {
			out[i] = Quote(w)
		}
	}
	return strings.Join(out, " ")
}
