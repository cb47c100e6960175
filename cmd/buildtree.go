package cmd

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store"
)

// treeUI keeps a live view of what runs at the bottom of a terminal. What is
// printed otherwise scrolls by above it.
type treeUI struct {
	line *lineUI
	w    io.Writer

	mu    sync.Mutex
	tree  buildTree
	text  []byte // to be printed above the view
	shown []int  // widths of the lines on the screen now
	done  chan struct{}
	ended sync.WaitGroup
}

// buildTree is what runs, and how far everything is.
type buildTree struct {
	rows   map[uint64]*treeRow
	order  []uint64 // of rows
	builds counts
	copies counts
	loaded int64 // bytes of downloads that have ended
	toLoad int64 // bytes of all downloads
	told   int64 // builds that were done when one last stopped
	color  bool
}

// counts are those of one kind of work, as Nix reports them.
type counts struct{ done, expected, running, failed int64 }

// treeRow is one activity that runs.
type treeRow struct {
	typ    int
	name   string
	parent uint64
	waits  []store.Path // for it, from what was asked for down
	begin  time.Time
	phase  string
	last   string // line of its log
	have   int64  // bytes
	want   int64
}

const (
	// treeTick is how often the view is painted again.
	treeTick = 100 * time.Millisecond
	// treeText is how much text is held back until then.
	treeText = 64 << 10
	// treeLogLine is how much is kept of a line of a log; no terminal is wider.
	treeLogLine = 4 << 10
)

func newTreeUI(env *Env, line *lineUI) *treeUI {
	u := &treeUI{
		line: line, w: env.Stderr, done: make(chan struct{}),
		tree: buildTree{rows: map[uint64]*treeRow{}, color: env.color(env.Stderr)},
	}
	// Starting is shown by the view itself.
	if line.talk.verbosity == builder.LevelInfo {
		line.talk.verbosity = builder.LevelNotice
	}
	u.ended.Go(func() {
		t := time.NewTicker(treeTick)
		defer t.Stop()
		for {
			select {
			case <-u.done:
				return
			case <-t.C:
				u.mu.Lock()
				u.paint()
				u.mu.Unlock()
			}
		}
	})
	return u
}

func (u *treeUI) stop() {
	select {
	case <-u.done:
		return
	default:
	}
	close(u.done)
	u.ended.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.tree.order, u.tree.builds.running = nil, 0
	u.paint()
}

func (u *treeUI) observe(e builder.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.print(u.line.env.readable(u.w, u.line.text(e)))
	t := &u.tree
	switch e.Action {
	case builder.Start:
		t.start(e)
	case builder.Stop:
		// A build that worked is counted just before it stops.
		if r := t.rows[e.ID]; r != nil && r.typ == builder.ActBuild && t.builds.done > t.told {
			t.told = t.builds.done
			if d := time.Since(r.begin); d > 2*time.Second {
				u.print(fmt.Sprintf("%s took %s\n", r.name, duration(d)))
			}
		}
		t.stop(e.ID)
	case builder.Report:
		t.report(e)
	}
}

func (u *treeUI) print(text string) {
	u.text = append(u.text, text...)
	if len(u.text) > treeText {
		u.paint()
	}
}

// paint prints the text that is due, and the view over the old one.
func (u *treeUI) paint() {
	width, height := u.size()
	rows := u.tree.view(time.Now(), width, height)
	if len(u.text) == 0 && len(rows) == 0 && len(u.shown) == 0 {
		return
	}
	var b strings.Builder
	up := 0
	for _, w := range u.shown {
		// Terminals wrap what is there already when they get narrower.
		up += max(1, (w+width-1)/width)
	}
	if up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", up)
	}
	if len(u.text) > 0 || up > len(u.shown) {
		b.WriteString("\x1b[J")
	}
	b.Write(u.text)
	u.text, u.shown = u.text[:0], u.shown[:0]
	for _, r := range rows {
		b.WriteString(r.text + "\x1b[K\n")
		u.shown = append(u.shown, r.width)
	}
	b.WriteString("\x1b[J")
	io.WriteString(u.w, b.String())
}

func (u *treeUI) size() (width, height int) {
	if f, ok := u.w.(*os.File); ok {
		if ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && ws.Col > 0 && ws.Row > 0 {
			return int(ws.Col), int(ws.Row)
		}
	}
	return 80, 24
}

func (t *buildTree) start(e builder.Event) {
	r := &treeRow{typ: e.Type, parent: e.Parent, waits: e.For, begin: time.Now(), name: e.Text}
	if len(e.Fields) > 0 && e.Type != builder.ActBuildWaiting {
		r.name = buildName(fmt.Sprint(e.Fields[0]))
	}
	t.rows[e.ID] = r
	t.order = append(t.order, e.ID)
}

func (t *buildTree) stop(id uint64) {
	if r := t.rows[id]; r != nil && r.typ == builder.ActFileTransfer {
		t.loaded += r.have
	}
	delete(t.rows, id)
	if i := slices.Index(t.order, id); i >= 0 {
		t.order = slices.Delete(t.order, i, i+1)
	}
}

func (t *buildTree) report(e builder.Event) {
	r := t.rows[e.ID]
	if r == nil {
		return
	}
	number := func(i int) int64 {
		if i < len(e.Fields) {
			n, _ := e.Fields[i].(int64)
			return n
		}
		return 0
	}
	word := func() string {
		if len(e.Fields) == 0 {
			return ""
		}
		s := fmt.Sprint(e.Fields[0])
		return s[:min(len(s), treeLogLine)]
	}
	switch e.Type {
	case builder.ResBuildLogLine, builder.ResPostBuildLogLine:
		r.last = word()
	case builder.ResSetPhase:
		r.phase = word()
	case builder.ResProgress:
		switch c := (counts{number(0), number(1), number(2), number(3)}); r.typ {
		case builder.ActBuilds:
			t.builds = c
		case builder.ActCopyPaths:
			t.copies = c
		default:
			r.have, r.want = c.done, c.expected
		}
	case builder.ResSetExpected:
		if number(0) == builder.ActFileTransfer {
			t.toLoad = number(1)
		}
	}
}
