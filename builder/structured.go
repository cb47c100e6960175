package builder

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonix.dev/gonix/internal/shellquote"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// structuredFiles makes the contents of .attrs.json and .attrs.sh. outputs are
// the paths that the build writes to.
func (b *build) structuredFiles(outputs map[string]string) (jsonText, shell string, err error) {
	doc := make(map[string]any, len(b.attrs.json)+1)
	for k, v := range b.attrs.json {
		doc[k] = v
	}
	outs := map[string]any{}
	for name, path := range outputs {
		outs[name] = path
	}
	doc["outputs"] = outs
	if graph, ok := doc["exportReferencesGraph"].(map[string]any); ok {
		for _, key := range sortedKeys(graph) {
			var roots []store.Path
			for _, s := range anyStrings(graph[key]) {
				p, _, err := b.dir().Split(s)
				if err != nil {
					return "", "", err
				}
				roots = append(roots, p)
			}
			paths, err := b.exportReferences(roots)
			if err != nil {
				return "", "", err
			}
			if doc[key], err = b.pathInfoJSON(paths); err != nil {
				return "", "", err
			}
		}
	}
	return rewriteString(string(marshalJSON(doc)), b.rewrites), rewriteString(shellAttrs(doc), b.rewrites), nil
}

func anyStrings(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var out []string
	items, _ := v.([]any)
	for _, i := range items {
		if s, ok := i.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// shellAttrs declares all attributes that bash can hold.
func shellAttrs(doc map[string]any) string {
	var b strings.Builder
	for _, key := range sortedKeys(doc) {
		if !isShellName(key) {
			continue
		}
		v := doc[key]
		if s, ok := shellValue(v); ok {
			fmt.Fprintf(&b, "declare %s=%s\n", key, s)
			continue
		}
		var items strings.Builder
		good, kind := true, ""
		switch v := v.(type) {
		case []any:
			kind = "-a"
			for _, x := range v {
				s, ok := shellValue(x)
				good = good && ok
				items.WriteString(s + " ")
			}
		case map[string]any:
			kind = "-A"
			for _, k := range sortedKeys(v) {
				s, ok := shellValue(v[k])
				good = good && ok
				items.WriteString("[" + shellquote.Quote(k) + "]=" + s + " ")
			}
		}
		if good && kind != "" {
			fmt.Fprintf(&b, "declare %s %s=(%s)\n", kind, key, items.String())
		}
	}
	return b.String()
}

// shellValue words a simple value. Numbers go through a 32-bit integer, as in Nix.
func shellValue(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "''", true
	case string:
		return shellquote.Quote(v), true
	case bool:
		if v {
			return "1", true
		}
		return "", true
	case int64:
		return strconv.Itoa(int(int32(v))), true
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return strconv.Itoa(int(int32(i))), true
		}
		if f, err := v.Float64(); err == nil && math.Ceil(f) == f {
			return strconv.Itoa(int(int32(f))), true
		}
	}
	return "", false
}

func isShellName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// exportReferences is the closure of roots, which must be inputs, with the
// outputs of derivations in it.
func (b *build) exportReferences(roots []store.Path) ([]store.Path, error) {
	for _, p := range roots {
		if !slices.Contains(b.inputs, p) {
			return nil, fmt.Errorf("cannot export references of path '%s' because it is not in the input closure of the derivation", b.dir().Format(p))
		}
	}
	all, err := b.w.closure(b.ctx, roots)
	if err != nil {
		return nil, err
	}
	var outputs []store.Path
	for _, p := range all {
		if !p.IsDerivation() {
			continue
		}
		d, err := b.w.Store.ReadDerivation(p)
		if err != nil {
			return nil, err
		}
		for _, o := range d.Outputs {
			if !o.Path.IsZero() {
				outputs = append(outputs, o.Path)
			}
		}
	}
	more, err := b.w.closure(b.ctx, outputs)
	if err != nil {
		return nil, err
	}
	return store.SortPaths(append(all, more...)), nil
}

// registration is the text of `nix-store --register-validity` for paths, without
// derivers.
func (b *build) registration(paths []store.Path) (string, error) {
	var s strings.Builder
	for _, p := range paths {
		info, err := b.w.info(b.ctx, p)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&s, "%s\n\n%d\n", b.dir().Format(p), len(info.References))
		for _, r := range info.References {
			s.WriteString(b.dir().Format(r) + "\n")
		}
	}
	return s.String(), nil
}

func (b *build) pathInfoJSON(paths []store.Path) (any, error) {
	out := []any{}
	for _, p := range paths {
		info, err := b.w.info(b.ctx, p)
		if err != nil {
			return nil, err
		}
		refs := []any{}
		for _, r := range info.References {
			refs = append(refs, b.dir().Format(r))
		}
		all, err := b.w.closure(b.ctx, []store.Path{p})
		if err != nil {
			return nil, err
		}
		var size int64
		for _, q := range all {
			i, err := b.w.info(b.ctx, q)
			if err != nil {
				return nil, err
			}
			size += i.NarSize
		}
		entry := map[string]any{
			"path": b.dir().Format(p), "valid": true, "references": refs,
			"narHash": hash.WithPrefix(info.NarHash, hash.Nix32), "narSize": info.NarSize, "closureSize": size,
		}
		if !info.CA.IsZero() {
			entry["ca"] = info.CA.String()
		}
		out = append(out, entry)
	}
	return out, nil
}
