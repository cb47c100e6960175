package builder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// attrs reads the attributes of a derivation that steer its build, which are in
// the environment or, with structured attributes, in a JSON object.
type attrs struct {
	path store.Path
	drv  *drv.Derivation
	json map[string]any // nil without structured attributes; numbers are json.Number
}

func parseAttrs(path store.Path, d *drv.Derivation) (*attrs, error) {
	a := &attrs{path: path, drv: d}
	text, ok := d.StructuredAttrs()
	if !ok {
		return a, nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&a.json); err != nil {
		return nil, fmt.Errorf("cannot process __json attribute of '%s': %w", path, err)
	}
	if a.json == nil {
		a.json = map[string]any{}
	}
	return a, nil
}

func (a *attrs) structured() bool { return a.json != nil }

func (a *attrs) bool(name string, otherwise bool) (bool, error) {
	if a.json != nil {
		v, ok := a.json[name]
		if !ok {
			return otherwise, nil
		}
		b, ok := v.(bool)
		if !ok {
			return false, fmt.Errorf("attribute '%s' of derivation '%s' must be a Boolean", name, a.path)
		}
		return b, nil
	}
	v, ok := a.drv.Getenv(name)
	if !ok {
		return otherwise, nil
	}
	return v == "1", nil
}

// strings returns a list; ok is false if there is none.
func (a *attrs) strings(name string) (list []string, ok bool, err error) {
	if a.json != nil {
		v, ok := a.json[name]
		if !ok {
			return nil, false, nil
		}
		list, err := stringList(v)
		if err != nil {
			return nil, false, fmt.Errorf("attribute '%s' of derivation '%s' must be a list of strings", name, a.path)
		}
		return list, true, nil
	}
	v, ok := a.drv.Getenv(name)
	return tokens(v), ok, nil
}

func stringList(v any) ([]string, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("not a list")
	}
	out := make([]string, 0, len(items))
	for _, i := range items {
		s, ok := i.(string)
		if !ok {
			return nil, fmt.Errorf("not a string")
		}
		out = append(out, s)
	}
	return out, nil
}

// tokens splits at white space, as Nix does: the ASCII kinds only.
func tokens(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' })
}

// requiredFeatures are the system features that the build needs.
func (a *attrs) requiredFeatures() ([]string, error) {
	list, _, err := a.strings("requiredSystemFeatures")
	if err != nil {
		return nil, err
	}
	for _, o := range a.drv.Outputs {
		if o.Kind == drv.CAFloating || o.Kind == drv.Impure || o.Kind == drv.Deferred {
			list = append(list, "ca-derivations")
			break
		}
	}
	return sortedSet(list), nil
}

// marshalJSON writes v compactly, with sorted keys and no escapes that are not
// needed: what Nix's JSON library writes.
func marshalJSON(v any) []byte {
	var b bytes.Buffer
	writeJSON(&b, v)
	return b.Bytes()
}

func writeJSON(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		fmt.Fprintf(b, "%t", v)
	case json.Number:
		b.WriteString(v.String())
	case int, int64, uint64:
		fmt.Fprintf(b, "%d", v)
	case string:
		writeJSONString(b, v)
	case []any:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, x)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSONString(b, k)
			b.WriteByte(':')
			writeJSON(b, v[k])
		}
		b.WriteByte('}')
	default:
		panic(fmt.Sprintf("builder: cannot write %T as JSON", v))
	}
}

func writeJSONString(b *bytes.Buffer, s string) {
	const hex = "0123456789abcdef"
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			if c < 0x20 {
				b.WriteString(`\u00`)
				b.WriteByte(hex[c>>4])
				b.WriteByte(hex[c&15])
			} else {
				b.WriteByte(c)
			}
		}
	}
	b.WriteByte('"')
}
