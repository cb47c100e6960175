// Package gitignore decides which files git ignores.
//
// Patterns are read from .gitignore files as a walk goes down into folders; the
// last pattern that matches decides, those of deeper folders coming last. See
// gitignore(5).
package gitignore

import (
	"path"
	"strings"
)

// Patterns are the patterns in force in a folder. The zero value ignores
// nothing. Values are immutable.
type Patterns struct {
	parent *Patterns
	// dir is the folder the patterns are for, with a slash at its end, or "".
	dir  string
	list []pattern
}

type pattern struct {
	parts    []string // the components of the pattern
	head     string   // what it starts with before any wildcard
	literal  bool     // one component without wildcards
	suffix   string   // of a single component that is "*" and then plain text
	negated  bool
	dirOnly  bool
	anchored bool // matches from the folder of its file only
}

// With returns the patterns in force in dir, which is below the folder of p (or
// the same), when its .gitignore has the given text. Folders and files are named
// by slash-separated paths from one root, which is "".
func (p *Patterns) With(dir, text string) *Patterns {
	if dir != "" {
		dir += "/"
	}
	q := &Patterns{parent: p, dir: dir}
	for _, line := range strings.Split(text, "\n") {
		if pat, ok := parse(strings.TrimSuffix(line, "\r")); ok {
			q.list = append(q.list, pat)
		}
	}
	if len(q.list) == 0 && p != nil {
		return p
	}
	return q
}

func parse(line string) (pattern, bool) {
	var p pattern
	if strings.HasPrefix(line, "#") {
		return p, false
	}
	if s, ok := strings.CutPrefix(line, "!"); ok {
		p.negated, line = true, s
	}
	line = trimBlanks(line)
	if s, ok := strings.CutSuffix(line, "/"); ok {
		p.dirOnly, line = true, s
	}
	if strings.Contains(line, "/") {
		p.anchored = true
		line = strings.TrimPrefix(line, "/")
	}
	if line == "" {
		return p, false
	}
	p.parts = strings.Split(line, "/")
	p.head = line
	if i := strings.IndexAny(line, `*?[\`); i >= 0 {
		p.head = line[:i]
	}
	if len(p.parts) == 1 {
		p.literal = !strings.ContainsAny(line, `*?[\`)
		if s, ok := strings.CutPrefix(line, "*"); ok && s != "" && !strings.ContainsAny(s, `*?[\`) {
			p.suffix = s
		}
	}
	return p, true
}

// trimBlanks drops blanks at the end that no backslash protects.
func trimBlanks(s string) string {
	for strings.HasSuffix(s, " ") && !strings.HasSuffix(s, `\ `) {
		s = s[:len(s)-1]
	}
	return s
}

// Ignores reports whether a file or folder is ignored, given that the folder it
// is in is not.
func (p *Patterns) Ignores(name string, isDir bool) bool {
	for ; p != nil; p = p.parent {
		rel, ok := strings.CutPrefix(name, p.dir)
		if !ok {
			continue
		}
		for i := len(p.list) - 1; i >= 0; i-- {
			if pat := &p.list[i]; pat.matches(rel, isDir) {
				return !pat.negated
			}
		}
	}
	return false
}

func (p *pattern) matches(rel string, isDir bool) bool {
	if p.dirOnly && !isDir {
		return false
	}
	if !p.anchored {
		base := rel[strings.LastIndexByte(rel, '/')+1:]
		switch {
		case p.literal:
			return base == p.parts[0]
		case p.suffix != "":
			return strings.HasSuffix(base, p.suffix)
		case !strings.HasPrefix(base, p.head):
			return false
		}
		ok, err := path.Match(p.parts[0], base)
		return ok && err == nil
	}
	return strings.HasPrefix(rel, p.head) && matchParts(p.parts, strings.Split(rel, "/"))
}

// matchParts matches path components; ** stands for any number of them.
func matchParts(pattern, name []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			if len(pattern) == 1 {
				return len(name) > 0
			}
			for i := range name {
				if matchParts(pattern[1:], name[i:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, err := path.Match(pattern[0], name[0]); !ok || err != nil {
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return len(name) == 0
}
