package builder

import (
	"context"
	"fmt"

	"gonix.dev/gonix/builder/sandbox"
	"gonix.dev/gonix/store"
)

// runBuiltin runs a builder that is part of gonix, in this process: no foreign
// code runs, and nothing but the output is written.
func (b *build) runBuiltin(log *logFile) (sandbox.Status, error) {
	// As for other builders, though the loop of watch does not look after this one.
	whole := b.ctx
	defer func() { b.ctx = whole }()
	if t := b.w.Settings.Timeout; t > 0 {
		var cancel context.CancelFunc
		b.ctx, cancel = context.WithTimeout(whole, t)
		defer cancel()
	}
	var err error
	switch b.drv.Builder {
	case "builtin:fetchurl":
		err = b.fetchURL()
	case "builtin:buildenv":
		err = b.buildEnv()
	case "builtin:unpack-channel":
		err = b.unpackChannel()
	default:
		err = fmt.Errorf("unsupported builtin builder '%s'", b.drv.Builder[len("builtin:"):])
	}
	if whole.Err() != nil {
		return sandbox.Status{}, whole.Err()
	}
	if err != nil && b.ctx.Err() != nil {
		return sandbox.Status{}, failf(TimedOut, b.path, "%s timed out after %d seconds", b.name, int(b.w.Settings.Timeout.Seconds()))
	}
	if err == nil {
		return sandbox.Status{}, nil
	}
	line := "error: " + err.Error()
	fmt.Fprintln(log, line)
	lines := &lineSplitter{emit: b.log.line}
	fmt.Fprintln(lines, line)
	return sandbox.Status{Code: 1}, nil
}

// env returns a variable that must be there.
func (b *build) env(name string) (string, error) {
	v, ok := b.drv.Getenv(name)
	if !ok {
		return "", fmt.Errorf("attribute '%s' missing", name)
	}
	return v, nil
}

// outPath is where the output "out" lies on disk, and what it is called.
func (b *build) outPath() (onDisk, printed string, err error) {
	for _, o := range b.outputs {
		if o.Name == "out" {
			return b.actual(o.scratch), b.dir().Format(o.scratch), nil
		}
	}
	return "", "", fmt.Errorf("'%s' requires an 'out' output", b.drv.Builder)
}

// onDisk is where a file that builders know by a name in the store lies.
func (b *build) onDisk(name string) string { return onDisk(b.dir(), b.w.Store.RealDir(), name) }

// onDisk is where a file lies whose name is in a store, if it is, with objects in realDir.
func onDisk(dir store.Dir, realDir, name string) string {
	if dir.Contains(name) {
		return realDir + name[len(dir):]
	}
	return name
}
