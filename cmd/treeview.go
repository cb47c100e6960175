package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store"
)

// treeLeaf is something that runs, as a line of the view; treeNode what waits for
// other nodes and leaves.
type (
	treeLeaf struct {
		text  string
		waits []store.Path
	}
	treeNode struct {
		name   string
		nodes  []*treeNode
		byPath map[store.Path]*treeNode
		leaves []string
	}
	viewLine struct {
		text  string
		width int
	}
)

// treeNarrow is the width below which there is no room for a tree.
const treeNarrow = 40

// view makes the lines: what runs under what waits for it, and the sum of it all.
// Where there is no room for that, what waits is left out.
func (t *buildTree) view(now time.Time, width, height int) []viewLine {
	leaves, rate := t.leaves(now)
	if len(leaves) == 0 && t.builds.running == 0 {
		return nil
	}
	room := max(1, height-2) // for all but the sum
	var lines []string
	if width >= treeNarrow {
		lines = t.nested(leaves)
	}
	if len(lines) == 0 || len(lines) > room {
		lines = lines[:0]
		for i, l := range leaves {
			if i == room-1 && len(leaves) > room {
				lines = append(lines, fmt.Sprintf("┣━ and %d more", len(leaves)-i))
				break
			}
			lines = append(lines, "┣━ "+l.text)
		}
	}
	lines = append(lines, "┗━ "+t.sum(rate))
	out := make([]viewLine, len(lines))
	for i, text := range lines {
		text = ansi.Truncate(oneLine.Replace(text), max(1, width-1), "…")
		if t.color {
			text += styleReset
		}
		out[i] = viewLine{text, ansi.StringWidth(text)}
	}
	return out
}

var oneLine = strings.NewReplacer("\t", " ", "\n", " ")

func (t *buildTree) style(code, s string) string {
	if !t.color || s == "" {
		return s
	}
	return code + s + styleReset
}

// leaves are the things that run, each in one line, and the rate of all downloads
// in bytes a second.
func (t *buildTree) leaves(now time.Time) (leaves []treeLeaf, rate float64) {
	type load struct{ have, want int64 }
	loads := map[uint64]load{} // downloads, by what needs them
	for _, id := range t.order {
		if r := t.rows[id]; r.typ == builder.ActFileTransfer {
			loads[r.parent] = load{r.have, r.want}
			if s := now.Sub(r.begin).Seconds(); s > 0.5 {
				rate += float64(r.have) / s
			}
		}
	}
	for _, id := range t.order {
		r := t.rows[id]
		since := duration(now.Sub(r.begin))
		var s string
		switch r.typ {
		case builder.ActBuild:
			s = t.style(styleBold, r.name) + " " + since
			if r.phase != "" {
				s += " (" + harmless(r.phase, false) + ")"
			}
		case builder.ActPostBuild:
			s = "post-build-hook for " + t.style(styleBold, r.name) + " " + since
		case builder.ActCopyPath:
			s = "↓ " + t.style(styleBold, r.name) + " " + since
		case builder.ActBuildWaiting:
			s = t.style(styleDim, r.name) + " " + since
		case builder.ActFileTransfer:
			if t.rows[r.parent] != nil {
				continue // shown there
			}
			s = "↓ " + t.style(styleBold, r.name) + " " + since
		default:
			continue
		}
		l, ok := loads[id]
		if !ok {
			l = load{r.have, r.want}
		}
		switch {
		case l.want > 0:
			s += fmt.Sprintf(" %s of %s", byteSize(l.have), byteSize(l.want))
		case l.have > 0:
			s += " " + byteSize(l.have)
		}
		if d := now.Sub(r.begin).Seconds(); ok && d > 0.5 {
			s += fmt.Sprintf(" %s/s", byteSize(int64(float64(l.have)/d)))
		}
		if r.last != "" {
			s += " " + t.style(styleDim, harmless(r.last, false))
		}
		leaves = append(leaves, treeLeaf{s, r.waits})
	}
	return leaves, rate
}

// nested are the lines of the leaves below what waits for them.
func (t *buildTree) nested(leaves []treeLeaf) []string {
	root := &treeNode{byPath: map[store.Path]*treeNode{}}
	for _, l := range leaves {
		n := root
		for _, p := range l.waits {
			next := n.byPath[p]
			if next == nil {
				next = &treeNode{name: strings.TrimSuffix(p.Name(), store.DrvExtension), byPath: map[store.Path]*treeNode{}}
				n.byPath[p] = next
				n.nodes = append(n.nodes, next)
			}
			n = next
		}
		n.leaves = append(n.leaves, l.text)
	}
	return t.walk(nil, root, "")
}

// walk adds the lines below a node. Nodes in a row are one line: "top ← ... ← n".
func (t *buildTree) walk(lines []string, n *treeNode, indent string) []string {
	for _, leaf := range n.leaves {
		lines = append(lines, indent+"┣━ "+leaf)
	}
	for _, c := range n.nodes {
		first, between := c.name, 0
		for len(c.leaves) == 0 && len(c.nodes) == 1 {
			c = c.nodes[0]
			between++
		}
		label := first
		switch {
		case between == 1:
			label += " ← " + c.name
		case between > 1:
			label += " ← … ← " + c.name
		}
		lines = append(lines, indent+"┣━ "+t.style(styleDim, label))
		lines = t.walk(lines, c, indent+"┃  ")
	}
	return lines
}

// sum is how far everything is.
func (t *buildTree) sum(rate float64) string {
	var words []string
	add := func(n int64, format string, args ...any) {
		if n > 0 {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	b, c := t.builds, t.copies
	add(b.expected, "%d of %d built", b.done, b.expected)
	add(b.running, "%d running", b.running)
	add(b.expected-b.done-b.running, "%d waiting", b.expected-b.done-b.running)
	if b.failed > 0 {
		words = append(words, t.style(styleError, fmt.Sprintf("%d failed", b.failed)))
	}
	add(c.expected, "%d of %d fetched", c.done, c.expected)
	var have int64
	for _, r := range t.rows {
		if r.typ == builder.ActFileTransfer {
			have += r.have
		}
	}
	add(t.toLoad, "%s of %s", byteSize(t.loaded+have), byteSize(max(t.toLoad, t.loaded+have)))
	add(int64(rate), "%s/s", byteSize(int64(rate)))
	return strings.Join(words, ", ")
}

// duration is a time span in few characters.
func duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
