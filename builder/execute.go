package builder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gonix.dev/gonix/builder/sandbox"
	"gonix.dev/gonix/store"
)

// Who the builder is inside a sandbox, as in Nix.
const (
	insideUID = 1000
	insideGID = 100
)

// execute runs the builder to its end and judges how it ended.
func (b *build) execute() error {
	env, err := b.environ()
	if err != nil {
		return err
	}
	var log *logFile
	if b.w.Settings.KeepLog {
		if log, err = openLog(b.w.Store.LogDir(), b.path, b.w.Settings.CompressLog); err != nil {
			return err
		}
	}
	b.start = time.Now()
	var status sandbox.Status
	if b.drv.IsBuiltin() {
		status, err = b.runBuiltin(log)
	} else {
		status, err = b.runProcess(env, log)
	}
	b.stop = time.Now()
	if e := log.close(); err == nil && e != nil {
		err = fmt.Errorf("write log: %w", e)
	}
	if err != nil {
		var f *Failure
		if errors.As(err, &f) {
			b.keepTmp()
		}
		return err
	}
	if !status.OK() {
		return b.builderFailed(status)
	}
	return nil
}

// builderFailed words the error for a builder that failed.
func (b *build) builderFailed(status sandbox.Status) error {
	full := b.diskFull()
	b.keepTmp()
	b.keepOutputs()
	s := &b.w.Settings
	msg := fmt.Sprintf("builder for '%s' %s", b.printed(), status)
	if tail := b.log.tail; !s.PrintLogs && len(tail) > 0 {
		msg += fmt.Sprintf(";\nlast %d log lines:\n", len(tail))
		for _, l := range tail {
			msg += "> " + l + "\n"
		}
		cmd := s.LogCommand
		if cmd == "" {
			cmd = "nix log"
		}
		msg += fmt.Sprintf("For full logs, run:\n  %s %s", cmd, b.printed())
	}
	st := PermanentFailure
	if full {
		msg += "\nnote: build failure may have been caused by lack of free disk space"
	}
	if full || !b.isPure() {
		st = TransientFailure
	}
	return &Failure{Status: st, Path: b.path, Msg: msg}
}

// runProcess starts the builder and reads its output until it ends, is too
// slow, too silent, too loud, or nobody wants it any more.
func (b *build) runProcess(env []string, log *logFile) (sandbox.Status, error) {
	master, slave, err := sandbox.OpenPTY()
	if err != nil {
		return sandbox.Status{}, err
	}
	defer master.Close()
	if b.user != nil {
		slave.Chmod(0o600)
		slave.Chown(int(b.user.UID), 0)
	}
	spec, err := b.spec(env)
	if err != nil {
		slave.Close()
		return sandbox.Status{}, err
	}
	spec.Stdout = slave
	p, err := sandbox.Start(spec)
	slave.Close()
	var step *sandbox.StepError
	if errors.As(err, &step) && step.Exec {
		// What Nix's child says, since it is the log of the build.
		line := fmt.Sprintf("error: %s: %s", step.Step, sysErrorText(step.Err))
		fmt.Fprintln(log, line)
		b.log.line(line)
		return sandbox.Status{Code: 1}, nil
	}
	if step != nil && step.Step == "setgroups" {
		return sandbox.Status{}, fmt.Errorf("while setting up the build environment: setgroups failed. Set the require-drop-supplementary-groups option to false to skip this step.")
	}
	if err != nil {
		return sandbox.Status{}, fmt.Errorf("while setting up the build environment: %w", err)
	}
	return b.watch(p, master, log)
}

// sysErrorText is C's strerror, whose words begin with a capital letter.
func sysErrorText(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

func (b *build) watch(p *sandbox.Process, master *os.File, log *logFile) (sandbox.Status, error) {
	s := &b.w.Settings
	var failure atomic.Pointer[Failure]
	kill := func(f *Failure) {
		if failure.CompareAndSwap(nil, f) {
			p.Kill()
		}
	}
	silent := newSilence()
	done := make(chan struct{})
	var helpers sync.WaitGroup
	helpers.Go(func() { b.limitTime(done, silent, kill) })

	var status sandbox.Status
	var waitErr error
	helpers.Go(func() {
		status, waitErr = p.Wait()
		// What the builder wrote is in the terminal by now. A process that got
		// away from an unsandboxed build may hold it open for ever.
		master.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		close(done)
	})

	var size int64
	lines := &lineSplitter{emit: b.log.line}
	buf := make([]byte, 32<<10)
	for {
		n, err := master.Read(buf)
		if n > 0 {
			size += int64(n)
			if s.MaxLogSize > 0 && size > s.MaxLogSize {
				kill(failf(LogLimitExceeded, b.path, "%s killed after writing more than %d bytes of log output", b.name, s.MaxLogSize))
				break
			}
			silent.heard()
			lines.Write(buf[:n])
			if _, err := log.Write(buf[:n]); err != nil {
				kill(failf(MiscFailure, b.path, "write log of '%s': %w", b.printed(), err))
				break
			}
		}
		if err != nil {
			break // EIO when nobody has the other side open
		}
	}
	// The builder has ended, or has closed its output on purpose: as in Nix,
	// that is the end of it too.
	p.Kill()
	helpers.Wait()
	if len(lines.line) > 0 {
		lines.flush()
	}
	for _, a := range b.log.nested {
		a.stop()
	}
	if b.user != nil && !b.sandboxed {
		killUser(b.user.UID)
	}
	if f := failure.Load(); f != nil {
		return status, f
	}
	return status, waitErr
}

// silence measures how long a builder has said nothing, on a clock that does not
// jump when the time of day is set.
type silence struct {
	begin time.Time
	last  atomic.Int64 // nanoseconds after begin
}

func newSilence() *silence { return &silence{begin: time.Now()} }

func (s *silence) heard() { s.last.Store(int64(time.Since(s.begin))) }

func (s *silence) lasts() time.Duration { return time.Since(s.begin) - time.Duration(s.last.Load()) }

// limitTime kills a build that takes too long or says nothing for too long.
func (b *build) limitTime(done <-chan struct{}, silent *silence, kill func(*Failure)) {
	s := &b.w.Settings
	var total <-chan time.Time
	if s.Timeout > 0 {
		t := time.NewTimer(s.Timeout)
		defer t.Stop()
		total = t.C
	}
	silence := time.NewTimer(s.MaxSilentTime)
	defer silence.Stop()
	if s.MaxSilentTime <= 0 {
		silence.Stop()
	}
	for {
		select {
		case <-done:
			return
		case <-b.ctx.Done():
			kill(&Failure{Status: Cancelled, Path: b.path, Msg: fmt.Sprintf("build of '%s' was cancelled", b.printed()), Err: context.Cause(b.ctx)})
			<-done
			return
		case <-total:
			kill(failf(TimedOut, b.path, "%s timed out after %d seconds", b.name, int(s.Timeout.Seconds())))
		case <-silence.C:
			left := s.MaxSilentTime - silent.lasts()
			if left <= 0 {
				kill(failf(TimedOut, b.path, "%s timed out after %d seconds of silence", b.name, int(s.MaxSilentTime.Seconds())))
			} else {
				silence.Reset(left)
			}
		}
	}
}

// spec describes the builder's process and its world.
func (b *build) spec(env []string) (*sandbox.Spec, error) {
	s := &b.w.Settings
	spec := &sandbox.Spec{
		Path:               rewriteString(b.drv.Builder, b.rewrites),
		Args:               []string{filepath.Base(b.drv.Builder)},
		Env:                env,
		Dir:                b.tmpInside,
		FilterSyscalls:     s.FilterSyscalls,
		AllowNewPrivileges: s.AllowNewPrivileges,
		Personality:        personality(s.System, b.drv.System),
		Cgroup:             b.cgroup,
		MaxProcesses:       s.MaxProcesses,
		KeepGroups:         !s.RequireDropGroups,
	}
	for _, a := range b.drv.Args {
		spec.Args = append(spec.Args, rewriteString(a, b.rewrites))
	}
	if b.user != nil {
		spec.User = &b.user.User
	}
	if !b.sandboxed {
		return spec, nil
	}
	root := &sandbox.Root{
		Dir:     b.chroot + "/root",
		UID:     insideUID,
		GID:     insideGID,
		Network: !b.isPure(),
		ShmSize: s.SandboxShmSize,
		KVM:     slices.Contains(s.SystemFeatures, "kvm"),
	}
	if b.user != nil && b.user.Count > 1 {
		root.UID, root.GID, root.Writable, root.Sysfs = 0, 0, true, true
	}
	mounts, err := b.mounts()
	if err != nil {
		return nil, err
	}
	root.Mounts = mounts
	has := func(target string) bool {
		return slices.ContainsFunc(mounts, func(m sandbox.Mount) bool {
			return m.Target == target || strings.HasPrefix(target, m.Target+"/")
		})
	}
	file := func(path, data string) {
		if !has(path) {
			root.Files = append(root.Files, sandbox.File{Path: path, Mode: 0o444, Data: data})
		}
	}
	home := s.sandboxBuildDir()
	file("/etc/passwd", fmt.Sprintf("root:x:0:0:Nix build user:%s:/noshell\nnixbld:x:%d:%d:Nix build user:%s:/noshell\nnobody:x:65534:65534:Nobody:/:/noshell\n",
		home, root.UID, root.GID, home))
	file("/etc/group", fmt.Sprintf("root:x:0:\nnixbld:!:%d:\nnogroup:x:65534:\n", root.GID))
	if b.isPure() {
		file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
	} else {
		file("/etc/nsswitch.conf", "hosts: files dns\nservices: files\n")
	}
	spec.Root = root
	return spec, nil
}

// mounts lists what the builder sees of the host.
func (b *build) mounts() ([]sandbox.Mount, error) {
	s := &b.w.Settings
	byTarget := map[string]sandbox.Mount{}
	var fromStore []store.Path
	add := func(target, source string, optional bool) {
		target = filepath.Clean(target)
		byTarget[target] = sandbox.Mount{Source: source, Target: target, Optional: optional}
		if b.dir().Contains(source) {
			if p, _, err := b.dir().Split(source); err == nil {
				fromStore = append(fromStore, p)
			}
		}
	}
	for _, p := range s.SandboxPaths {
		p, optional := strings.CutSuffix(p, "?")
		if p == "" {
			continue
		}
		target, source, ok := strings.Cut(p, "=")
		if !ok {
			source = target
		}
		add(target, source, optional)
	}
	impure, _, err := b.attrs.strings("__impureHostDeps")
	if err != nil {
		return nil, err
	}
	for _, p := range impure {
		if !slices.ContainsFunc(s.AllowedImpureHostDeps, func(allowed string) bool {
			allowed = filepath.Clean(allowed)
			return filepath.Clean(p) == allowed || strings.HasPrefix(filepath.Clean(p), strings.TrimSuffix(allowed, "/")+"/")
		}) {
			return nil, failf(InputRejected, b.path, "derivation '%s' requested impure path '%s', but it was not in allowed-impure-host-deps", b.printed(), p)
		}
		add(p, p, true)
	}
	if b.w.Settings.PreBuildHook != "" {
		if err := b.preBuildHook(add); err != nil {
			return nil, err
		}
	}
	if _, ok := byTarget["/bin/sh"]; !ok && s.Shell != "" && byTarget["/bin"].Target == "" {
		byTarget["/bin/sh"] = sandbox.Mount{Source: s.Shell, Target: "/bin/sh", ReadOnly: true}
		for _, lib := range s.ShellLibraries {
			if real, err := filepath.EvalSymlinks(lib); err == nil {
				byTarget[lib] = sandbox.Mount{Source: real, Target: lib, ReadOnly: true}
			}
		}
	}
	if !b.isPure() {
		for _, p := range []string{"/etc/resolv.conf", "/etc/services", "/etc/hosts"} {
			if real, err := filepath.EvalSymlinks(p); err == nil {
				byTarget[p] = sandbox.Mount{Source: real, Target: p}
			}
		}
		const certs = "/etc/ssl/certs/ca-certificates.crt"
		if real, err := filepath.EvalSymlinks(s.CAFile); s.CAFile != "" && err == nil && byTarget[certs].Target == "" {
			byTarget[certs] = sandbox.Mount{Source: real, Target: certs}
		}
	}
	byTarget[s.sandboxBuildDir()] = sandbox.Mount{Source: b.tmp, Target: s.sandboxBuildDir()}
	if byTarget["/tmp"].Target == "" {
		byTarget["/tmp"] = sandbox.Mount{Source: b.chroot + "/tmp", Target: "/tmp"}
	}
	byTarget[string(b.dir())] = sandbox.Mount{Source: b.chroot + "/store", Target: string(b.dir())}

	// The closure of everything that comes from the store.
	visible := make(map[store.Path]bool, len(b.inputs))
	for _, p := range b.inputs {
		visible[p] = true
	}
	for _, p := range fromStore {
		if ok, err := b.w.Store.IsValid(b.ctx, p); err == nil && ok {
			more, err := b.w.closure(b.ctx, paths1(p))
			if err != nil {
				return nil, fmt.Errorf("while processing 'sandbox-paths': %w", err)
			}
			for _, p := range more {
				visible[p] = true
			}
		}
	}
	for _, o := range b.outputs {
		delete(visible, o.known) // it may be rebuilt although it is in use
	}
	for p := range visible {
		target := b.dir().Format(p)
		if b.linkInput(p) {
			continue
		}
		byTarget[target] = sandbox.Mount{Source: b.real(p), Target: target, ReadOnly: true}
	}
	out := make([]sandbox.Mount, 0, len(byTarget))
	for _, t := range sortedKeys(byTarget) {
		out = append(out, byTarget[t])
	}
	return out, nil
}

// linkInput makes an input that is a file visible by a hard link, which costs much
// less than a mount. That needs a build user, who cannot write to the file.
func (b *build) linkInput(p store.Path) bool {
	if b.user == nil {
		return false
	}
	st, err := os.Lstat(b.real(p))
	return err == nil && st.Mode().IsRegular() && os.Link(b.real(p), filepath.Join(b.chroot, "store", p.String())) == nil
}

// personality is the execution domain for a 32-bit derivation on a 64-bit
// machine, or 0.
func personality(machine, wanted string) uintptr {
	const linux32 = 8
	if machine == wanted {
		return 0
	}
	switch {
	case wanted == "i686-linux" && (machine == "x86_64-linux" || runtime.GOARCH == "amd64"),
		wanted == "armv7l-linux" && machine == "aarch64-linux",
		wanted == "armv6l-linux" && machine == "aarch64-linux":
		return linux32
	}
	return 0
}
