package closure

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"gonix.dev/gonix/store"
)

// Change is how the paths of one package differ between two closures.
type Change struct {
	Name           string
	Removed, Added []string // versions, sorted; "" is a path without one
	SizeDelta      int64    // bytes of all its paths
}

// packages groups a closure by package name and version.
type packages map[string]map[string]int64 // name -> version -> bytes

// outputSuffix strips the name of an output. It cannot be told apart from a
// version such as "unstable"; Nix takes it in the same way.
var outputSuffix = regexp.MustCompile(`^(.*)-([a-z]+|lib32|lib64)$`)

func group(s Set) packages {
	g := packages{}
	for p, info := range s {
		name := p.Name()
		if m := outputSuffix.FindStringSubmatch(name); m != nil {
			name = m[1]
		}
		name, version := splitName(name)
		if g[name] == nil {
			g[name] = map[string]int64{}
		}
		g[name][version] += info.NarSize
	}
	return g
}

// splitName cuts a package's name from its version, which begins after the first
// dash that no letter follows.
func splitName(s string) (name, version string) {
	for i := range len(s) - 1 {
		if c := s[i+1]; s[i] == '-' && !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// Diff says which packages differ between two closures: in their versions, or by
// at least threshold bytes of size. The result is sorted by name.
func Diff(before, after Set, threshold int64) []Change {
	a, b := group(before), group(after)
	names := slices.Collect(maps.Keys(a))
	names = slices.AppendSeq(names, maps.Keys(b))
	slices.Sort(names)
	var out []Change
	for _, name := range slices.Compact(names) {
		c := Change{Name: name}
		for version, size := range a[name] {
			c.SizeDelta -= size
			if _, ok := b[name][version]; !ok {
				c.Removed = append(c.Removed, version)
			}
		}
		for version, size := range b[name] {
			c.SizeDelta += size
			if _, ok := a[name][version]; !ok {
				c.Added = append(c.Added, version)
			}
		}
		slices.Sort(c.Removed)
		slices.Sort(c.Added)
		if len(c.Removed)+len(c.Added) > 0 || max(c.SizeDelta, -c.SizeDelta) >= threshold {
			out = append(out, c)
		}
	}
	return out
}

// Why is the part of a closure that lies between a path and something that it
// depends on.
type Why struct {
	Set Set
	To  store.Path
	// Distance is how many references lead from a path to To; paths that do not
	// depend on it are not in it.
	Distance map[store.Path]int
}

// NewWhy finds every path of the set that depends on to, and how closely.
func NewWhy(set Set, to store.Path) *Why {
	referrers := map[store.Path][]store.Path{}
	for p, info := range set {
		for _, r := range info.References {
			if r != p {
				referrers[r] = append(referrers[r], p)
			}
		}
	}
	w := &Why{Set: set, To: to, Distance: map[store.Path]int{}}
	if set[to] == nil {
		return w
	}
	w.Distance[to] = 0
	for queue := []store.Path{to}; len(queue) > 0; queue = queue[1:] {
		for _, r := range referrers[queue[0]] {
			if _, seen := w.Distance[r]; !seen {
				w.Distance[r] = w.Distance[queue[0]] + 1
				queue = append(queue, r)
			}
		}
	}
	return w
}

// Next are the references of a path that lead to To, the nearest first.
func (w *Why) Next(p store.Path) []store.Path {
	var next []store.Path
	for _, r := range w.Set[p].References {
		if _, ok := w.Distance[r]; ok && (r != p || w.To == p) {
			next = append(next, r)
		}
	}
	slices.SortFunc(next, func(a, b store.Path) int {
		if d := w.Distance[a] - w.Distance[b]; d != 0 {
			return d
		}
		return strings.Compare(a.String(), b.String())
	})
	return next
}
