package cmd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store"
)

func viewPath(name string) store.Path {
	return store.MustParsePath(strings.Repeat("0", store.HashLen) + "-" + name)
}

// treeOf is a tree after events, with one second gone since each activity began.
func treeOf(events ...builder.Event) (*buildTree, time.Time) {
	t := &buildTree{rows: map[uint64]*treeRow{}}
	for _, e := range events {
		switch e.Action {
		case builder.Start:
			t.start(e)
		case builder.Stop:
			t.stop(e.ID)
		case builder.Report:
			t.report(e)
		}
	}
	now := time.Now()
	for _, r := range t.rows {
		r.begin = now.Add(-time.Second)
	}
	return t, now
}

func starts(id uint64, typ int, name string, waits ...string) builder.Event {
	e := builder.Event{Action: builder.Start, ID: id, Type: typ, Fields: []any{"/nix/store/" + viewPath(name).String()}}
	for _, w := range waits {
		e.For = append(e.For, viewPath(w))
	}
	return e
}

func reports(id uint64, typ int, fields ...any) builder.Event {
	return builder.Event{Action: builder.Report, ID: id, Type: typ, Fields: fields}
}

func viewText(t *buildTree, now time.Time, width, height int) string {
	var b strings.Builder
	for _, l := range t.view(now, width, height) {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

func TestTreeView(t *testing.T) {
	within := func(id, parent uint64, e builder.Event) builder.Event {
		e.ID, e.Parent = id, parent
		return e
	}
	tree, now := treeOf(
		builder.Event{Action: builder.Start, ID: 1, Type: builder.ActBuilds},
		builder.Event{Action: builder.Start, ID: 2, Type: builder.ActCopyPaths},
		builder.Event{Action: builder.Start, ID: 3, Type: builder.ActRealise},
		starts(10, builder.ActBuild, "low.drv", "top.drv", "mid.drv"),
		starts(11, builder.ActBuild, "other.drv", "top.drv"),
		starts(12, builder.ActBuild, "deep.drv", "top.drv", "a.drv", "b.drv", "c.drv"),
		starts(13, builder.ActBuild, "alone.drv"),
		starts(14, builder.ActBuild, "gone.drv"),
		reports(10, builder.ResSetPhase, "buildPhase"),
		reports(10, builder.ResBuildLogLine, "\x1b[31mred\x1b[0m\tand \x1b[2Jmore\x07"),
		reports(12, builder.ResBuildLogLine, strings.Repeat("long", 1<<20)),
		starts(20, builder.ActCopyPath, "fetched", "top.drv"),
		within(21, 20, starts(0, builder.ActFileTransfer, "x.nar.xz")),
		reports(21, builder.ResProgress, int64(3<<20), int64(12<<20)),
		builder.Event{Action: builder.Start, ID: 30, Type: builder.ActBuildWaiting, Text: "waiting for lock on '/nix/store/x'"},
		reports(1, builder.ResProgress, int64(2), int64(20), int64(4), int64(1)),
		reports(2, builder.ResProgress, int64(1), int64(3), int64(1), int64(0)),
		reports(3, builder.ResSetExpected, int64(builder.ActFileTransfer), int64(20<<20)),
		builder.Event{Action: builder.Stop, ID: 14},
	)
	for _, c := range []struct {
		width, height int
		want          string
	}{
		{80, 24, `┣━ alone 1.0s
┣━ waiting for lock on '/nix/store/x' 1.0s
┣━ top
┃  ┣━ other 1.0s
┃  ┣━ ↓ fetched 1.0s 3.0 MiB of 12.0 MiB 3.0 MiB/s
┃  ┣━ mid
┃  ┃  ┣━ low 1.0s (buildPhase) red and more
┃  ┣━ a ← … ← c
┃  ┃  ┣━ deep 1.0s longlonglonglonglonglonglonglonglonglonglonglonglonglonglon…
┗━ 2 of 20 built, 4 running, 14 waiting, 1 failed, 1 of 3 fetched, 3.0 MiB of …
`},
		{20, 24, `┣━ low 1.0s (build…
┣━ other 1.0s
┣━ deep 1.0s longl…
┣━ alone 1.0s
┣━ ↓ fetched 1.0s …
┣━ waiting for loc…
┗━ 2 of 20 built, …
`},
		{80, 6, `┣━ low 1.0s (buildPhase) red and more
┣━ other 1.0s
┣━ deep 1.0s longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglongl…
┣━ and 3 more
┗━ 2 of 20 built, 4 running, 14 waiting, 1 failed, 1 of 3 fetched, 3.0 MiB of …
`},
		{1, 1, "…\n…\n"},
	} {
		if diff := cmp.Diff(c.want, viewText(tree, now, c.width, c.height)); diff != "" {
			t.Errorf("%d by %d: -want +got\n%s", c.width, c.height, diff)
		}
	}
}

// Whatever happens, the view fits the terminal, and only colours are left of what
// builders print.
func FuzzTreeView(f *testing.F) {
	f.Add("a line", uint8(30), uint8(80), uint8(24))
	f.Add("\x1b]0;title\x07\x9b2J\u009b2Jé日本語🎉\x00\x7f", uint8(200), uint8(3), uint8(1))
	f.Fuzz(func(t *testing.T, text string, n, width, height uint8) {
		var events []builder.Event
		for i := range uint64(n) {
			name := fmt.Sprintf("n%d.drv", i)
			events = append(events, starts(i+1, builder.ActBuild, name, fmt.Sprintf("w%d.drv", i%7), "x.drv"), reports(i+1, builder.ResBuildLogLine, text), reports(i+1, builder.ResSetPhase, text))
		}
		tree, now := treeOf(events...)
		lines := tree.view(now, int(width), int(height))
		if len(lines) > max(2, int(height)-1) {
			t.Errorf("%d lines on a terminal of %d", len(lines), height)
		}
		for _, l := range lines {
			if w := ansi.StringWidth(l.text); w != l.width || w > max(1, int(width)-1) {
				t.Errorf("%q is %d wide, of %d, on a terminal of %d", l.text, w, l.width, width)
			}
			if strings.ContainsFunc(l.text, isControl) {
				t.Errorf("%q has control characters", l.text)
			}
		}
	})
}
