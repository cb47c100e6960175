// Command testreport reads the output of `go test -json` and prints what a person
// wants to see of it: a line for each package, all that failing tests printed,
// the slowest tests, and the number of tests. Its status is 1 when a test failed, and, with
// GONIX_CI=1, when a test was skipped: in CI nothing may be missing.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// event is one line of `go test -json`, see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output events
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

// slowTest is how long, in seconds, a test may take before it is listed.
const slowTest = 5.0

type report struct {
	out      io.Writer
	output   map[string][]string // of each running test, and of packages as themselves
	passed   int
	failed   []string
	skipped  []string
	slow     []string
	failures bool
}

func main() {
	r := &report{out: os.Stdout, output: map[string][]string{}}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintf(os.Stderr, "testreport: %v\n", err)
		os.Exit(1)
	}
	if !r.summary(os.Getenv("GONIX_CI") == "1") {
		os.Exit(1)
	}
}

// read handles events until the end. Lines that are no JSON come from the go
// command itself (a package that does not build) and are passed on.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if line[0] != '{' || json.Unmarshal(line, &e) != nil {
				r.out.Write(line)
			} else {
				r.handle(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
	}
}

func (r *report) handle(e event) {
	key := e.Package + "\x00" + e.Test
	name := strings.TrimPrefix(e.Package+" "+e.Test, "gonix.dev/gonix/")
	switch e.Action {
	case "output":
		r.output[key] = append(r.output[key], e.Output)
		return
	case "build-output":
		fmt.Fprint(r.out, e.Output)
		return
	case "build-fail":
		r.failures = true
		return
	case "pass":
		if e.Test == "" {
			fmt.Fprintf(r.out, "ok    %-44s %7.2fs\n", name, e.Elapsed)
		} else {
			r.passed++
			if e.Elapsed >= slowTest {
				r.slow = append(r.slow, fmt.Sprintf("%7.2fs  %s", e.Elapsed, name))
			}
		}
	case "skip":
		// A package without tests also says "skip".
		if e.Test != "" {
			r.skipped = append(r.skipped, name+": "+reason(r.output[key]))
		}
	case "fail":
		r.failures = true
		if e.Test != "" {
			r.failed = append(r.failed, name)
		} else {
			fmt.Fprintf(r.out, "FAIL  %-44s %7.2fs\n", name, e.Elapsed)
			r.unfinished(e.Package)
		}
		for _, s := range r.output[key] {
			fmt.Fprint(r.out, s)
		}
	default:
		return
	}
	delete(r.output, key)
}

// unfinished shows the tests that were running when a package's tests ended, because
// of a crash or a time-out.
func (r *report) unfinished(pkg string) {
	for key, lines := range r.output {
		if p, test, _ := strings.Cut(key, "\x00"); p == pkg && test != "" {
			r.failed = append(r.failed, strings.TrimPrefix(pkg+" "+test, "gonix.dev/gonix/")+" (did not end)")
			fmt.Fprint(r.out, strings.Join(lines, ""))
			delete(r.output, key)
		}
	}
}

// reason is the message of t.Skip among a test's output.
func reason(output []string) string {
	for _, s := range output {
		if s = strings.TrimSpace(s); !strings.HasPrefix(s, "===") && !strings.HasPrefix(s, "---") {
			return s
		}
	}
	return "no reason given"
}

// summary prints the totals and reports whether all is well.
func (r *report) summary(strict bool) bool {
	sort.Sort(sort.Reverse(sort.StringSlice(r.slow)))
	if len(r.slow) > 0 {
		fmt.Fprintf(r.out, "slowest:\n  %s\n", strings.Join(r.slow[:min(10, len(r.slow))], "\n  "))
	}
	if len(r.skipped) > 0 {
		fmt.Fprintf(r.out, "skipped:\n  %s\n", strings.Join(r.skipped, "\n  "))
	}
	if len(r.failed) > 0 {
		fmt.Fprintf(r.out, "failed:\n  %s\n", strings.Join(r.failed, "\n  "))
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, len(r.failed), len(r.skipped))
	return !r.failures && r.passed > 0 && !(strict && len(r.skipped) > 0)
}
