package builder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/builder/sandbox"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/local"
)

// output is the state of one output of a derivation that is being built.
type output struct {
	*drv.Output
	known    store.Path      // final path, zero if it follows from the contents
	valid    bool            // known is valid (and, in repair mode, intact)
	id       store.DrvOutput // what realisations call it, if they are in use
	realised bool            // what it came to be is recorded
	scratch  store.Path      // where the builder writes
}

// build is one run of one derivation's builder.
type build struct {
	w       *Worker
	ctx     context.Context
	path    store.Path
	drv     *drv.Derivation
	attrs   *attrs
	mode    Mode
	name    string // as errors name the goal
	outputs []*output
	inputs  []store.Path // closure of everything the builder may see

	kind       drv.OutputKind
	sandboxed  bool
	user       *userLock
	topTmp     string // removed at the end
	tmp        string // TMPDIR, on the host
	tmpInside  string // TMPDIR, as the builder sees it
	chroot     string // <drv>.chroot, with the builder's store directory in it
	cgroup     *sandbox.Cgroup
	rewrites   map[string]string // placeholders and hash parts, for what the builder sees
	redirected []store.Path      // scratch paths that differ from the final ones

	log         *buildLogger
	start, stop time.Time
}

func (b *build) dir() store.Dir { return b.w.Store.StoreDir() }

func (b *build) printed() string { return b.dir().Format(b.path) }

// real is where a store path lies on disk.
func (b *build) real(p store.Path) string { return filepath.Join(b.w.Store.RealDir(), p.String()) }

// actual is where the builder's output lies on disk.
func (b *build) actual(p store.Path) string {
	if b.chroot != "" {
		return filepath.Join(b.chroot, "store", p.String())
	}
	return b.real(p)
}

// isPure says whether the build must not see the network.
func (b *build) isPure() bool { return b.kind != drv.CAFixed && b.kind != drv.Impure }

// run builds and registers. The output locks are held by the caller.
func (b *build) run() (map[string]store.Path, error) {
	defer b.cleanup()
	if err := b.prepare(); err != nil {
		return nil, err
	}
	err := b.execute()
	if err != nil {
		return nil, err
	}
	outs, err := b.registerOutputs()
	if err != nil {
		return nil, err
	}
	if b.mode == Check {
		return outs, nil
	}
	return outs, b.w.postBuildHook(b.ctx, b.path, outs, b.log.act.id)
}

// prepare decides on the sandbox and makes directories and environment.
func (b *build) prepare() error {
	features, err := b.attrs.requiredFeatures()
	if err != nil {
		return err
	}
	if slices.Contains(features, "recursive-nix") {
		return failf(InputRejected, b.path, "derivation '%s' requires 'recursive-nix', which gonix does not support", b.printed())
	}
	if err := b.chooseSandbox(); err != nil {
		return err
	}
	uidRange := slices.Contains(features, "uid-range")
	if uidRange && !b.sandboxed {
		return failf(InputRejected, b.path, "feature 'uid-range' is only supported in sandboxed builds")
	}
	if b.user != nil && !b.sandboxed && !b.drv.IsBuiltin() {
		killUser(b.user.UID)
	}
	if inside := b.w.Settings.sandboxBuildDir(); b.sandboxed && strings.HasPrefix(string(b.dir()), inside) {
		return fmt.Errorf("`sandbox-build-dir` must not contain the storeDir")
	}
	if err := b.makeTmp(); err != nil {
		return err
	}
	if b.sandboxed {
		if err := b.makeChroot(); err != nil {
			return err
		}
	}
	b.chooseScratch()
	b.makeCgroup()
	return nil
}

// makeCgroup gives the build a control group if the settings say so.
func (b *build) makeCgroup() {
	s := &b.w.Settings
	if !s.UseCgroups || b.drv.IsBuiltin() {
		return
	}
	var err error
	if b.cgroup, err = sandbox.NewCgroup(sandbox.Limits{Processes: int64(s.MaxProcesses), Memory: s.MaxMemory}); err != nil {
		b.w.noCgroups.Do(func() {
			b.w.Observe.message(LevelWarn, fmt.Sprintf("builds have no control groups, although 'use-cgroups' is set: %v", err))
		})
	}
}

func (b *build) checkPlatform() error {
	s := &b.w.Settings
	features, err := b.attrs.requiredFeatures()
	if err != nil {
		return err
	}
	ok := b.drv.System == s.System || slices.Contains(s.ExtraPlatforms, b.drv.System) || b.drv.IsBuiltin()
	for _, f := range features {
		ok = ok && (slices.Contains(s.SystemFeatures, f) || f == "ca-derivations" && s.CADerivations || f == "recursive-nix")
	}
	if !ok {
		return failf(InputRejected, b.path, "a '%s' with features {%s} is required to build '%s', but I am a '%s' with features {%s}",
			b.drv.System, strings.Join(features, ", "), b.printed(), s.System, strings.Join(sortedSet(s.SystemFeatures), ", "))
	}
	return nil
}

// chooseSandbox says whether this build gets one. Builtin builders are gonix's
// own code and run in this process.
func (b *build) chooseSandbox() error {
	if b.drv.IsBuiltin() {
		return nil
	}
	s := &b.w.Settings
	noChroot, err := b.attrs.bool("__noChroot", false)
	if err != nil {
		return err
	}
	switch s.Sandbox {
	case SandboxOn:
		if noChroot {
			return failf(InputRejected, b.path, "derivation '%s' has '__noChroot' set, but that's not allowed when 'sandbox' is 'true'", b.printed())
		}
		b.sandboxed = true
	case SandboxRelaxed:
		b.sandboxed = b.isPure() && !noChroot
	}
	diverted := string(b.dir()) != b.w.Store.RealDir()
	b.sandboxed = b.sandboxed || diverted
	if b.sandboxed {
		if sup := sandbox.Probe(); !sup.Namespaces {
			if !s.SandboxFallback || diverted {
				return failf(InputRejected, b.path, "this system does not support the kernel namespaces that are required for sandboxing (%v); use '--no-sandbox' to disable sandboxing", sup.Err)
			}
			b.sandboxed = false
		}
	}
	return nil
}

func (b *build) makeTmp() error {
	parent := b.w.Settings.buildDir()
	for i := 0; ; i++ {
		b.topTmp = filepath.Join(parent, fmt.Sprintf("nix-build-%s-%d", b.path.Name(), i))
		err := b.makeScratch(b.topTmp)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrExist) {
			b.topTmp = ""
			return fmt.Errorf("creating temporary directory: %w", err)
		}
	}
	b.tmp, b.tmpInside = b.topTmp, b.topTmp
	if b.sandboxed {
		// Below a directory that nobody else can enter.
		b.tmp = filepath.Join(b.topTmp, "build")
		b.tmpInside = b.w.Settings.sandboxBuildDir()
		if err := os.Mkdir(b.tmp, 0o700); err != nil {
			return err
		}
	}
	return b.chown(b.tmp)
}

func (b *build) makeScratch(name string) error {
	if s, ok := b.w.Store.(ScratchStore); ok {
		return s.MakeScratch(b.ctx, name)
	}
	return os.Mkdir(name, 0o700)
}

func (b *build) forgetScratch(name string) {
	if s, ok := b.w.Store.(ScratchStore); ok {
		if err := s.ForgetScratch(name); err != nil {
			b.w.Observe.fail(fmt.Errorf("forget build directory: %w", err))
		}
	}
}

func (b *build) chown(name string) error {
	if b.user == nil {
		return nil
	}
	return os.Lchown(name, int(b.user.UID), int(b.user.GID))
}

// makeChroot makes the directories that the sandbox is put together from. They
// are next to the derivation, so that outputs are moved by renaming them, and
// under a name that garbage collectors know: Nix's.
func (b *build) makeChroot() error {
	b.chroot = b.real(b.path) + ".chroot"
	if err := removeTree(b.chroot); err != nil {
		return err
	}
	for _, d := range []struct {
		name string
		mode os.FileMode
	}{{"", 0o700}, {"/root", 0o700}, {"/tmp", 0o777 | os.ModeSticky}, {"/store", 0o775 | os.ModeSticky}} {
		name := b.chroot + d.name
		if err := os.Mkdir(name, d.mode); err != nil {
			return err
		}
		if d.mode&os.ModeSticky != 0 {
			if err := os.Chmod(name, d.mode); err != nil {
				return err
			}
		}
	}
	if b.user != nil {
		return os.Chown(b.chroot+"/store", 0, int(b.user.GID))
	}
	return nil
}

// chooseScratch decides where the builder writes each output. A path that is
// valid cannot be written again without a sandbox, and a path that is not known
// yet has to be some path: these are rewritten when the build is done.
func (b *build) chooseScratch() {
	b.rewrites = map[string]string{}
	for _, o := range b.outputs {
		switch {
		case o.known.IsZero():
			o.scratch = b.fallbackPath("name:"+o.Name, store.OutputPathName(b.drv.Name, o.Name))
		case b.sandboxed || !o.valid && b.mode != Repair || !exists(b.real(o.known)):
			o.scratch = o.known
		default:
			o.scratch = b.fallbackPath(o.known.String(), o.known.Name())
		}
		b.rewrites[store.OutputPlaceholder(o.Name)] = b.dir().Format(o.scratch)
		if o.known.IsZero() || o.known == o.scratch {
			continue
		}
		removeTree(b.real(o.scratch))
		b.rewrites[o.known.HashPart()] = o.scratch.HashPart()
		b.redirected = append(b.redirected, o.scratch)
	}
}

// fallbackPath is a path that nothing else has.
func (b *build) fallbackPath(what, name string) store.Path {
	h := hash.SumString(hash.SHA256, "rewrite:"+b.path.String()+":"+what)
	p, err := b.dir().TextPath(name, h, nil)
	if err != nil {
		panic(err) // the name is that of a valid path
	}
	return p
}

// killUser kills whatever runs as a build user. A process cannot kill itself by
// kill(-1) once it is another user, so this walks /proc.
func killUser(uid uint32) {
	if uid == 0 {
		return
	}
	for range 100 {
		entries, err := os.ReadDir("/proc")
		if err != nil {
			return
		}
		found := false
		for _, e := range entries {
			if c := e.Name()[0]; c < '0' || c > '9' {
				continue
			}
			var st unix.Stat_t
			if unix.Stat("/proc/"+e.Name(), &st) != nil || st.Uid != uid {
				continue
			}
			var pid int
			fmt.Sscan(e.Name(), &pid)
			if status, err := os.ReadFile("/proc/" + e.Name() + "/stat"); err == nil {
				if i := strings.LastIndexByte(string(status), ')'); i >= 0 && strings.HasPrefix(string(status[i+1:]), " Z") {
					continue
				}
			}
			found = unix.Kill(pid, unix.SIGKILL) == nil || found
		}
		if !found {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (b *build) cleanup() {
	if b.topTmp != "" {
		if err := removeTree(b.topTmp); err != nil {
			b.w.Observe.fail(fmt.Errorf("remove build directory: %w", err))
		} else {
			b.forgetScratch(b.topTmp)
		}
	}
	if b.chroot != "" {
		removeTree(b.chroot)
	}
	for _, p := range b.redirected {
		removeTree(b.real(p))
	}
	b.cgroup.Close()
	b.user.release()
}

// keepTmp leaves the temporary directory of a failed build for the user.
func (b *build) keepTmp() {
	if !b.w.Settings.KeepFailed || b.drv.IsBuiltin() || b.topTmp == "" {
		return
	}
	b.w.Observe.message(LevelError, fmt.Sprintf("note: keeping build directory '%s'", b.tmp))
	os.Chmod(b.topTmp, 0o755)
	os.Chmod(b.tmp, 0o755)
	if uid := os.Geteuid(); b.user != nil && uid == 0 {
		os.Lchown(b.topTmp, int(b.user.UID), int(b.user.GID))
	}
	b.forgetScratch(b.topTmp)
	b.topTmp = ""
}

// keepOutputs moves what a failed build left in the sandbox to where the user
// looks for it; it is not valid there, and will be swept up.
func (b *build) keepOutputs() {
	if b.chroot == "" || b.mode != Normal {
		return
	}
	seen := map[local.Inode]bool{}
	for _, o := range b.outputs {
		if !o.known.IsZero() && !o.valid && exists(b.actual(o.known)) && !exists(b.real(o.known)) &&
			b.canonicalise(b.actual(o.known), seen) == nil { // others would see set-user-ID bits
			moveTree(b.actual(o.known), b.real(o.known))
		}
	}
}

// diskFull guesses whether the build failed because there was no room.
func (b *build) diskFull() bool {
	const required = 8 << 20
	for _, d := range []string{b.w.Store.RealDir(), b.tmp} {
		var st unix.Statfs_t
		if unix.Statfs(d, &st) == nil && st.Bavail*uint64(st.Bsize) < required {
			return true
		}
	}
	return false
}
