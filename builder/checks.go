package builder

import (
	"encoding/json"
	"fmt"

	"gonix.dev/gonix/store"
)

// checks are what a derivation demands of an output.
type checks struct {
	ignoreSelf              bool
	maxSize, maxClosureSize *int64
	lists                   map[string][]string // by the name of the attribute
}

var checkNames = []string{"allowedReferences", "allowedRequisites", "disallowedReferences", "disallowedRequisites"}

// checkOutputs applies the derivation's checks to what was made.
func (b *build) checkOutputs(all []*made) error {
	byName := map[string]*store.PathInfo{}
	byPath := map[store.Path]*store.PathInfo{}
	for _, m := range all {
		byName[m.Name], byPath[m.info.Path] = m.info, m.info
	}
	if b.attrs.structured() {
		for _, name := range append([]string{"maxSize", "maxClosureSize"}, checkNames...) {
			if _, ok := b.attrs.json[name]; ok {
				b.w.Observe.message(LevelWarn, fmt.Sprintf("'structuredAttrs' disables the effect of the top-level attribute '%s'; use 'outputChecks' instead", name))
			}
		}
	}
	for _, m := range all {
		c, err := b.checksFor(m.Name)
		if err != nil {
			return err
		}
		if c != nil {
			if err := b.applyChecks(c, m.info, byName, byPath); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *build) checksFor(output string) (*checks, error) {
	c := &checks{lists: map[string][]string{}}
	if !b.attrs.structured() {
		c.ignoreSelf = true
		for _, name := range checkNames {
			list, ok, err := b.attrs.strings(name)
			if err != nil {
				return nil, err
			}
			if ok {
				c.lists[name] = list
			}
		}
		return c, nil
	}
	all, _ := b.attrs.json["outputChecks"].(map[string]any)
	spec, ok := all[output].(map[string]any)
	if !ok {
		return nil, nil
	}
	size := func(name string) *int64 {
		if n, ok := spec[name].(json.Number); ok {
			if i, err := n.Int64(); err == nil {
				return &i
			}
		}
		return nil
	}
	c.maxSize, c.maxClosureSize = size("maxSize"), size("maxClosureSize")
	for _, name := range checkNames {
		v, ok := spec[name]
		if !ok {
			continue
		}
		list, err := stringList(v)
		if err != nil {
			return nil, failf(OutputRejected, b.path, "attribute '%s' of derivation '%s' must be a list of strings", name, b.printed())
		}
		c.lists[name] = list
	}
	return c, nil
}

func (b *build) applyChecks(c *checks, info *store.PathInfo, byName map[string]*store.PathInfo, byPath map[store.Path]*store.PathInfo) error {
	printed := b.dir().Format(info.Path)
	if c.maxSize != nil && info.NarSize > *c.maxSize {
		return failf(OutputRejected, b.path, "path '%s' is too large at %d bytes; limit is %d bytes", printed, info.NarSize, *c.maxSize)
	}
	var closure map[store.Path]bool
	var size int64
	if _, ok := c.lists["allowedRequisites"]; ok || c.maxClosureSize != nil || c.lists["disallowedRequisites"] != nil {
		var err error
		if closure, size, err = b.outputClosure(info, byPath); err != nil {
			return err
		}
	}
	if c.maxClosureSize != nil && size > *c.maxClosureSize {
		return failf(OutputRejected, b.path, "closure of path '%s' is too large at %d bytes; limit is %d bytes", printed, size, *c.maxClosureSize)
	}
	for _, name := range checkNames {
		list, ok := c.lists[name]
		if !ok {
			continue
		}
		spec := map[store.Path]bool{}
		for _, s := range list {
			if p, err := b.dir().Parse(s); err == nil {
				spec[p] = true
			} else if o := byName[s]; o != nil {
				spec[o.Path] = true
			} else {
				return failf(OutputRejected, b.path, "derivation contains an illegal reference specifier '%s'", s)
			}
		}
		used := info.References
		if name == "allowedRequisites" || name == "disallowedRequisites" {
			set := map[store.Path]bool{}
			for p := range closure {
				set[p] = p != info.Path || !c.ignoreSelf
			}
			used = used[:0:0]
			for p, in := range set {
				if in {
					used = append(used, p)
				}
			}
			used = store.SortPaths(used)
		}
		allowed := name == "allowedReferences" || name == "allowedRequisites"
		bad := ""
		for _, p := range used {
			if spec[p] != allowed {
				bad += "\n  " + b.dir().Format(p)
			}
		}
		if bad != "" {
			return failf(OutputRejected, b.path, "output '%s' is not allowed to refer to the following paths:%s", printed, bad)
		}
	}
	return nil
}

// outputClosure is the closure of an output and its size. Other outputs may not
// be valid yet.
func (b *build) outputClosure(info *store.PathInfo, byPath map[store.Path]*store.PathInfo) (map[store.Path]bool, int64, error) {
	done := map[store.Path]bool{}
	var size int64
	todo := paths1(info.Path)
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if done[p] {
			continue
		}
		done[p] = true
		i := byPath[p]
		if i == nil {
			var err error
			if i, err = b.w.info(b.ctx, p); err != nil {
				return nil, 0, err
			}
		}
		size += i.NarSize
		todo = append(todo, i.References...)
	}
	return done, size, nil
}
