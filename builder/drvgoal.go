package builder

import (
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// drvGoal makes outputs of a derivation.
type drvGoal struct {
	goal
	path   store.Path
	mode   Mode
	wanted []string // nil means all
	all    bool

	drv     *drv.Derivation
	attrs   *attrs
	kind    drv.OutputKind
	outputs []*output

	committed bool // builds all outputs, whatever is wanted
	restart   bool // more outputs are wanted than were substituted
	retried   bool // substitution was tried again after inputs were built
	retry     bool

	waiting     activity // for a lock or a user
	resolved    *drvGoal
	inputsOf    map[store.Path]map[string]store.Path
	results     map[string]store.Path
	start, stop time.Time
}

func (l *loop) derivation(p store.Path, outputs []string, mode Mode) *drvGoal {
	if g := l.drvs[p]; g != nil && g.mode == mode {
		if g.want(outputs) {
			return g
		}
	}
	g := &drvGoal{
		goal: goal{l: l, of: p, key: "b$" + p.Name() + "$" + p.String()},
		path: p, mode: mode, wanted: outputs, all: outputs == nil,
	}
	l.drvs[p] = g
	l.tally.build.expected++
	l.tally.report()
	g.await(g.begin)
	return g
}

// want adds outputs to those wanted. It says whether the goal still cares.
func (g *drvGoal) want(outputs []string) bool {
	if g.all || g.committed && !g.done {
		return true
	}
	if outputs != nil && !slices.ContainsFunc(outputs, func(o string) bool { return !slices.Contains(g.wanted, o) }) {
		return true
	}
	if g.done {
		return g.status.OK() && len(g.results) == len(g.outputs)
	}
	if outputs == nil {
		g.all = true
	} else {
		g.wanted = sortedSet(append(slices.Clone(g.wanted), outputs...))
	}
	g.restart = g.drv != nil
	return true
}

func (g *drvGoal) isWanted(name string) bool { return g.all || slices.Contains(g.wanted, name) }

func (g *drvGoal) dir() store.Dir { return g.l.w.Store.StoreDir() }

func (g *drvGoal) printed() string { return g.dir().Format(g.path) }

// name is how errors name the goal.
func (g *drvGoal) name() string {
	t := Target{Drv: g.path, Outputs: g.wanted}
	if g.all {
		t.Outputs = nil
	}
	return fmt.Sprintf("building of '%s%s' from .drv file", g.printed(), targetSuffix(t))
}

func (g *drvGoal) fail(status Status, format string, args ...any) {
	g.end(status, failf(status, g.path, format, args...))
}

// end finishes the goal and keeps the counts.
func (g *drvGoal) end(status Status, err error) {
	l := g.l
	g.waiting.stop()
	switch status {
	case TimedOut:
		l.out.TimedOut = true
	case PermanentFailure, InputRejected:
		l.out.PermanentFailure = true
	case HashMismatch:
		l.out.HashMismatch = true
	case NotDeterministic:
		l.out.CheckMismatch = true
	}
	if status == Built {
		l.tally.build.done++
	} else {
		l.tally.build.expected--
		if !status.OK() && status != DependencyFailed {
			l.tally.build.failed++
		}
	}
	l.tally.report()
	g.finish(status, err)
}

// begin gets the derivation.
func (g *drvGoal) begin() {
	ok, err := g.l.w.hasDerivation(g.l.ctx, g.path)
	if err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	}
	if ok {
		g.load()
		return
	}
	g.waitFor(&g.l.path(g.path).goal)
	g.await(g.load)
}

func (g *drvGoal) load() {
	w := g.l.w
	if g.failed > 0 {
		g.fail(MiscFailure, "cannot build missing derivation '%s'", g.printed())
		return
	}
	if err := w.holdDerivation(g.l.ctx, g.path); err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	}
	d, err := w.readDerivation(g.path)
	if err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	}
	g.drv = d
	if g.kind, err = d.Kind(); err != nil {
		g.fail(InputRejected, "derivation '%s' %w", g.printed(), err)
		return
	}
	if g.attrs, err = parseAttrs(g.path, d); err != nil {
		g.fail(InputRejected, "%w", err)
		return
	}
	g.lookAtOutputs()
}

// lookAtOutputs finds out what is there, and substitutes what is not.
func (g *drvGoal) lookAtOutputs() {
	w := g.l.w
	g.restart = false
	switch {
	case g.kind == drv.Impure && !w.Settings.ImpureDerivations:
		g.fail(InputRejected, "experimental Nix feature 'impure-derivations' is disabled; use '--extra-experimental-features impure-derivations' to override")
		return
	case (g.kind == drv.CAFloating || g.kind == drv.Deferred) && !w.Settings.CADerivations:
		g.fail(InputRejected, "experimental Nix feature 'ca-derivations' is disabled; use '--extra-experimental-features ca-derivations' to override")
		return
	}
	g.outputs = g.outputs[:0]
	for i := range g.drv.Outputs {
		o := &output{Output: &g.drv.Outputs[i], known: g.drv.Outputs[i].Path}
		if !o.known.IsZero() {
			if err := w.Store.AddTempRoot(g.l.ctx, o.known); err != nil {
				g.fail(MiscFailure, "%w", err)
				return
			}
		}
		g.outputs = append(g.outputs, o)
	}
	for _, name := range g.wanted {
		if g.drv.Output(name) == nil && !g.all {
			g.fail(MiscFailure, "derivation '%s' does not have wanted outputs '%s'", g.printed(), name)
			return
		}
	}
	if g.kind == drv.Impure {
		g.buildInputs()
		return
	}
	allValid, err := g.checkValidity()
	if err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	}
	if allValid && g.mode == Normal {
		g.succeed(AlreadyValid)
		return
	}
	allowed, err := g.attrs.bool("allowSubstitutes", true)
	if err != nil {
		g.fail(InputRejected, "%w", err)
		return
	}
	if w.Settings.Substitute && w.Substituter != nil && g.mode == Normal && (allowed || w.Settings.AlwaysAllowSubstitutes) {
		for _, o := range g.outputs {
			if !g.isWanted(o.Name) || o.valid {
				continue
			}
			if o.known.IsZero() {
				g.waitFor(&g.l.output(o.id, g.path).goal)
			} else {
				// A goal that failed is tried again: its references may be
				// there by now.
				if old := g.l.paths[o.known]; old != nil && old.done && !old.status.OK() {
					delete(g.l.paths, o.known)
				}
				sub := g.l.path(o.known)
				sub.ca = o.FixedAddress()
				g.waitFor(&sub.goal)
			}
		}
	}
	g.await(g.substitutionTried)
}

// checkValidity looks which outputs are valid, and whether all wanted ones are.
func (g *drvGoal) checkValidity() (bool, error) {
	w := g.l.w
	if err := g.findRealisations(); err != nil {
		return false, err
	}
	var paths []store.Path
	for _, o := range g.outputs {
		if !o.known.IsZero() {
			paths = append(paths, o.known)
		}
	}
	valid, err := w.Store.QueryValidPaths(g.l.ctx, paths)
	if err != nil {
		return false, err
	}
	all := true
	for _, o := range g.outputs {
		o.valid = valid[o.known]
		if o.valid && g.mode == Repair {
			if o.valid, err = w.contentsGood(g.l.ctx, o.known); err != nil {
				return false, err
			}
		}
		if g.isWanted(o.Name) && !o.valid {
			all = false
		}
	}
	return all, g.recordKnown()
}

// succeed ends the goal with the outputs that are known to be valid.
func (g *drvGoal) succeed(status Status) {
	g.results = map[string]store.Path{}
	for _, o := range g.outputs {
		if o.valid {
			g.results[o.Name] = o.known
		}
	}
	g.end(status, nil)
}

func (g *drvGoal) substitutionTried() {
	w := g.l.w
	failed, missing := g.failed, g.missing
	g.failed, g.missing = 0, 0
	if failed > missing && !w.Settings.Fallback {
		g.fail(TransientFailure, "some substitutes for the outputs of derivation '%s' failed (usually happens due to networking issues); try '--fallback' to build derivation from source ", g.printed())
		return
	}
	g.retry = missing > 0 && !g.retried
	if g.restart {
		g.lookAtOutputs()
		return
	}
	allValid, err := g.checkValidity()
	switch {
	case err != nil:
		g.fail(MiscFailure, "%w", err)
	case g.mode == Normal && allValid:
		g.succeed(Substituted)
	case g.mode == Repair && allValid:
		g.repairClosure()
	case g.mode == Check && !allValid:
		g.fail(MiscFailure, "some outputs of '%s' are not valid, so checking is not possible", g.printed())
	default:
		g.buildInputs()
	}
}

// buildInputs makes everything that the build needs.
func (g *drvGoal) buildInputs() {
	w := g.l.w
	g.committed = true
	mode := Normal
	if g.mode == Repair {
		mode = Repair
	}
	for _, in := range g.drv.InputDrvs {
		if len(in.Dynamic) > 0 {
			g.fail(MiscFailure, "Building dynamic derivations in one shot is not yet implemented: '%s' depends on outputs of a derivation that '%s' makes", g.printed(), g.dir().Format(in.Path))
			return
		}
		g.waitFor(&g.l.derivation(in.Path, in.Outputs, mode).goal)
	}
	if w.EvalStore != nil {
		if err := w.EvalStore.Bring(g.l.ctx, g.drv.InputSrcs); err != nil {
			g.fail(MiscFailure, "copy the sources of '%s': %w", g.printed(), err)
			return
		}
	}
	if len(g.drv.InputSrcs) > 0 {
		valid, err := w.Store.QueryValidPaths(g.l.ctx, g.drv.InputSrcs)
		if err != nil {
			g.fail(MiscFailure, "%w", err)
			return
		}
		for _, p := range g.drv.InputSrcs {
			if valid[p] {
				continue
			}
			if !w.Settings.Substitute || w.Substituter == nil {
				g.fail(MiscFailure, "dependency '%s' of '%s' does not exist, and substitution is disabled", g.dir().Format(p), g.printed())
				return
			}
			g.waitFor(&g.l.path(p).goal)
		}
	}
	g.await(g.inputsDone)
}

func (g *drvGoal) inputsDone() {
	if g.failed > 0 {
		g.fail(DependencyFailed, "%d dependencies of derivation '%s' failed to build", g.failed, g.printed())
		return
	}
	if g.retry && !g.retried && len(g.drv.InputDrvs) > 0 {
		g.retried, g.committed = true, false
		g.lookAtOutputs()
		return
	}
	if g.needsResolving() {
		g.resolve()
		return
	}
	g.await(g.tryBuild)
}

// tryBuild begins the build as soon as there are a slot, the locks of the outputs
// and a user to build as.
func (g *drvGoal) tryBuild() {
	l, w := g.l, g.l.w
	if _, ok := w.Store.(elsewhere); ok {
		g.fail(MiscFailure, "%w", errElsewhere)
		return
	}
	if running := int(l.tally.build.running); running >= w.Settings.MaxJobs && !(g.drv.IsBuiltin() && running == 0) {
		heap.Push(&l.forSlot, &g.goal)
		return
	}
	var names []string
	for _, o := range g.outputs {
		if o.known.IsZero() {
			names = append(names, w.Store.RealDir()+"/"+g.path.String()+"."+o.Name)
		} else {
			names = append(names, w.Store.RealDir()+"/"+o.known.String())
		}
	}
	locks, ok, err := tryLockPaths(names)
	if err != nil {
		g.fail(MiscFailure, "%w", err)
		return
	}
	if !ok {
		if g.waiting.id == 0 {
			g.waiting = w.Observe.start(LevelWarn, ActBuildWaiting, 0, "waiting for lock on '"+strings.Join(names, "', '")+"'")
		}
		l.forLock = append(l.forLock, &g.goal)
		return
	}
	release := func() {
		locks.delete = true
		locks.unlock()
	}
	if g.kind != drv.Impure {
		// Somebody else may have built it since we looked.
		allValid, err := g.checkValidity()
		if err != nil {
			locks.unlock()
			g.fail(MiscFailure, "%w", err)
			return
		}
		if allValid && g.mode == Normal {
			release()
			g.succeed(AlreadyValid)
			return
		}
	}
	b := &build{w: w, ctx: l.ctx, path: g.path, drv: g.drv, attrs: g.attrs, mode: g.mode, name: g.name(), outputs: g.outputs, kind: g.kind}
	if err := b.checkPlatform(); err != nil {
		locks.unlock()
		var f *Failure
		if !errors.As(err, &f) {
			f = failf(InputRejected, g.path, "%w", err)
		}
		g.end(f.Status, f)
		return
	}
	if w.useBuildUsers() && !g.drv.IsBuiltin() {
		count := uint32(1)
		if features, err := g.attrs.requiredFeatures(); err == nil && slices.Contains(features, "uid-range") {
			count = idsPerBuild
		}
		if b.user, err = w.acquireUser(count); err != nil {
			locks.unlock()
			g.fail(MiscFailure, "%w", err)
			return
		}
		if b.user == nil {
			locks.unlock()
			if g.waiting.id == 0 {
				g.waiting = w.Observe.start(LevelWarn, ActBuildWaiting, 0, fmt.Sprintf("waiting for a free build user ID for '%s'", g.printed()))
			}
			l.forLock = append(l.forLock, &g.goal)
			return
		}
	}
	g.waiting.stop()
	g.waiting = activity{}
	g.launch(b, locks)
}

// launch runs the build as a task.
func (g *drvGoal) launch(b *build, locks *pathLocks) {
	l, w := g.l, g.l.w
	verb := map[Mode]string{Normal: "building '%s'", Check: "checking outputs of '%s'", Repair: "repairing outputs of '%s'"}[g.mode]
	act := w.Observe.startFor(g.awaitedBy(), LevelInfo, ActBuild, 0, fmt.Sprintf(verb, g.printed()), g.printed(), "", int64(1), int64(1))
	b.log = &buildLogger{act: act, observe: w.Observe, keep: w.Settings.logLines()}
	l.tally.build.running++
	l.tally.report()
	var outs map[string]store.Path
	var err error
	l.task(func() {
		if err = g.collectInputs(b); err == nil {
			outs, err = b.run()
		} else {
			b.user.release()
		}
		if err == nil {
			// From now on others see that the outputs are valid.
			locks.delete = true
		}
		locks.unlock()
	}, func() {
		defer act.stop()
		l.tally.build.running--
		if w.Settings.MaxJobs == 0 {
			// The slot that a builtin builder may take none the less.
			l.wakeAll((*[]*goal)(&l.forSlot))
		}
		g.start, g.stop = b.start, b.stop
		if err == nil {
			g.results = outs
			g.end(Built, nil)
			return
		}
		var f *Failure
		if l.ctx.Err() != nil {
			f = &Failure{Status: Cancelled, Path: g.path, Msg: "cancelled", Err: err}
		} else if !errors.As(err, &f) {
			f = failf(MiscFailure, g.path, "%w", err)
		}
		g.end(f.Status, f)
	})
}

// collectInputs computes what the builder may see, and clears the way.
func (g *drvGoal) collectInputs(b *build) error {
	w := g.l.w
	var roots []store.Path
	for _, in := range g.drv.InputDrvs {
		outs := g.inputsOf[in.Path]
		for _, name := range in.Outputs {
			p := outs[name]
			if p.IsZero() {
				return failf(MiscFailure, g.path, "derivation '%s' requires non-existent output '%s' from input derivation '%s'", g.printed(), name, g.dir().Format(in.Path))
			}
			roots = append(roots, p)
		}
	}
	var err error
	if b.inputs, err = w.closure(b.ctx, append(roots, g.drv.InputSrcs...)); err != nil {
		return err
	}
	for _, o := range g.outputs {
		if o.known.IsZero() || o.valid {
			continue
		}
		if g.mode == Normal || g.mode == Repair {
			if ok, err := w.Store.IsValid(b.ctx, o.known); err != nil || ok {
				continue // in repair mode it is replaced at the end
			}
			if err := removeTree(b.real(o.known)); err != nil {
				return fmt.Errorf("remove what is in the way of '%s': %w", g.dir().Format(o.known), err)
			}
		}
	}
	return nil
}
