package drv

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// JSONVersion is the version of the JSON form: that of Nix 2.36.
const JSONVersion = 4

type jsonDerivation struct {
	Args            []string              `json:"args"`
	Builder         string                `json:"builder"`
	Env             map[string]string     `json:"env"`
	Inputs          jsonInputs            `json:"inputs"`
	Name            string                `json:"name"`
	Outputs         map[string]jsonOutput `json:"outputs"`
	StructuredAttrs json.RawMessage       `json:"structuredAttrs,omitempty"`
	System          string                `json:"system"`
	Version         int                   `json:"version"`
}

type jsonInputs struct {
	Drvs map[store.Path]jsonInputNode `json:"drvs"`
	Srcs []store.Path                 `json:"srcs"`
}

type jsonInputNode struct {
	Dynamic map[string]jsonInputNode `json:"dynamicOutputs"`
	Outputs []string                 `json:"outputs"`
}

// jsonOutput has the fields of all kinds; which are there tells the kind.
type jsonOutput struct {
	Hash     *string     `json:"hash,omitempty"`
	HashAlgo *string     `json:"hashAlgo,omitempty"`
	Impure   *bool       `json:"impure,omitempty"`
	Method   *string     `json:"method,omitempty"`
	Path     *store.Path `json:"path,omitempty"`
}

// MarshalJSON gives the form of `nix derivation show`, which is of one derivation
// and does not depend on the store directory.
func (d *Derivation) MarshalJSON() ([]byte, error) {
	j := jsonDerivation{
		Args: emptyNotNil(d.Args), Builder: d.Builder, Env: map[string]string{}, Name: d.Name,
		Outputs: map[string]jsonOutput{}, System: d.System, Version: JSONVersion,
		Inputs: jsonInputs{Drvs: map[store.Path]jsonInputNode{}, Srcs: emptyNotNil(d.InputSrcs)},
	}
	for _, e := range d.Env {
		if e.Name == StructuredAttrsVar {
			j.StructuredAttrs = json.RawMessage(e.Value)
		} else {
			j.Env[e.Name] = e.Value
		}
	}
	for _, in := range d.InputDrvs {
		j.Inputs.Drvs[in.Path] = in.InputNode.toJSON()
	}
	for _, o := range d.Outputs {
		j.Outputs[o.Name] = o.toJSON()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(j); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func emptyNotNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func (n *InputNode) toJSON() jsonInputNode {
	j := jsonInputNode{Dynamic: map[string]jsonInputNode{}, Outputs: emptyNotNil(n.Outputs)}
	for _, in := range n.Dynamic {
		j.Dynamic[in.Output] = in.InputNode.toJSON()
	}
	return j
}

func (o *Output) toJSON() (j jsonOutput) {
	method, algo, yes := o.Method.String(), o.Algo.String(), true
	switch o.Kind {
	case InputAddressed:
		j.Path = &o.Path
	case CAFixed:
		sri := hash.Format(o.Hash, hash.SRI)
		j.Method, j.Hash = &method, &sri
	case CAFloating:
		j.Method, j.HashAlgo = &method, &algo
	case Impure:
		j.Method, j.HashAlgo, j.Impure = &method, &algo, &yes
	}
	return j
}

// UnmarshalJSON reads that form. Paths of fixed outputs are not part of it:
// Hasher.FillOutputs computes them.
func (d *Derivation) UnmarshalJSON(b []byte) error {
	var version struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return err
	}
	if version.Version == nil {
		return errors.New("Expected JSON object to contain key 'version' but it doesn't")
	}
	if *version.Version != JSONVersion {
		return fmt.Errorf("Unsupported derivation JSON format version %d, only format version %d is currently supported.", *version.Version, JSONVersion)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return err
	}
	for _, k := range []string{"args", "builder", "env", "inputs", "name", "outputs", "system"} {
		if _, ok := keys[k]; !ok {
			return fmt.Errorf("Expected JSON object to contain key '%s' but it doesn't", k)
		}
	}
	var j jsonDerivation
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	if err := store.CheckName(j.Name); err != nil {
		return err
	}
	*d = Derivation{Name: j.Name, System: j.System, Builder: j.Builder, Args: j.Args, InputSrcs: j.Inputs.Srcs}
	for name, value := range j.Env {
		if name == StructuredAttrsVar {
			return fmt.Errorf("environment variable '%s' is reserved for structured attributes", name)
		}
		d.Env = append(d.Env, EnvVar{name, value})
	}
	if j.StructuredAttrs != nil {
		text, err := canonicalJSON(j.StructuredAttrs)
		if err != nil {
			return err
		}
		d.Env = append(d.Env, EnvVar{StructuredAttrsVar, text})
	}
	for p, n := range j.Inputs.Drvs {
		if !p.IsDerivation() {
			return fmt.Errorf("store path '%s' is not a valid derivation path", p)
		}
		d.InputDrvs = append(d.InputDrvs, InputDrv{p, n.node()})
	}
	for name, o := range j.Outputs {
		out, err := o.output(name)
		if err != nil {
			return fmt.Errorf("while reading key 'outputs': %w", err)
		}
		d.Outputs = append(d.Outputs, out)
	}
	d.Normalize()
	return nil
}

// canonicalJSON is the JSON without spaces and with sorted keys, as Nix writes it.
func canonicalJSON(raw []byte) (string, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return "", err
	}
	if _, ok := v.(map[string]any); !ok {
		return "", errors.New("structured attributes must be a JSON object")
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

func (j jsonInputNode) node() InputNode {
	n := InputNode{Outputs: j.Outputs}
	for name, child := range j.Dynamic {
		n.Dynamic = append(n.Dynamic, DynamicInput{name, child.node()})
	}
	return n
}

func (j jsonOutput) output(name string) (Output, error) {
	o := Output{Name: name}
	var err error
	has := func(path, method, sum, algo, impure bool) bool {
		return (j.Path != nil) == path && (j.Method != nil) == method && (j.Hash != nil) == sum &&
			(j.HashAlgo != nil) == algo && (j.Impure != nil) == impure
	}
	switch {
	case has(true, false, false, false, false):
		o.Kind, o.Path = InputAddressed, *j.Path
	case has(false, true, true, false, false):
		o.Kind = CAFixed
		if o.Hash, err = hash.ParseSRI(*j.Hash); err != nil {
			return o, err
		}
		o.Algo = o.Hash.Algo
	case has(false, true, false, true, false):
		o.Kind = CAFloating
	case has(false, true, false, true, true):
		o.Kind = Impure
	case has(false, false, false, false, false):
		return o, nil
	default:
		return o, errors.New("invalid JSON for derivation output")
	}
	if j.HashAlgo != nil {
		if o.Algo, err = hash.ParseAlgo(*j.HashAlgo); err != nil {
			return o, err
		}
	}
	if j.Method != nil {
		o.Method, err = store.ParseMethod(*j.Method)
	}
	return o, err
}
