package builder

import (
	"fmt"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// needsResolving says whether the derivation mentions outputs whose paths were
// not known before its inputs were built. It also notes where inputs are.
func (g *drvGoal) needsResolving() bool {
	g.inputsOf = make(map[store.Path]map[string]store.Path, len(g.drv.InputDrvs))
	for _, in := range g.drv.InputDrvs {
		g.inputsOf[in.Path] = g.l.drvs[in.Path].results
	}
	if len(g.drv.InputDrvs) == 0 {
		return false
	}
	switch g.kind {
	case drv.Deferred, drv.CAFloating, drv.Impure:
		return true
	case drv.CAFixed:
		// Its own path is known, but what it mentions need not be.
		return g.l.w.Settings.CADerivations
	}
	return false
}

// resolve replaces inputs by the paths they came to, which makes another
// derivation, and waits for that one.
func (g *drvGoal) resolve() {
	w := g.l.w
	d := *g.drv
	d.InputDrvs = nil
	d.InputSrcs = append([]store.Path(nil), g.drv.InputSrcs...)
	rewrites := map[string]string{}
	for _, in := range g.drv.InputDrvs {
		for _, name := range in.Outputs {
			p := g.inputsOf[in.Path][name]
			if p.IsZero() {
				g.fail(MiscFailure, "derivation '%s' requires non-existent output '%s' from input derivation '%s'", g.printed(), name, g.dir().Format(in.Path))
				return
			}
			d.InputSrcs = append(d.InputSrcs, p)
			rewrites[store.UpstreamPlaceholder(in.Path, name).String()] = g.dir().Format(p)
		}
	}
	d.Builder = rewriteString(d.Builder, rewrites)
	d.Args = append([]string(nil), g.drv.Args...)
	for i := range d.Args {
		d.Args[i] = rewriteString(d.Args[i], rewrites)
	}
	d.Env = append([]drv.EnvVar(nil), g.drv.Env...)
	for i := range d.Env {
		d.Env[i] = drv.EnvVar{Name: rewriteString(d.Env[i].Name, rewrites), Value: rewriteString(d.Env[i].Value, rewrites)}
	}
	d.Outputs = append([]drv.Output(nil), g.drv.Outputs...)
	d.Normalize()
	hasher := &drv.Hasher{Dir: g.dir(), Read: w.readDerivation}
	if err := hasher.FillOutputs(&d); err != nil {
		g.fail(MiscFailure, "resolve '%s': %w", g.printed(), err)
		return
	}
	p, err := d.Write(g.l.ctx, w.Store)
	if err != nil {
		g.fail(MiscFailure, "resolve '%s': %w", g.printed(), err)
		return
	}
	act := w.Observe.start(LevelInfo, ActBuildWaiting, 0,
		fmt.Sprintf("resolved derivation: '%s' -> '%s'", g.printed(), g.dir().Format(p)), g.printed(), g.dir().Format(p))
	act.stop()
	wanted := g.wanted
	if g.all {
		wanted = nil
	}
	g.resolved = g.l.derivation(p, wanted, g.mode)
	g.waitFor(&g.resolved.goal)
	g.await(g.resolvedDone)
}

// resolvedDone takes over what the resolved derivation came to.
func (g *drvGoal) resolvedDone() {
	r := g.resolved
	if g.failed > 0 {
		g.end(r.status, &Failure{Status: DependencyFailed, Path: g.path,
			Msg: fmt.Sprintf("1 dependencies of derivation '%s' failed to build", g.printed())})
		return
	}
	g.results = r.results
	for _, o := range g.outputs {
		if p, ok := r.results[o.Name]; ok {
			o.known, o.valid = p, true
		}
	}
	if err := g.recordResolved(); err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	}
	if g.l.w.Settings.PostBuildHook == "" || g.mode == Check {
		g.end(r.status, nil)
		return
	}
	// The hook was run for the resolved derivation. That the outputs are of this one
	// as well is news too.
	var err error
	g.l.task(func() { err = g.l.w.postBuildHook(g.l.ctx, g.path, g.results, 0) }, func() {
		if err != nil {
			g.end(MiscFailure, err)
			return
		}
		g.end(r.status, nil)
	})
}
