package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// assignment is one `name = value` line and where it stands.
type assignment struct {
	name, value string
	file        string
	line        int
}

// maxIncludes bounds how deep configuration files may include one another.
const maxIncludes = 64

// parseConf reads the text of a configuration file. Lines are `name = words...`,
// `include FILE` or `!include FILE` (which may be missing); # starts a comment.
// Included files are relative to the one that names them.
func parseConf(text, file string, w World, depth int) ([]assignment, error) {
	var out []assignment
	for i, line := range strings.Split(text, "\n") {
		at := func(format string, args ...any) error {
			return fmt.Errorf("%s:%d: %w", file, i+1, fmt.Errorf(format, args...))
		}
		line, _, _ := strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if words[0] == "include" || words[0] == "!include" {
			if len(words) != 2 {
				return nil, at("syntax error in configuration line '%s'", strings.TrimSpace(line))
			}
			name := words[1]
			if !filepath.IsAbs(name) {
				dir := w.Dir
				if file != confEnv {
					dir = filepath.Dir(file)
				}
				name = filepath.Join(dir, name)
			}
			if depth >= maxIncludes {
				return nil, at("'%s' is included too deeply; does a file include itself?", name)
			}
			data, err := w.read(name)
			switch {
			case err == nil:
			case words[0] == "!include":
				continue
			case errors.Is(err, fs.ErrNotExist):
				return nil, at("included file '%s' not found", name)
			default:
				return nil, at("read included file '%s': %w", name, err)
			}
			more, err := parseConf(string(data), name, w, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
			continue
		}
		if len(words) < 2 || words[1] != "=" {
			return nil, at("syntax error in configuration line '%s'", strings.TrimSpace(line))
		}
		out = append(out, assignment{words[0], strings.Join(words[2:], " "), file, i + 1})
	}
	return out, nil
}

func (w World) read(name string) ([]byte, error) {
	if w.ReadFile == nil {
		return nil, fs.ErrNotExist
	}
	return w.ReadFile(name)
}
