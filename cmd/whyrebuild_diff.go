package cmd

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// trees says which files of two sources differ.
func (w *whyRebuild) trees(a, b, rel, indent string) {
	sa, ea := os.Lstat(a)
	sb, eb := os.Lstat(b)
	label := rel
	if label != "" {
		label += ": "
	}
	switch {
	case ea != nil && eb != nil:
		w.say(indent, "%sneither is in the store any more", label)
	case ea != nil:
		w.say(indent, "%snew", label)
	case eb != nil:
		w.say(indent, "%sgone", label)
	case sa.IsDir() && sb.IsDir():
		var names []string
		for _, d := range []string{a, b} {
			entries, _ := os.ReadDir(d)
			for _, e := range entries {
				names = append(names, e.Name())
			}
		}
		slices.Sort(names)
		for _, n := range slices.Compact(names) {
			w.trees(a+"/"+n, b+"/"+n, strings.TrimPrefix(rel+"/"+n, "/"), indent)
		}
	case sa.Mode().Type() != sb.Mode().Type():
		w.say(indent, "%sanother kind of file", label)
	case sa.Mode().IsRegular():
		x, _ := os.ReadFile(a)
		y, _ := os.ReadFile(b)
		if string(x) == string(y) {
			if sa.Mode() != sb.Mode() {
				w.say(indent, "%sexecutable in one of them only", label)
			}
			return
		}
		if rel != "" {
			w.say(indent, "%s:", rel)
			indent += "  "
		}
		w.diff(string(x), string(y), indent, true)
	default:
		x, _ := os.Readlink(a)
		y, _ := os.Readlink(b)
		if x != y {
			w.say(indent, "%spointed to %s, points to %s", label, x, y)
		}
	}
}

// diff shows the lines that changed, at most a screen full, with the numbers that
// they had if numbered is set.
func (w *whyRebuild) diff(a, b, indent string, numbered bool) {
	const most = 40
	if strings.IndexByte(a, 0) >= 0 || strings.IndexByte(b, 0) >= 0 {
		w.say(indent, "binary contents differ (%d and %d bytes)", len(a), len(b))
		return
	}
	d := diffmatchpatch.New()
	x, y, lines := d.DiffLinesToChars(a, b)
	n, line := 0, 1
	for _, part := range d.DiffCharsToLines(d.DiffMain(x, y, false), lines) {
		text := strings.Split(strings.TrimSuffix(part.Text, "\n"), "\n")
		if part.Type == diffmatchpatch.DiffEqual {
			line += len(text)
			continue
		}
		for _, l := range text {
			if n++; n > most {
				w.say(indent, "...")
				return
			}
			number, sign := "", "+"
			if part.Type == diffmatchpatch.DiffDelete {
				number, sign = strconv.Itoa(line), "-"
				line++
			}
			if numbered {
				number = fmt.Sprintf("%4s ", number)
			} else {
				number = ""
			}
			w.say(indent, "%s%s %s", number, sign, w.env.readable(w.out, l))
		}
	}
}
