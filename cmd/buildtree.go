package cmd

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"

	"gonix.dev/gonix/builder"
)

// treeUI keeps a live view of what runs at the bottom of a terminal. What is
// printed otherwise scrolls by above it.
type treeUI struct {
	env  *Env
	line *lineUI
	w    io.Writer

	mu       sync.Mutex
	rows     map[uint64]*treeRow
	order    []uint64
	progress [4]int64 // builds done, expected, running, failed
	shown    int      // rows on the screen now
	done     chan struct{}
	ended    sync.WaitGroup
}

// treeRow is one activity that runs.
type treeRow struct {
	typ    int
	name   string
	parent uint64
	begin  time.Time
	phase  string
	last   string // line of its log
	have   int64  // bytes
	want   int64
}

// treeTick is how often the view is painted again.
const treeTick = 100 * time.Millisecond

func newTreeUI(env *Env, line *lineUI) *treeUI {
	u := &treeUI{env: env, line: line, w: env.Stderr, rows: map[uint64]*treeRow{}, done: make(chan struct{})}
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
				u.paint("")
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
	u.rows = map[uint64]*treeRow{}
	u.order = nil
	u.progress = [4]int64{}
	u.paint("")
}

func (u *treeUI) observe(e builder.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.line.mu.Lock()
	text := u.line.text(e)
	u.line.mu.Unlock()
	switch e.Action {
	case builder.Start:
		r := &treeRow{typ: e.Type, parent: e.Parent, begin: time.Now(), name: e.Text}
		if len(e.Fields) > 0 && e.Type != builder.ActBuildWaiting {
			r.name = buildName(fmt.Sprint(e.Fields[0]))
		}
		u.rows[e.ID] = r
		u.order = append(u.order, e.ID)
	case builder.Stop:
		if r := u.rows[e.ID]; r != nil && r.typ == builder.ActBuild {
			if d := time.Since(r.begin); d > 2*time.Second {
				text += fmt.Sprintf("%s took %s\n", r.name, duration(d))
			}
		}
		delete(u.rows, e.ID)
		u.order = slices.DeleteFunc(u.order, func(id uint64) bool { return id == e.ID })
	case builder.Report:
		u.report(e)
	}
	if text != "" {
		u.paint(text)
	}
}

func (u *treeUI) report(e builder.Event) {
	r := u.rows[e.ID]
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
	switch e.Type {
	case builder.ResBuildLogLine:
		r.last = fmt.Sprint(e.Fields[0])
	case builder.ResSetPhase:
		r.phase = fmt.Sprint(e.Fields[0])
	case builder.ResProgress:
		if r.typ == builder.ActBuilds {
			for i := range u.progress {
				u.progress[i] = number(i)
			}
		}
		r.have, r.want = number(0), number(1)
	}
}

// paint prints text and then the view, over the old one.
func (u *treeUI) paint(text string) {
	width, height := u.size()
	rows := u.view(width, height)
	if text == "" && len(rows) == 0 && u.shown == 0 {
		return
	}
	var b strings.Builder
	if u.shown > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", u.shown)
	}
	b.WriteString(text)
	for _, r := range rows {
		b.WriteString(r + "\n")
	}
	u.shown = len(rows)
	io.WriteString(u.w, b.String())
}

func (u *treeUI) size() (width, height int) {
	if f, ok := u.w.(*os.File); ok {
		if ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && ws.Col > 0 {
			return int(ws.Col), int(ws.Row)
		}
	}
	return 80, 24
}

// view makes the rows: builds with what they say, downloads, what is waited for,
// and the sum of it all.
func (u *treeUI) view(width, height int) []string {
	const dim, bold, reset = "\x1b[2m", "\x1b[1m", "\x1b[0m"
	color := u.env.color(u.w)
	style := func(code, s string) string {
		if !color || s == "" {
			return s
		}
		return code + s + reset
	}
	var rows []string
	downloads, have, want := 0, int64(0), int64(0)
	var first time.Time
	for _, id := range u.order {
		r := u.rows[id]
		since := duration(time.Since(r.begin))
		switch r.typ {
		case builder.ActBuild:
			s := "┣━ " + style(bold, r.name) + " " + since
			if r.phase != "" {
				s += " (" + r.phase + ")"
			}
			if r.last != "" {
				s += " " + style(dim, ansi.Strip(r.last))
			}
			rows = append(rows, s)
		case builder.ActCopyPath, builder.ActFileTransfer:
			downloads++
			have, want = have+r.have, want+r.want
			if first.IsZero() || r.begin.Before(first) {
				first = r.begin
			}
			s := "┣━ ↓ " + r.name
			if r.want > 0 {
				s += fmt.Sprintf(" %s of %s", mebibytes(r.have), mebibytes(r.want))
			}
			rows = append(rows, s)
		case builder.ActBuildWaiting:
			rows = append(rows, "┣━ "+style(dim, r.name)+" "+since)
		}
	}
	p := u.progress
	if len(rows) == 0 && p[2] == 0 {
		return nil
	}
	sum := fmt.Sprintf("┗━ %d of %d built, %d running", p[0], p[0]+max(0, p[1]-p[0]), p[2])
	if p[3] > 0 {
		sum += fmt.Sprintf(", %d failed", p[3])
	}
	if downloads > 0 {
		sum += fmt.Sprintf(", %d downloading", downloads)
		if s := time.Since(first).Seconds(); s > 1 {
			sum += fmt.Sprintf(" at %s/s", mebibytes(int64(float64(have)/s)))
		}
	}
	most := max(1, height-2)
	if len(rows) > most {
		rows = append(rows[:most-1], fmt.Sprintf("┣━ and %d more", len(rows)-most+1))
	}
	rows = append(rows, sum)
	for i := range rows {
		rows[i] = ansi.Truncate(strings.ReplaceAll(rows[i], "\t", " "), width-1, "…")
		if color {
			rows[i] += reset
		}
	}
	return rows
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
