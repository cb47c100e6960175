package settings

import (
	"maps"
	"slices"

	"gonix.dev/gonix/internal/suggest"
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
	return suggest.Nearest(known, name, max(2, len(name)/4))
}

// Suggest is the setting that was probably meant by an unknown name, or "".
func Suggest(name string) string { return nearest(name, allNames()) }
