package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sample is what one run of a process cost, its children included.
type sample struct {
	wall time.Duration
	cpu  time.Duration // user and system
	rss  int64         // peak resident memory of the largest process, bytes
}

// run runs a command once, which is to exit with a status. Its standard output is
// returned for comparison.
func run(ctx context.Context, dir string, env, argv []string, status int) (sample, string, error) {
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.Dir, c.Env = dir, env
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	start := time.Now()
	err := c.Run()
	wall := time.Since(start)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == status {
		err = nil
	}
	if err != nil {
		text := strings.TrimSpace(stderr.String())
		return sample{}, "", fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, text[:min(len(text), 2000)])
	}
	state := c.ProcessState
	s := sample{wall: wall, cpu: state.UserTime() + state.SystemTime()}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		s.rss = usage.Maxrss * maxrssUnit
	}
	return s, stdout.String(), nil
}

// summary is the median of samples in each respect, and how far apart the fastest
// and the slowest run were, relative to the median.
type summary struct {
	sample
	spread float64
}

func summarize(samples []sample) summary {
	walls := sorted(samples, func(s sample) int64 { return int64(s.wall) })
	cpus := sorted(samples, func(s sample) int64 { return int64(s.cpu) })
	rss := sorted(samples, func(s sample) int64 { return s.rss })
	mid := len(samples) / 2
	m := summary{sample: sample{time.Duration(walls[mid]), time.Duration(cpus[mid]), rss[mid]}}
	m.spread = float64(walls[len(walls)-1]-walls[0]) / float64(max(walls[mid], 1))
	return m
}

func sorted(samples []sample, value func(sample) int64) []int64 {
	var all []int64
	for _, s := range samples {
		all = append(all, value(s))
	}
	slices.Sort(all)
	return all
}
