package cmd

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// The styles of diffs.
const (
	styleHeader  = "\x1b[1m"
	styleHunk    = "\x1b[36m"
	styleDeleted = "\x1b[31m"
	styleAdded   = "\x1b[32m"
)

// diffContext is how many lines are shown around a change.
const diffContext = 3

// diffTimeout bounds the search for the smallest diff; a larger one is as right.
const diffTimeout = 5 * time.Second

// diffLine is a line of a diff: ' ' in both texts, '-' in the old, '+' in the new.
type diffLine struct {
	mark byte
	text string
}

// unifiedDiff returns the difference of two texts in the form that patch and git
// apply read.
func unifiedDiff(name, before, after string, color bool) []byte {
	lines := diffLines(before, after)
	paint := func(style, s string) string {
		if !color {
			return s
		}
		return style + s + styleReset
	}
	var out bytes.Buffer
	fmt.Fprintln(&out, paint(styleHeader, "--- a/"+name))
	fmt.Fprintln(&out, paint(styleHeader, "+++ b/"+name))
	oldLine, newLine := 1, 1
	for i := 0; i < len(lines); {
		if lines[i].mark == ' ' {
			i, oldLine, newLine = i+1, oldLine+1, newLine+1
			continue
		}
		start := max(0, i-diffContext)
		end := hunkEnd(lines, i)
		oldLine, newLine = oldLine-(i-start), newLine-(i-start)
		oldCount, newCount := 0, 0
		for _, l := range lines[start:end] {
			if l.mark != '+' {
				oldCount++
			}
			if l.mark != '-' {
				newCount++
			}
		}
		header := fmt.Sprintf("@@ -%s +%s @@", hunkRange(oldLine, oldCount), hunkRange(newLine, newCount))
		fmt.Fprintln(&out, paint(styleHunk, header))
		for _, l := range lines[start:end] {
			text, hasEnd := strings.CutSuffix(l.text, "\n")
			text = string(l.mark) + text
			switch l.mark {
			case '-':
				text = paint(styleDeleted, text)
			case '+':
				text = paint(styleAdded, text)
			}
			fmt.Fprintln(&out, text)
			if !hasEnd {
				fmt.Fprintln(&out, `\ No newline at end of file`)
			}
		}
		i, oldLine, newLine = end, oldLine+oldCount, newLine+newCount
	}
	return out.Bytes()
}

// hunkEnd returns the index after the hunk whose first change is at i: changes
// that have no more between them than the context of both are one hunk.
func hunkEnd(lines []diffLine, i int) int {
	last := i
	for ; i < len(lines) && i-last <= 2*diffContext+1; i++ {
		if lines[i].mark != ' ' {
			last = i
		}
	}
	return min(last+1+diffContext, len(lines))
}

func hunkRange(line, count int) string {
	if count == 0 {
		line-- // it names the line before
	}
	if count == 1 {
		return fmt.Sprint(line)
	}
	return fmt.Sprintf("%d,%d", line, count)
}

func diffLines(before, after string) []diffLine {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = diffTimeout
	a, b, table := dmp.DiffLinesToRunes(before, after)
	var lines []diffLine
	for _, d := range dmp.DiffCharsToLines(dmp.DiffMainRunes(a, b, false), table) {
		mark := map[diffmatchpatch.Operation]byte{
			diffmatchpatch.DiffEqual: ' ', diffmatchpatch.DiffDelete: '-', diffmatchpatch.DiffInsert: '+',
		}[d.Type]
		for _, text := range strings.SplitAfter(d.Text, "\n") {
			if text != "" {
				lines = append(lines, diffLine{mark, text})
			}
		}
	}
	return lines
}
