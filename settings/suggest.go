package settings

import (
	"maps"
	"slices"
)

// allNames are the names and old names of settings, sorted.
func allNames() []string { return slices.Sorted(maps.Keys(byName)) }

func featureNames() []string { return slices.Sorted(maps.Keys(features)) }

// didYouMean ends a message with the name that is nearest to a wrong one, if
// one is near enough to be meant.
func didYouMean(name string, known []string) string {
	if best := nearest(name, known); best != "" {
		return "; did you mean '" + best + "'?"
	}
	return ""
}

// nearest is the known name with the fewest letters different, if few enough.
func nearest(name string, known []string) string {
	best, dist := "", max(2, len(name)/4)+1
	for _, k := range known {
		if d := editDistance(name, k); d < dist {
			best, dist = k, d
		}
	}
	return best
}

// editDistance counts the insertions, deletions and replacements from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := diag
			if a[i] != b[j] {
				next = 1 + min(diag, row[j], row[j+1])
			}
			diag, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// Suggest is the setting that was probably meant by an unknown name, or "".
func Suggest(name string) string { return nearest(name, allNames()) }
