package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// fmtRun formats files in parallel and reports on them in their order.
type fmtRun struct {
	env   *Env
	o     fmtOptions
	files []string // as they are to be shown
}

// Progress is shown for runs that take longer than progressAfter.
const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
)

func (r *fmtRun) run(ctx context.Context) error {
	reports := make([]fmtReport, len(r.files))
	finished := make([]bool, len(r.files))
	bar := newProgress(r.env, len(r.files), r.o.quiet || r.o.nixfmt)
	var next atomic.Int64
	var workers sync.WaitGroup

	var mu sync.Mutex // for what follows, and for finished
	printed, different, failures := 0, 0, 0
	var printErr error
	finish := func(i int) {
		mu.Lock()
		defer mu.Unlock()
		finished[i] = true
		for ; printed < len(r.files) && finished[printed]; printed++ {
			report := &reports[printed]
			if report.different {
				different++
			}
			if report.err != nil {
				failures++
				bar.clear()
				r.o.failed(r.env, report.err)
			}
			if len(report.stdout) > 0 || report.stderr != "" {
				bar.clear()
				if err := report.print(r.env); err != nil && printErr == nil {
					printErr = err
				}
			}
			*report = fmtReport{}
		}
		bar.show(printed)
	}
	batches := !r.o.readOnly() && len(r.files) >= manyFiles && oneFileSystem(r.env, r.files)
	for range min(runtime.GOMAXPROCS(0), len(r.files)) {
		workers.Go(func() {
			var w fmtWorker
			if batches {
				w.out.batch, w.out.sync = syncBatch, syncFolder
			}
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(r.files) {
					break
				}
				reports[i] = r.file(ctx, &w, r.files[i])
				if ctx.Err() != nil {
					break // it may not be done
				}
				finish(i)
			}
			if err := w.out.flush(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failures++
				r.o.failed(r.env, err)
			}
		})
	}
	workers.Wait()
	bar.clear()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d of %d files", printed, len(r.files))
	case printErr != nil:
		return printErr
	case failures > 0, different > 0 && r.o.readOnly():
		return &exitError{Code: 1}
	}
	return nil
}

// fmtWorker is what a goroutine keeps from file to file.
type fmtWorker struct {
	textFormatter
	text []byte // of the last file
	out  replacements
}

// manyFiles is from how many files on they are written in batches.
const manyFiles = 64

// oneFileSystem reports whether all files are on one file system, as a batch must
// be.
func oneFileSystem(env *Env, files []string) bool {
	var first syscall.Stat_t
	dir := ""
	for i, name := range files {
		path := filepath.Dir(inDir(env, name))
		if path == dir {
			continue
		}
		dir = path
		var stat syscall.Stat_t
		if syscall.Stat(dir, &stat) != nil || i > 0 && stat.Dev != first.Dev {
			return false
		}
		first = stat
	}
	return true
}

// file formats one file.
func (r *fmtRun) file(ctx context.Context, w *fmtWorker, name string) fmtReport {
	path := inDir(r.env, name)
	src, err := w.read(path)
	if err != nil {
		return fmtReport{err: pathError(name, err)}
	}
	out, err := r.o.format(ctx, &w.textFormatter, name, src)
	if err != nil {
		if ctx.Err() != nil {
			err = nil // the run is over
		}
		w.text = nil // the error may show the text
		return fmtReport{err: err}
	}
	report := r.o.report(r.env, name, src, out)
	if report.different && !r.o.readOnly() {
		if err := w.out.replace(path, out); err != nil {
			report.err = pathError(name, err)
		}
	}
	return report
}

// pathError names a file as the user did.
func pathError(name string, err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s %s: %w", p.Op, name, p.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// progress is a line that tells how far a long run is.
type progress struct {
	env   *Env
	total int
	off   bool
	start time.Time
	last  time.Time
	shown bool
}

func newProgress(env *Env, total int, off bool) *progress {
	now := time.Now()
	return &progress{env: env, total: total, off: off || !terminal(env.Stderr), start: now, last: now}
}

func (p *progress) show(n int) {
	if p.off {
		return
	}
	now := time.Now()
	if now.Sub(p.start) < progressAfter || now.Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprintf(p.env.Stderr, "\r\x1b[K%d of %d files", n, p.total)
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.env.Stderr, "\r\x1b[K")
		p.shown = false
	}
}
