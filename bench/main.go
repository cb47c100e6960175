package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, out io.Writer) error {
	gonix := flag.String("gonix", "bin/gonix", "the gonix to measure")
	nixpkgs := flag.String("nixpkgs", os.Getenv("GONIX_NIXPKGS"), "a checkout of nixpkgs")
	peers := flag.String("peers", "", "folder with the peers (nix-instantiate, nixfmt), before PATH")
	runs := flag.Int("runs", 5, "runs of each command")
	only := flag.String("only", "", "workloads whose name matches this regular expression; with -lsp opening, typing, burst and packages")
	lsp := flag.Bool("lsp", false, "measure the language server instead")
	keys := flag.Int("keys", 200, "keystrokes for each figure of the language server")
	strict := flag.Bool("strict", false, "fail when a goal is missed")
	stores := flag.Bool("stores", false, "measure building, copying and collecting in stores instead, as root or in a user namespace")
	scale := flag.Float64("scale", 1, "size of the store workloads: 1 is 5,000 derivations, 2 GB, 100,000 dead paths")
	flag.Parse()
	if *nixpkgs == "" && !*stores {
		return fmt.Errorf("which nixpkgs? Give -nixpkgs DIR or GONIX_NIXPKGS, or -stores")
	}
	choose, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	checkout, err := filepath.Abs(*nixpkgs)
	if err != nil {
		return err
	}
	if *lsp {
		missed, err := benchLSP(out, *gonix, checkout, *runs, *keys, choose.MatchString)
		if err == nil && *strict && missed > 0 {
			err = fmt.Errorf("%d goals missed", missed)
		}
		return err
	}
	dir, err := os.MkdirTemp("", "gonix-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &side{dir: dir, peers: *peers, runs: *runs}
	if err := b.links(*gonix); err != nil {
		return err
	}

	fmt.Fprintf(out, "%s, %d CPUs, %s, medians of %d alternating runs\n", runtime.GOARCH, runtime.NumCPU(), runtime.Version(), *runs)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "work\tgonix\tcpu\tmemory\tpeer\tcpu\tmemory\twall ratio\tmemory ratio\tspread\tof SHA-256\n")
	var rows []row
	if *stores {
		rows, err = b.compareStores(ctx, out, *scale, choose.MatchString)
	} else {
		rows, err = b.compareAll(ctx, workloads(checkout), choose.MatchString)
	}
	if err != nil {
		return err
	}
	missed := 0
	for _, r := range rows {
		if r.print(table) {
			missed++
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if *strict && missed > 0 {
		return fmt.Errorf("%d goals missed", missed)
	}
	return nil
}

// compareAll measures workloads one after the other.
func (b *side) compareAll(ctx context.Context, all []work, chosen func(string) bool) ([]row, error) {
	var rows []row
	for _, w := range all {
		if !chosen(w.name) {
			continue
		}
		ours, theirs, err := b.compare(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		rows = append(rows, row{name: w.name, peer: w.peer, goal: w.goal, mem: w.mem, ours: ours, theirs: theirs})
	}
	return rows, nil
}

// row is what came of a workload; theirs is nil without a peer.
type row struct {
	name, peer string
	goal, mem  float64
	ours       summary
	theirs     *summary
	hashed     time.Duration // that plain SHA-256 took of the same data; 0: not measured
}

// print adds the row to a table, and says whether a goal was missed.
func (r row) print(table io.Writer) (missed bool) {
	fmt.Fprintf(table, "%s\t%s", r.name, cells(r.ours))
	if r.theirs == nil {
		fmt.Fprintf(table, "\tno %s\t\t\t\t\t\t%s\n", r.peer, r.ofHash())
		return false
	}
	wall := float64(r.ours.wall) / float64(r.theirs.wall)
	mem := float64(r.ours.rss) / float64(r.theirs.rss)
	fmt.Fprintf(table, "\t%s\t%s\t%s\t%.0f%% %.0f%%\t%s\n", cells(*r.theirs), ratio(wall, r.goal), ratio(mem, r.mem), 100*r.ours.spread, 100*r.theirs.spread, r.ofHash())
	return r.goal > 0 && wall > r.goal || r.mem > 0 && mem > r.mem
}

// ofHash shows how long the work took next to hashing its data.
func (r row) ofHash() string {
	if r.hashed == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f of %s", float64(r.ours.wall)/float64(r.hashed), r.hashed.Round(time.Millisecond))
}

func cells(s summary) string {
	return fmt.Sprintf("%s\t%s\t%d MB", s.wall.Round(time.Millisecond), s.cpu.Round(time.Millisecond), s.rss>>20)
}

// ratio shows a ratio and, when there is one, the goal.
func ratio(r, goal float64) string {
	switch {
	case goal == 0:
		return fmt.Sprintf("%.2f", r)
	case r <= goal:
		return fmt.Sprintf("%.2f (goal %.2g)", r, goal)
	}
	return fmt.Sprintf("%.2f (goal %.2g MISSED)", r, goal)
}

// side runs both sides in a directory of its own, where HOME and the store lie.
type side struct {
	dir, peers string
	runs       int
}

// links makes gonix callable by the names it is measured under.
func (b *side) links(gonix string) error {
	path, err := filepath.Abs(gonix)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	for _, name := range []string{"gonix", "gonix-build", "gonix-instantiate", "gonix-store"} {
		if err := os.Symlink(path, filepath.Join(b.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// compare measures a workload. The second summary is nil when there is no peer.
func (b *side) compare(ctx context.Context, w work) (ours summary, theirs *summary, err error) {
	name := "gonix"
	if w.peer == "nix-instantiate" {
		name = "gonix-instantiate"
	}
	gonix := append([]string{filepath.Join(b.dir, name)}, w.gonix...)
	var peer []string
	if path := b.find(w.peer); path != "" {
		peer = append([]string{path}, w.other...)
	}
	env := append(os.Environ(), "HOME="+b.dir, "XDG_CACHE_HOME="+b.dir+"/cache", "XDG_DATA_HOME="+b.dir+"/data",
		"NIX_REMOTE=local?root="+b.dir+"/root", "NIX_PATH=")
	var mine, others []sample
	// The first round warms the page cache and is not counted.
	for i := range b.runs + 1 {
		s, out, err := run(ctx, b.dir, env, gonix, w.status)
		if err != nil {
			return ours, nil, err
		}
		if i > 0 {
			mine = append(mine, s)
		}
		if peer == nil {
			continue
		}
		s, peerOut, err := run(ctx, b.dir, env, peer, w.status)
		if err != nil {
			return ours, nil, err
		}
		if i > 0 {
			others = append(others, s)
		}
		if w.same && out != peerOut {
			return ours, nil, fmt.Errorf("gonix prints %.200q, %s %.200q", out, w.peer, peerOut)
		}
	}
	if peer != nil {
		s := summarize(others)
		theirs = &s
	}
	return summarize(mine), theirs, nil
}

// find is the path of a peer, "" when it is not installed.
func (b *side) find(name string) string {
	if b.peers != "" {
		if path := filepath.Join(b.peers, name); exec.Command(path, "--version").Run() == nil {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}
