package builder

import (
	"context"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// StructuredFiles are the contents of .attrs.json and .attrs.sh for a derivation
// whose inputs are valid, outside of a build. ok is false if it has no structured
// attributes.
func (w *Worker) StructuredFiles(ctx context.Context, p store.Path, d *drv.Derivation, inputs []store.Path) (jsonText, shell string, ok bool, err error) {
	a, err := parseAttrs(p, d)
	if err != nil || !a.structured() {
		return "", "", false, err
	}
	b := &build{w: w, ctx: ctx, path: p, drv: d, attrs: a}
	if b.inputs, err = w.closure(ctx, inputs); err != nil {
		return "", "", false, err
	}
	outputs := map[string]string{}
	for _, o := range d.Outputs {
		outputs[o.Name] = store.OutputPlaceholder(o.Name)
		if !o.Path.IsZero() {
			outputs[o.Name] = b.dir().Format(o.Path)
		}
	}
	jsonText, shell, err = b.structuredFiles(outputs)
	return jsonText, shell, true, err
}
