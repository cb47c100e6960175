package cmd

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gonix.dev/gonix/internal/gitignore"
)

// fmtFiles returns the files that arguments name, in order: files themselves, and
// the *.nix files below folders that git does not ignore.
func fmtFiles(env *Env, o fmtOptions, args []string) ([]string, error) {
	var out []string
	warned := false
	warn := func(name string) {
		if !warned && !o.quiet {
			warnf(env, "nixfmt deprecates folders and files that are not *.nix, such as %s", name)
		}
		warned = true
	}
	for _, arg := range args {
		if arg == "-" {
			return nil, usageErrorf("- cannot be given together with files")
		}
		abs := inDir(env, arg)
		info, err := os.Stat(abs)
		switch {
		case err != nil: // reported when it is its turn
			out = append(out, arg)
		case !info.IsDir() && o.nixfmt && !strings.HasSuffix(arg, ".nix"):
			warn(arg)
		case !info.IsDir():
			out = append(out, arg)
		default:
			if o.nixfmt {
				warn(arg)
			}
			w := fmtWalk{shown: filepath.Clean(arg), ignored: !o.nixfmt}
			if w.shown == "." {
				w.shown = ""
			}
			if err := w.start(abs); err != nil {
				return nil, fmt.Errorf("%s: %w", arg, err)
			}
			out = append(out, w.files...)
		}
	}
	if len(args) == 1 {
		return out, nil
	}
	// A file may be named twice, by itself and by its folder.
	seen := make(map[string]bool, len(out))
	return slices.DeleteFunc(out, func(name string) bool {
		name = filepath.Clean(name)
		dup := seen[name]
		seen[name] = true
		return dup
	}), nil
}

// fmtWalk collects the *.nix files below a folder.
type fmtWalk struct {
	shown   string // the folder as the user named it
	ignored bool   // leave out what git ignores
	files   []string
}

// start walks a folder. In a git repository, patterns of the folders above it
// count as well.
func (w *fmtWalk) start(dir string) error {
	var patterns *gitignore.Patterns
	rel := ""
	if w.ignored {
		if root := repoRoot(dir); root != "" {
			patterns = readIgnore(patterns, filepath.Join(root, ".git", "info", "exclude"), "")
			sub, err := filepath.Rel(root, dir)
			if err != nil {
				return err
			}
			if sub = filepath.ToSlash(sub); sub != "." {
				rel = sub
				above := ""
				for _, part := range strings.Split(sub, "/") {
					patterns = readIgnore(patterns, filepath.Join(root, filepath.FromSlash(above), ".gitignore"), above)
					above = path.Join(above, part)
				}
			}
		}
	}
	return w.walk(dir, w.shown, rel, patterns)
}

func (w *fmtWalk) walk(dir, shown, rel string, patterns *gitignore.Patterns) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if w.ignored && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == ".gitignore" }) {
		patterns = readIgnore(patterns, filepath.Join(dir, ".gitignore"), rel)
	}
	for _, e := range entries {
		name := e.Name()
		isDir := e.IsDir()
		if isDir && (name == ".git" || name == ".jj" || name == ".hg") {
			continue
		}
		if !isDir && (!strings.HasSuffix(name, ".nix") || !e.Type().IsRegular()) {
			continue
		}
		relName := below(rel, "/", name)
		if patterns.Ignores(relName, isDir) {
			continue
		}
		shownName := below(shown, string(filepath.Separator), name)
		if !isDir {
			w.files = append(w.files, shownName)
			continue
		}
		if err := w.walk(below(dir, string(filepath.Separator), name), shownName, relName, patterns); err != nil {
			return err
		}
	}
	return nil
}

// below returns the path of a name in a folder; both are clean.
func below(dir, separator, name string) string {
	if dir == "" || strings.HasSuffix(dir, separator) {
		return dir + name
	}
	return dir + separator + name
}

// repoRoot returns the folder of the git repository that dir is in, or "".
func repoRoot(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// readIgnore adds the patterns of a file, if it exists, that are for the folder
// dir.
func readIgnore(p *gitignore.Patterns, file, dir string) *gitignore.Patterns {
	text, err := os.ReadFile(file)
	if err != nil {
		return p // git reads on without it, too
	}
	return p.With(dir, string(text))
}
