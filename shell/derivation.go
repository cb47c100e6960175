package shell

import (
	"context"
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

//go:embed getenv.sh
var getEnv string

// checks are attributes that make a build fail because of what is in its outputs.
var checks = []string{"allowedReferences", "allowedRequisites", "disallowedReferences", "disallowedRequisites"}

// Derivation writes a derivation to a store that has the inputs and the
// environment of d, and whose first output, once it is built, is the [Environment]
// that d's builder starts from. d must have a bash as its builder.
func Derivation(ctx context.Context, d *drv.Derivation, hasher *drv.Hasher, to store.Adder) (store.Path, error) {
	if path.Base(d.Builder) != "bash" {
		return store.Path{}, fmt.Errorf("the environment of '%s' cannot be computed: its builder is '%s', and only bash can tell", d.Name, d.Builder)
	}
	script, err := to.AddText(ctx, "get-env.sh", getEnv, nil)
	if err != nil {
		return store.Path{}, err
	}
	e := *d
	e.Name += "-env"
	e.Args = []string{to.StoreDir().Format(script)}
	e.InputSrcs = append(slices.Clip(d.InputSrcs), script)
	e.Env = slices.DeleteFunc(slices.Clone(d.Env), func(v drv.EnvVar) bool { return slices.Contains(checks, v.Name) })
	e.Setenv("name", e.Name)
	// Whatever d's outputs are, those that hold an environment depend on inputs only.
	e.Outputs = nil
	for _, o := range d.Outputs {
		e.Outputs = append(e.Outputs, drv.Output{Name: o.Name})
		e.Setenv(o.Name, "")
	}
	e.Normalize()
	if err := hasher.FillOutputs(&e); err != nil {
		return store.Path{}, err
	}
	return e.Write(ctx, to)
}

// IsEnvironment says whether a store path looks like the output of such a derivation.
func IsEnvironment(p store.Path) bool { return strings.HasSuffix(p.Name(), "-env") }
