package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// mergeTool resolves a merge conflict that is about format only: it formats the
// three versions, lets git merge them, formats the result and moves it to where
// it belongs. For
//
//	git config mergetool.nixfmt.cmd 'gonix fmt --mergetool "$BASE" "$LOCAL" "$REMOTE" "$MERGED"'
//	git config mergetool.nixfmt.trustExitCode true
func mergeTool(ctx context.Context, env *Env, o fmtOptions, args []string) error {
	if len(args) != 4 {
		return usageErrorf("--mergetool takes exactly 4 files: $BASE $LOCAL $REMOTE $MERGED")
	}
	base, local, remote, merged := args[0], args[1], args[2], args[3]
	if !strings.HasSuffix(merged, ".nix") {
		return fmt.Errorf("%s is not a Nix file", merged)
	}
	o.check, o.diff, o.list = false, false, false
	run := fmtRun{env: env, o: o}
	var w fmtWorker
	var failed error
	for _, name := range []string{base, local, remote} {
		if r := run.file(ctx, &w, name); r.err != nil {
			failed = o.failed(env, r.err)
		}
	}
	if failed != nil {
		return failed
	}
	// git writes the result to the local version.
	git := exec.CommandContext(ctx, "git", "merge-file", local, base, remote)
	git.Dir, git.Stdout, git.Stderr = env.Dir, env.Stdout, env.Stderr
	if err := git.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() > 0 && exit.ExitCode() < 128 {
			return fmt.Errorf("%s has conflicts that are not about its format", merged)
		}
		return fmt.Errorf("git merge-file: %w", err)
	}
	if r := run.file(ctx, &w, local); r.err != nil {
		return o.failed(env, r.err)
	}
	return os.Rename(inDir(env, local), inDir(env, merged))
}
