package builder

import (
	"slices"
	"sort"

	"gonix.dev/gonix/store"
)

func sortedSet(list []string) []string {
	out := slices.Clone(list)
	sort.Strings(out)
	return slices.Compact(out)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func paths1(p store.Path) []store.Path { return []store.Path{p} }
