package cmd

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// pairs says what took the place of what between two derivations.
type pairs struct {
	inputs  map[store.Path]store.Path // derivations that changed, old to new
	sources map[store.Path]store.Path // files likewise
	paths   map[string][2]store.Path  // all of these, their outputs and its own outputs, by old hash part
}

// pairs finds out which inputs of b took the place of which of a. What stands in
// the same place of the same attribute belongs together, whatever it is called;
// otherwise what has the same name, or the same but for the version.
func (w *whyRebuild) pairs(a, b *drv.Derivation) *pairs {
	p := &pairs{inputs: map[store.Path]store.Path{}, sources: map[store.Path]store.Path{}, paths: map[string][2]store.Path{}}
	pairOutputs(p, a, b)
	was, is := w.owners(a), w.owners(b)
	gone, came := missingFrom(was, is), missingFrom(is, was)
	take := func(x, y store.Path) {
		if !gone[x] || !came[y] || x.IsDerivation() != y.IsDerivation() {
			return
		}
		delete(gone, x)
		delete(came, y)
		p.paths[x.HashPart()] = [2]store.Path{x, y}
		if !x.IsDerivation() {
			p.sources[x] = y
			return
		}
		p.inputs[x] = y
		if from, to := w.read(x), w.read(y); from != nil && to != nil {
			pairOutputs(p, from, to)
		}
	}
	now := attributes(b)
	before := attributes(a)
	now[""], before[""] = strings.Join(b.Args, " "), strings.Join(a.Args, " ")
	for _, name := range sortedNames(before) {
		x, y := w.mentioned(before[name], was, gone), w.mentioned(now[name], is, came)
		for i := range x {
			if len(x) == len(y) {
				take(x[i], y[i])
			}
		}
	}
	for _, label := range []func(store.Path) string{
		drvName,
		func(p store.Path) string { base, _ := splitPackageName(drvName(p)); return base },
	} {
		byName := map[string][]store.Path{}
		for y := range came {
			byName[label(y)] = append(byName[label(y)], y)
		}
		count := map[string]int{}
		for x := range gone {
			count[label(x)]++
		}
		for _, x := range store.SortPaths(slices.Collect(maps.Keys(gone))) {
			if l := label(x); len(byName[l]) == 1 && count[l] == 1 {
				take(x, byName[l][0])
			}
		}
	}
	return p
}

func pairOutputs(p *pairs, a, b *drv.Derivation) {
	for _, o := range a.Outputs {
		if n := b.Output(o.Name); n != nil && !o.Path.IsZero() && !n.Path.IsZero() {
			p.paths[o.Path.HashPart()] = [2]store.Path{o.Path, n.Path}
		}
	}
}

// drvName is a path's name without hash and ".drv".
func drvName(p store.Path) string { return strings.TrimSuffix(p.Name(), store.DrvExtension) }

// owners are the inputs of a derivation by the hash parts that its attributes
// mention them by: their own, and those of their outputs.
func (w *whyRebuild) owners(d *drv.Derivation) map[string]store.Path {
	all := map[string]store.Path{}
	for _, p := range d.InputSrcs {
		all[p.HashPart()] = p
	}
	for _, in := range d.InputDrvs {
		all[in.Path.HashPart()] = in.Path
		if x := w.read(in.Path); x != nil {
			for _, o := range x.Outputs {
				if !o.Path.IsZero() {
					all[o.Path.HashPart()] = in.Path
				}
			}
		}
	}
	return all
}

func missingFrom(a, b map[string]store.Path) map[store.Path]bool {
	there := map[store.Path]bool{}
	for _, p := range b {
		there[p] = true
	}
	missing := map[store.Path]bool{}
	for _, p := range a {
		if !there[p] {
			missing[p] = true
		}
	}
	return missing
}

// mentioned lists those of some inputs that a text mentions, in its order.
func (w *whyRebuild) mentioned(text string, owners map[string]store.Path, of map[store.Path]bool) []store.Path {
	var list []store.Path
	prefix := string(w.s.StoreDir()) + "/"
	for {
		i := strings.Index(text, prefix)
		if i < 0 {
			return list
		}
		text = text[i+len(prefix):]
		if len(text) < store.HashLen {
			return list
		}
		if p, ok := owners[text[:store.HashLen]]; ok && of[p] && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
}

// attributes are what a derivation is made of, as texts: its environment, or, of
// structured attributes, each of them.
func attributes(d *drv.Derivation) map[string]string {
	all := map[string]string{}
	for _, e := range d.Env {
		var structured map[string]json.RawMessage
		if e.Name != "__json" || json.Unmarshal([]byte(e.Value), &structured) != nil {
			all[e.Name] = e.Value
			continue
		}
		for name, raw := range structured {
			var s string
			var list []string
			switch {
			case json.Unmarshal(raw, &s) == nil:
			case json.Unmarshal(raw, &list) == nil:
				s = strings.Join(list, " ") // as it is without structured attributes
			default:
				s = string(raw)
			}
			all[name] = s
		}
	}
	return all
}

// ownAttributes are the attributes that say more than the derivation itself does.
func ownAttributes(d *drv.Derivation) map[string]string {
	all := attributes(d)
	for _, name := range []string{"name", "system", "builder", "outputs"} {
		delete(all, name)
	}
	for _, o := range d.Outputs {
		delete(all, o.Name)
	}
	return all
}

// read is a derivation, or nil if the store does not have it any more.
func (w *whyRebuild) read(p store.Path) *drv.Derivation {
	d, ok := w.drvs[p]
	if !ok {
		d, _ = w.s.ReadDerivation(p)
		w.drvs[p] = d
	}
	return d
}

// sameOutputs says whether two derivations make the same paths, as those of fixed
// outputs do that say in another way how to get them.
func sameOutputs(a, b *drv.Derivation) bool {
	if a == nil || b == nil {
		return false
	}
	return slices.EqualFunc(a.Outputs, b.Outputs, func(x, y drv.Output) bool {
		return x.Name == y.Name && !x.Path.IsZero() && x.Path == y.Path
	})
}

// renew puts the paths of b into a text of a.
func (p *pairs) renew(text string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '/')
		if i < 0 {
			break
		}
		b.WriteString(text[:i+1])
		text = text[i+1:]
		if len(text) < store.HashLen {
			continue
		}
		if pair, ok := p.paths[text[:store.HashLen]]; ok && strings.HasPrefix(text, pair[0].String()) {
			b.WriteString(pair[1].String())
			text = text[len(pair[0].String()):]
		}
	}
	b.WriteString(text)
	return b.String()
}
