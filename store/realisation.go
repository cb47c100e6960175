package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gonix.dev/gonix/store/hash"
)

// DrvOutput names an output of a derivation by what it is made of: the hash
// modulo of the derivation, and the output's name.
type DrvOutput struct {
	Hash   hash.Hash
	Output string
}

// String is `sha256:<base 16>!<output>`.
func (o DrvOutput) String() string { return hash.WithPrefix(o.Hash, hash.Base16) + "!" + o.Output }

// ParseDrvOutput reads what String writes.
func ParseDrvOutput(s string) (DrvOutput, error) {
	sum, name, ok := strings.Cut(s, "!")
	if !ok {
		return DrvOutput{}, fmt.Errorf("Invalid derivation output id %s", s)
	}
	h, err := hash.ParsePrefixed(sum)
	if err != nil {
		return DrvOutput{}, fmt.Errorf("derivation output id '%s': %w", s, err)
	}
	if err := CheckName(name); err != nil {
		return DrvOutput{}, fmt.Errorf("derivation output id '%s': %w", s, err)
	}
	return DrvOutput{h, name}, nil
}

// Realisation says which path an output of a derivation came to be: what cannot be
// computed of content-addressed ones, and takes a build to know.
type Realisation struct {
	ID   DrvOutput
	Path Path
	Sigs []string           // sorted
	Deps map[DrvOutput]Path // realisations that it was built with
}

// RealisationSource is a Source that knows realisations.
type RealisationSource interface {
	// QueryRealisation returns what is known of an output, nil if nothing.
	QueryRealisation(ctx context.Context, id DrvOutput) (*Realisation, error)
}

// RealisationStore is a Store that takes realisations as well.
type RealisationStore interface {
	RealisationSource

	// AddRealisation records what an output came to be. Its path must be valid and
	// its Deps recorded. To say that it came to be another path than the one that is
	// recorded is an error; signatures are added to those that are there.
	AddRealisation(ctx context.Context, r *Realisation, opts AddOptions) error
}

// realisationJSON has the keys in the order of the alphabet: what is signed depends
// on it.
type realisationJSON struct {
	Deps map[string]string `json:"dependentRealisations"`
	ID   string            `json:"id"`
	Path string            `json:"outPath"`
	Sigs *[]string         `json:"signatures,omitempty"`
}

func (r *Realisation) encode(signed bool) []byte {
	j := realisationJSON{Deps: make(map[string]string, len(r.Deps)), ID: r.ID.String(), Path: r.Path.String()}
	for id, p := range r.Deps {
		j.Deps[id.String()] = p.String()
	}
	if signed {
		sigs := append([]string{}, r.Sigs...)
		j.Sigs = &sigs
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	// Strings in maps and structs always encode.
	_ = enc.Encode(j)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Fingerprint is what signatures sign: the JSON without them.
func (r *Realisation) Fingerprint() string { return string(r.encode(false)) }

// MarshalJSON writes the form in which binary caches keep realisations.
func (r *Realisation) MarshalJSON() ([]byte, error) { return r.encode(true), nil }

// UnmarshalJSON reads it.
func (r *Realisation) UnmarshalJSON(text []byte) error {
	var j realisationJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	switch {
	case j.ID == "":
		return errors.New("missing field id")
	case j.Path == "":
		return errors.New("missing field outPath")
	}
	id, err := ParseDrvOutput(j.ID)
	if err != nil {
		return err
	}
	p, err := ParsePath(j.Path)
	if err != nil {
		return err
	}
	out := Realisation{ID: id, Path: p, Deps: make(map[DrvOutput]Path, len(j.Deps))}
	for name, base := range j.Deps {
		dep, err := ParseDrvOutput(name)
		if err != nil {
			return err
		}
		if out.Deps[dep], err = ParsePath(base); err != nil {
			return err
		}
	}
	if j.Sigs != nil {
		out.AddSigs(*j.Sigs...)
	}
	*r = out
	return nil
}

// AddSigs adds signatures to those that are there.
func (r *Realisation) AddSigs(sigs ...string) {
	r.Sigs = append(slices.Clone(r.Sigs), sigs...)
	slices.Sort(r.Sigs)
	r.Sigs = slices.Compact(r.Sigs)
}
