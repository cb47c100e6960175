package main

import (
	"testing"
	"time"
)

func TestSummarize(t *testing.T) {
	ms := time.Millisecond
	got := summarize([]sample{{30 * ms, 9 * ms, 5}, {10 * ms, 3 * ms, 7}, {20 * ms, 6 * ms, 6}})
	want := summary{sample{20 * ms, 6 * ms, 6}, 1.0}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMeasuresProcesses(t *testing.T) {
	s, out, err := run(t.Context(), t.TempDir(), nil, []string{"/bin/sh", "-c", "echo measured"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if out != "measured\n" || s.wall <= 0 || s.rss <= 0 {
		t.Errorf("got %+v, %q", s, out)
	}
	if _, _, err := run(t.Context(), t.TempDir(), nil, []string{"/bin/sh", "-c", "exit 3"}, 0); err == nil {
		t.Error("a failing command gave no error")
	}
	if _, _, err := run(t.Context(), t.TempDir(), nil, []string{"/bin/sh", "-c", "exit 3"}, 3); err != nil {
		t.Errorf("a command that exits as it should gave %v", err)
	}
}

func TestStoreWorkloads(t *testing.T) {
	names := map[string]bool{}
	for _, w := range storeWorkloads(t.TempDir(), 0.001) {
		if names[w.name] {
			t.Errorf("two workloads named %s", w.name)
		}
		names[w.name] = true
		if len(w.gonix) == 0 || len(w.peer) == 0 {
			t.Errorf("%s: no command", w.name)
		}
	}
	dir := t.TempDir()
	if err := makeData(dir+"/data", 1000); err != nil {
		t.Fatal(err)
	}
	if took, err := hashAll(dir + "/data"); err != nil || took <= 0 {
		t.Errorf("hashed in %v, %v", took, err)
	}
	if err := removeAll(dir + "/data"); err != nil {
		t.Fatal(err)
	}
}
