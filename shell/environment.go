package shell

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Environment is what bash knows when a build begins.
type Environment struct {
	Variables map[string]Variable `json:"variables"`
	Functions map[string]string   `json:"bashFunctions"` // bodies, without braces

	// Structured is what the files of structured attributes hold; nil without them.
	Structured *Structured `json:"structuredAttrs,omitempty"`
}

// Structured are the contents of the files that carry structured attributes.
type Structured struct {
	Shell string `json:".attrs.sh"`
	JSON  string `json:".attrs.json"`
}

// Variable is a variable of bash.
type Variable struct {
	Kind  Kind
	Value string            // Plain, Exported
	Items []string          // Array
	Table map[string]string // Associative
}

// Kind is the kind of a variable, as the JSON has it.
type Kind string

// The kinds. Variables of other kinds, such as read-only ones, are left out.
const (
	Plain       Kind = "var"
	Exported    Kind = "exported"
	Array       Kind = "array"
	Associative Kind = "associative"
)

// ParseEnvironment reads the output of a derivation made by [Derivation], or by
// Nix's own.
func ParseEnvironment(text []byte) (*Environment, error) {
	e := &Environment{}
	if err := json.Unmarshal(text, e); err != nil {
		return nil, fmt.Errorf("read build environment: %w", err)
	}
	maps.DeleteFunc(e.Variables, func(_ string, v Variable) bool { return v.Kind == "" })
	if e.Functions == nil {
		e.Functions = map[string]string{}
	}
	return e, nil
}

// JSON is the environment as Nix prints it: on one line, sorted.
func (e *Environment) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return b.Bytes(), err
}

// UnmarshalJSON leaves a variable of another kind zero.
func (v *Variable) UnmarshalJSON(text []byte) error {
	var raw struct {
		Kind  Kind            `json:"type"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	*v = Variable{Kind: raw.Kind}
	switch raw.Kind {
	case Plain, Exported:
		return json.Unmarshal(raw.Value, &v.Value)
	case Array:
		return json.Unmarshal(raw.Value, &v.Items)
	case Associative:
		return json.Unmarshal(raw.Value, &v.Table)
	}
	*v = Variable{}
	return nil
}

// MarshalJSON writes kind and value.
func (v Variable) MarshalJSON() ([]byte, error) {
	var value any = v.Value
	switch v.Kind {
	case Array:
		value = append([]string{}, v.Items...)
	case Associative:
		value = v.Table
	}
	var b bytes.Buffer
	b.WriteString(`{"type":"` + string(v.Kind) + `","value":`)
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Outputs are the store paths that the derivation's outputs have in the
// environment, by their names.
func (e *Environment) Outputs() map[string]string {
	v := e.Variables["outputs"]
	if v.Kind == Associative {
		return v.Table
	}
	names := v.Items
	switch {
	case v.Kind == "":
		names = []string{"out"} // the derivation does not say
	case v.Kind != Array:
		names = strings.Fields(v.Value)
	}
	paths := make(map[string]string, len(names))
	for _, n := range names {
		if p := e.Variables[n].Value; p != "" {
			paths[n] = p
		}
	}
	return paths
}

// declare writes bash's declarations of everything but the ignored variables.
func (e *Environment) declare(b *strings.Builder, ignored map[string]bool) {
	for _, name := range slices.Sorted(maps.Keys(e.Variables)) {
		if ignored[name] {
			continue
		}
		switch v := e.Variables[name]; v.Kind {
		case Plain, Exported:
			fmt.Fprintf(b, "%s=%s\n", name, Quote(v.Value))
			if v.Kind == Exported {
				fmt.Fprintf(b, "export %s\n", name)
			}
		case Array:
			fmt.Fprintf(b, "declare -a %s=(", name)
			for _, s := range v.Items {
				b.WriteString(Quote(s) + " ")
			}
			b.WriteString(")\n")
		case Associative:
			fmt.Fprintf(b, "declare -A %s=(", name)
			for _, k := range slices.Sorted(maps.Keys(v.Table)) {
				fmt.Fprintf(b, "[%s]=%s ", Quote(k), Quote(v.Table[k]))
			}
			b.WriteString(")\n")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Functions)) {
		fmt.Fprintf(b, "%s ()\n{\n%s}\n", name, e.Functions[name])
	}
}
