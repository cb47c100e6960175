package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// latency collects how long one kind of answer took.
type latency struct {
	name  string
	goal  time.Duration // of the 99th percentile
	times []time.Duration
}

func (l *latency) add(d time.Duration) { l.times = append(l.times, d) }

func (l *latency) at(percent int) time.Duration {
	s := slices.Sorted(slices.Values(l.times))
	return s[min(len(s)-1, len(s)*percent/100)]
}

// lspBench measures the language server as an editor meets it: a process, spoken to
// over pipes, with the largest file of nixpkgs open.
type lspBench struct {
	gonix, nixpkgs, file string
	text                 string
	keys                 int
	env                  []string
	table                *tabwriter.Writer
	missed               int
}

const ms = time.Millisecond

// pace is the pause after each keystroke: 25 a second are more than fingers can.
const pace = 40 * ms

// benchLSP measures the parts that are chosen.
func benchLSP(out io.Writer, gonix, nixpkgs string, runs, keys int, chosen func(part string) bool) (missed int, err error) {
	file := filepath.Join(nixpkgs, "pkgs/top-level/all-packages.nix")
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	b := &lspBench{gonix: gonix, nixpkgs: nixpkgs, file: file, text: string(text), keys: keys}
	b.env = append(os.Environ(), "NIX_PATH=nixpkgs="+nixpkgs)
	b.table = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "language server, %s: %d lines\n", file, strings.Count(b.text, "\n"))
	fmt.Fprintf(b.table, "\tp50\tp99\tmax\tgoal (p99)\n")
	defer b.table.Flush()
	for _, part := range []struct {
		name    string
		measure func(runs int) error
	}{{"opening", b.opening}, {"typing", b.typing}, {"burst", b.burst}, {"packages", b.packages}} {
		if !chosen(part.name) {
			continue
		}
		if err := part.measure(runs); err != nil {
			return b.missed, err
		}
	}
	return b.missed, nil
}

func (b *lspBench) report(list ...*latency) {
	for _, l := range list {
		verdict := ""
		if l.goal > 0 {
			verdict = l.goal.String()
			if l.at(99) > l.goal {
				verdict += " MISSED"
				b.missed++
			}
		}
		show := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(ms)) }
		fmt.Fprintf(b.table, "%s (%d)\t%s\t%s\t%s\t%s\n", l.name, len(l.times), show(l.at(50)), show(l.at(99)), show(l.at(100)), verdict)
	}
	b.table.Flush()
}

func (b *lspBench) memory(what string, pid int, goal int64) {
	u := usageOf(pid)
	verdict := ""
	if goal > 0 {
		verdict = fmt.Sprintf("%d MB", goal>>20)
		if u.peak > goal {
			verdict += " MISSED"
			b.missed++
		}
	}
	fmt.Fprintf(b.table, "%s\t%d MB now\t%d MB peak\t\t%s\n", what, u.rss>>20, u.peak>>20, verdict)
	b.table.Flush()
}

// buffer is an open file and the editor's idea of it.
type buffer struct {
	e       *editor
	uri     string
	version int
}

func (b *lspBench) start(eval bool) (*buffer, time.Time, error) {
	e, err := startEditor(b.gonix, b.nixpkgs, map[string]any{"eval": map[string]any{"enable": eval}}, b.env)
	if err != nil {
		return nil, time.Time{}, err
	}
	f := &buffer{e: e, uri: "file://" + b.file, version: 1}
	start := time.Now()
	err = e.tell("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": f.uri, "languageId": "nix", "version": 1, "text": b.text,
	}})
	return f, start, err
}

func (f *buffer) doc() map[string]any { return map[string]any{"uri": f.uri} }

func position(line, char int) map[string]any { return map[string]any{"line": line, "character": char} }

// insert types a text at a place.
func (f *buffer) insert(line, char int, text string) error {
	f.version++
	at := position(line, char)
	return f.e.tell("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": f.uri, "version": f.version},
		"contentChanges": []any{map[string]any{"range": map[string]any{"start": at, "end": at}, "text": text}},
	})
}

// question is a request at the place of the cursor.
type question struct {
	*latency
	method string
	params func(f *buffer, line, char int) map[string]any
}

func (b *lspBench) questions() []*question {
	at := func(f *buffer, line, char int) map[string]any {
		return map[string]any{"textDocument": f.doc(), "position": position(line, char)}
	}
	whole := func(f *buffer, _, _ int) map[string]any { return map[string]any{"textDocument": f.doc()} }
	return []*question{
		{&latency{name: "completion", goal: 20 * ms}, "textDocument/completion", at},
		{&latency{name: "hover", goal: 20 * ms}, "textDocument/hover", func(f *buffer, line, char int) map[string]any { return at(f, line, 6) }},
		{&latency{name: "definition", goal: 20 * ms}, "textDocument/definition", func(f *buffer, line, char int) map[string]any { return at(f, line-2, 14) }},
		{&latency{name: "symbols", goal: 20 * ms}, "textDocument/documentSymbol", whole},
		{&latency{name: "token delta", goal: 30 * ms}, "textDocument/semanticTokens/full/delta", whole},
	}
}

// opening measures how long the first diagnostics take in a new process.
func (b *lspBench) opening(runs int) error {
	l := &latency{name: "diagnostics after opening", goal: 300 * ms}
	for range runs {
		f, start, err := b.start(false)
		if err != nil {
			return err
		}
		p, err := f.e.reported(1)
		if err != nil {
			return err
		}
		l.add(p.at.Sub(start))
		if err := f.e.stop(); err != nil {
			return err
		}
	}
	b.report(l)
	return nil
}

// typed is what is typed in the middle of the file, again and again.
const typed = "  gonixBench = callPackage ../tools/misc/gonix { inherit (lib) optional; stdenv = if true then gcc9Stdenv else stdenv; };\n"

// typeKeys calls after after each keystroke with the place of the cursor.
func (b *lspBench) typeKeys(f *buffer, keys int, after func(line, char int, at time.Time) error) error {
	line, char := 12_000, 0
	lines := strings.Split(b.text, "\n")
	for lines[line-1] != "" || lines[line+1] != "" || !strings.Contains(lines[line], "callPackage") {
		line++
	}
	for i := range keys {
		key := typed[i%len(typed)]
		at := time.Now()
		if err := f.insert(line, char, string(key)); err != nil {
			return err
		}
		char++
		if key == '\n' {
			line, char = line+1, 0
		}
		if err := after(line, char, at); err != nil {
			return err
		}
	}
	return nil
}

// typing asks one question after each keystroke, in turns.
func (b *lspBench) typing(int) error {
	f, _, err := b.start(false)
	if err != nil {
		return err
	}
	if _, err := f.e.reported(1); err != nil {
		return err
	}
	questions, previous := b.questions(), ""
	n := 0
	before := usageOf(f.e.pid).cpu
	err = b.typeKeys(f, b.keys*len(questions), func(line, char int, at time.Time) error {
		q := questions[n%len(questions)]
		n++
		params := q.params(f, line, char)
		if strings.HasSuffix(q.method, "delta") {
			params["previousResultId"] = previous
		}
		result, when, err := f.e.ask(q.method, params)
		if err != nil {
			return err
		}
		if strings.HasSuffix(q.method, "delta") {
			previous = resultID(result)
		}
		if n > len(questions)*5 { // warm
			q.add(when.Sub(at))
		}
		time.Sleep(pace)
		return nil
	})
	if err != nil {
		return err
	}
	for _, q := range questions {
		q.name = "typing: " + q.name
		b.report(q.latency)
	}
	used := (usageOf(f.e.pid).cpu - before) / time.Duration(n)
	fmt.Fprintf(b.table, "processor time of a keystroke\t%.1f ms\n", float64(used)/float64(ms))
	b.memory("memory without evaluation", f.e.pid, 150<<20)
	return f.e.stop()
}

func resultID(result json.RawMessage) string {
	var r struct {
		ResultID string `json:"resultId"`
	}
	if json.Unmarshal(result, &r) != nil {
		return ""
	}
	return r.ResultID
}

// burst asks everything at once after each keystroke, as eager editors do.
func (b *lspBench) burst(int) error {
	f, _, err := b.start(false)
	if err != nil {
		return err
	}
	questions, previous := b.questions(), ""
	err = b.typeKeys(f, b.keys, func(line, char int, at time.Time) error {
		var answers []<-chan reply
		for _, q := range questions {
			params := q.params(f, line, char)
			if strings.HasSuffix(q.method, "delta") {
				params["previousResultId"] = previous
			}
			c, err := f.e.send(q.method, params)
			if err != nil {
				return err
			}
			answers = append(answers, c)
		}
		for i, q := range questions {
			result, when, err := f.e.wait(q.method, answers[i])
			if err != nil {
				return err
			}
			if strings.HasSuffix(q.method, "delta") {
				previous = resultID(result)
			}
			q.add(when.Sub(at))
		}
		time.Sleep(pace)
		return nil
	})
	if err != nil {
		return err
	}
	for _, q := range questions {
		q.name, q.goal = "all at once: "+q.name, 0
		b.report(q.latency)
	}
	return f.e.stop()
}

// packages completes pkgs. in a small file, cold and warm.
func (b *lspBench) packages(runs int) error {
	cold, warm := &latency{name: "pkgs. cold", goal: time.Second}, &latency{name: "pkgs. warm", goal: 50 * ms}
	var f *buffer
	for i := range runs {
		e, err := startEditor(b.gonix, b.nixpkgs, nil, b.env)
		if err != nil {
			return err
		}
		f = &buffer{e: e, uri: "file://" + b.nixpkgs + "/gonix-bench.nix", version: 1}
		text := "{ pkgs, ... }:\n{\n  a = pkgs.;\n}\n"
		if err := e.tell("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
			"uri": f.uri, "languageId": "nix", "version": 1, "text": text,
		}}); err != nil {
			return err
		}
		char := 11
		for n := range b.keys {
			start := time.Now()
			if n > 0 {
				if err := f.insert(2, char, string("hello"[n%5])); err != nil {
					return err
				}
				char++
			}
			result, at, err := e.ask("textDocument/completion", map[string]any{"textDocument": f.doc(), "position": position(2, char)})
			if err != nil {
				return err
			}
			if n == 0 {
				cold.add(at.Sub(start))
				if len(result) < 1000 {
					return fmt.Errorf("pkgs. has no names: %s", result)
				}
			} else {
				warm.add(at.Sub(start))
			}
			time.Sleep(10 * ms)
		}
		if i+1 < runs {
			if err := e.stop(); err != nil {
				return err
			}
		}
	}
	b.report(cold, warm)
	worker := workerOf(f.e.pid)
	b.memory("memory of the evaluator", worker, 1<<30)
	// The last one rests a while: then nothing may happen.
	time.Sleep(3 * time.Second)
	before := usageOf(f.e.pid).cpu + usageOf(worker).cpu
	time.Sleep(5 * time.Second)
	used := usageOf(f.e.pid).cpu + usageOf(worker).cpu - before
	fmt.Fprintf(b.table, "processor time in 5 s idle\t%v\t\t\t0s\n", used)
	if used > 10*ms {
		b.missed++
	}
	b.memory("server at rest", f.e.pid, 0)
	b.memory("evaluator at rest", worker, 0)
	return f.e.stop()
}
