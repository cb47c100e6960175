package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// stagedFile is a file whose staged text differs from that of the last commit.
type stagedFile struct {
	name string // relative to the root of the repository
	mode string // 100644 or 100755
	blob string
}

// fmtStaged formats what is staged, in the index. The same change is then made to
// the working tree: to files without further changes by writing them, to others by
// merging, which keeps what is not staged as it is. Where the two overlap, the file
// in the working tree stays as it is.
func fmtStaged(ctx context.Context, env *Env, o fmtOptions, args []string) error {
	git := gitRepo{ctx: ctx, env: env, dir: env.Dir}
	root, err := git.output("rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	staged, err := git.staged(args)
	if err != nil {
		return err
	}
	git.dir = strings.TrimSuffix(root, "\n")

	var f textFormatter
	failed, different := false, false
	var index bytes.Buffer // what to tell update-index
	type change struct {
		stagedFile
		before, after []byte
	}
	var changes []change
	for _, s := range staged {
		src, err := git.output("cat-file", "blob", s.blob)
		if err != nil {
			return err
		}
		before := []byte(src)
		out, err := o.format(ctx, &f, s.name, before)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			o.failed(env, err)
			failed = true
			continue
		}
		r := o.report(env, s.name, before, out)
		if err := r.print(env); err != nil {
			return err
		}
		if !r.different {
			continue
		}
		different = true
		if o.readOnly() {
			continue
		}
		after := bytes.Clone(out)
		blob, err := git.input(after, "hash-object", "-w", "--stdin")
		if err != nil {
			return err
		}
		fmt.Fprintf(&index, "%s %s\t%s\x00", s.mode, strings.TrimSuffix(blob, "\n"), s.name)
		changes = append(changes, change{s, before, after})
	}
	if index.Len() > 0 {
		if _, err := git.input(index.Bytes(), "update-index", "-z", "--index-info"); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if err := git.mergeInto(c.name, c.before, c.after); err != nil {
			printError(env, err)
			failed = true
		}
	}
	if failed || different && o.readOnly() {
		return &exitError{Code: 1}
	}
	return nil
}

// gitRepo runs git in a repository.
type gitRepo struct {
	ctx context.Context
	env *Env
	dir string
}

func (g *gitRepo) output(args ...string) (string, error) { return g.input(nil, args...) }

func (g *gitRepo) input(text []byte, args ...string) (string, error) {
	c := exec.CommandContext(g.ctx, "git", args...)
	c.Dir = g.dir
	c.Stdin = bytes.NewReader(text)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	if err := c.Run(); err != nil {
		if msg := strings.TrimSpace(talk.String()); msg != "" {
			err = errors.New(strings.TrimPrefix(msg, "fatal: "))
		}
		return out.String(), fmt.Errorf("git %s: %w", args[0], err)
	}
	return out.String(), nil
}

// staged returns the *.nix files that are staged, below the paths given if there
// are any.
func (g *gitRepo) staged(paths []string) ([]stagedFile, error) {
	args := []string{"diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=AMT", "--"}
	out, err := g.output(append(args, paths...)...)
	if err != nil {
		return nil, err
	}
	// :oldmode newmode oldblob newblob status NUL name NUL
	var files []stagedFile
	fields := strings.Split(out, "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		meta := strings.Fields(fields[i])
		if len(meta) < 5 {
			return nil, fmt.Errorf("git diff: unexpected line %q", fields[i])
		}
		regular := strings.HasPrefix(meta[1], "100")
		if name := fields[i+1]; regular && strings.HasSuffix(name, ".nix") {
			files = append(files, stagedFile{name: name, mode: meta[1], blob: meta[3]})
		}
	}
	return files, nil
}

// mergeInto makes the change from before to after in a file of the working tree.
func (g *gitRepo) mergeInto(name string, before, after []byte) error {
	path := filepath.Join(g.dir, filepath.FromSlash(name))
	work, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // deleted, but that is not staged
	}
	if err != nil {
		return err
	}
	switch {
	case bytes.Equal(work, before):
		return replaceFile(path, after)
	case bytes.Equal(work, after):
		return nil
	}
	dir, err := os.MkdirTemp("", "gonix-fmt-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string][]byte{"work": work, "before": before, "after": after} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	c := exec.CommandContext(g.ctx, "git", "merge-file", "-p", "-q", "work", "before", "after")
	c.Dir = dir
	merged, err := c.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return replaceFile(path, merged)
	case errors.As(err, &exit) && exit.ExitCode() > 0 && exit.ExitCode() < 128:
		return nil // conflicts: the file stays as it is
	}
	return fmt.Errorf("git merge-file: %w", err)
}
