// Package suggest finds the names that somebody may have meant.
package suggest

import (
	"cmp"
	"slices"
)

const (
	// maxDistance is how many edits a suggestion may be away.
	maxDistance = 2
	// maxSuggestions is how many are worth reading.
	maxSuggestions = 3
)

// Best returns the candidates nearest to a name, best first: at most three, each
// at most two edits away.
func Best(candidates []string, name string) []string {
	type scored struct {
		name     string
		distance int
	}
	var found []scored
	for _, c := range candidates {
		if d := Distance(c, name); d <= maxDistance && c != name {
			found = append(found, scored{c, d})
		}
	}
	slices.SortFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	found = slices.Compact(found)
	var out []string
	for _, s := range found[:min(len(found), maxSuggestions)] {
		out = append(out, s.name)
	}
	return out
}

// Nearest returns the candidate nearest to a name, the first of several, or "" if
// none is within limit edits.
func Nearest(candidates []string, name string, limit int) string {
	best, least := "", limit+1
	for _, c := range candidates {
		if d := Distance(c, name); d < least && c != name {
			best, least = c, d
		}
	}
	return best
}

// Distance is the number of bytes to insert, delete, replace or swap with their
// neighbour to get from a to b (optimal string alignment).
func Distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
