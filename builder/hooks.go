package builder

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"gonix.dev/gonix/store"
)

// exitText words how a program ended, as Nix does.
func exitText(err error) string {
	if e, ok := err.(*exec.ExitError); ok {
		if e.ExitCode() >= 0 {
			return fmt.Sprintf("failed with exit code %d", e.ExitCode())
		}
		return "failed due to a signal (" + e.String() + ")"
	}
	return "could not be run: " + err.Error()
}

// preBuildHook runs the hook that can make more of the host visible.
func (b *build) preBuildHook(add func(target, source string, optional bool)) error {
	hook := b.w.Settings.PreBuildHook
	out, err := exec.CommandContext(b.ctx, hook, b.printed(), b.chroot+"/root").Output()
	if err != nil {
		return fmt.Errorf("pre-build hook '%s' %s", hook, exitText(err))
	}
	inPaths := false
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case !inPaths && (line == "extra-sandbox-paths" || line == "extra-chroot-dirs"):
			inPaths = true
		case !inPaths:
			return fmt.Errorf("unknown pre-build hook command '%s'", line)
		case line == "":
			inPaths = false
		default:
			target, source, ok := strings.Cut(line, "=")
			if !ok {
				source = target
			}
			add(target, source, false)
		}
	}
	return nil
}

// postBuildHook runs the hook for outputs of drv that were built and registered. It
// is an activity within the one called parent.
func (w *Worker) postBuildHook(ctx context.Context, drv store.Path, outs map[string]store.Path, parent uint64) error {
	hook := w.Settings.PostBuildHook
	if hook == "" {
		return nil
	}
	dir := w.Store.StoreDir()
	printed := dir.Format(drv)
	act := w.Observe.start(LevelTalkative, ActPostBuild, parent, fmt.Sprintf("running post-build-hook '%s'", hook), printed)
	defer act.stop()
	var paths []string
	for _, p := range outs {
		paths = append(paths, dir.Format(p))
	}
	slices.Sort(paths)
	cmd := exec.CommandContext(ctx, hook)
	cmd.Env = append(slices.Clone(w.Settings.Environ),
		"DRV_PATH="+printed, "OUT_PATHS="+strings.Join(paths, " "), "NIX_CONFIG="+w.Settings.HookConfig)
	lines := &lineSplitter{emit: func(s string) { act.report(ResPostBuildLogLine, s) }}
	cmd.Stdout, cmd.Stderr = lines, lines
	err := cmd.Run()
	if len(lines.line) > 0 {
		lines.flush()
	}
	if err != nil {
		return failf(MiscFailure, drv, "program '%s' %s", hook, exitText(err))
	}
	return nil
}

// diffHook shows the user two outputs that should be the same.
func (b *build) diffHook(was, is string) {
	s := &b.w.Settings
	if s.DiffHook == "" || !s.RunDiffHook {
		return
	}
	cmd := exec.CommandContext(b.ctx, s.DiffHook, was, is, b.printed(), b.tmp)
	cmd.Dir = "/"
	if b.user != nil {
		setUser(cmd, b.user.UID, b.user.GID)
	}
	out, err := cmd.Output()
	if err != nil {
		b.w.Observe.fail(fmt.Errorf("diff hook execution failed: diff-hook program '%s' %s", s.DiffHook, exitText(err)))
		return
	}
	if text := strings.TrimRight(string(out), "\n"); text != "" {
		b.w.Observe.message(LevelError, text)
	}
}
