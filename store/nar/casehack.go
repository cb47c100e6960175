//go:build unix

package nar

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// CaseHackSuffix, and a number, end the names of files that differ from another one
// in their directory by case alone, where file systems take no account of that (Nix's
// setting use-case-hack). Archives have the names without it.
const CaseHackSuffix = "~nix~case~hack~"

// caseFold makes names that differ by case equal, as C's strcasecmp has it.
func caseFold(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, name)
}

// caseNames are the names in a directory that is restored.
type caseNames struct {
	taken map[string]string // names on disk, by what they fold to
	count map[string]int    // of those before that fold to the same
}

// onDisk is the name that the entry called name gets.
func (c *caseNames) onDisk(name string) (string, error) {
	if c.taken == nil {
		c.taken, c.count = map[string]string{}, map[string]int{}
	}
	key, disk := caseFold(name), name
	other, ok := c.taken[key]
	if ok {
		c.count[key]++
		disk += CaseHackSuffix + strconv.Itoa(c.count[key])
		if strings.Contains(other, CaseHackSuffix) {
			return "", collision(name, other)
		}
		if other, ok = c.taken[caseFold(disk)]; ok {
			return "", collision(name, other)
		}
	}
	c.taken[caseFold(disk)] = disk
	return disk, nil
}

func collision(name, other string) error {
	return badf("NAR contains file name '%s' that collides with case-hacked file name '%s'", name, other)
}

// DumpCaseHacked is DumpPath of a tree that Restore made with CaseHack.
func DumpCaseHacked(w io.Writer, name string, filter Filter) error {
	p := OpenPath(name, filter)
	p.caseHack = true
	return copyPath(w, p)
}

// unhacked is an entry of a directory by its name in the archive.
type unhacked struct {
	os.DirEntry
	name string
}

func (u unhacked) Name() string { return u.name }

// nameOnDisk is the inverse of unhackNames for one entry.
func nameOnDisk(e os.DirEntry) string {
	if u, ok := e.(unhacked); ok {
		return u.DirEntry.Name()
	}
	return e.Name()
}

// unhackNames gives the entries of dir the names that they have in the archive.
func unhackNames(dir string, entries []os.DirEntry) error {
	seen := make(map[string]string, len(entries))
	for i, e := range entries {
		disk := e.Name()
		if at := strings.Index(disk, CaseHackSuffix); at >= 0 {
			entries[i] = unhacked{e, disk[:at]}
		}
		name := entries[i].Name()
		if other, ok := seen[name]; ok {
			return fmt.Errorf("file name collision between '%s' and '%s'", filepath.Join(dir, other), filepath.Join(dir, disk))
		}
		seen[name] = disk
	}
	return nil
}
