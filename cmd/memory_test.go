package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"weak"

	"gonix.dev/gonix/eval"
)

// TestCollectionResumes checks that the collector is back at its usual pace, and the
// evaluator gone, once there is only building left.
func TestCollectionResumes(t *testing.T) {
	dir := t.TempDir()
	vars := map[string]string{"HOME": dir, "NIX_CONF_DIR": dir, "NIX_CONFIG": "substitute = false"}
	var out bytes.Buffer
	env := &Env{Stdout: &out, Stderr: &out, Dir: dir, Getenv: func(n string) string { return vars[n] }}
	f := &evalFlags{conf: &settingsFlags{}, store: filepath.Join(dir, "root"), expr: "1 + 1"}
	e, err := f.open(t.Context(), env, readWrite)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.source(f); err != nil {
		t.Fatal(err)
	}
	state := weak.Make[eval.State](e.st)
	if err := e.finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if percent := debug.SetGCPercent(100); percent != 100 && os.Getenv("GOGC") == "" {
		t.Errorf("GOGC is %d after the evaluation", percent)
	}
	runtime.GC()
	runtime.GC()
	if state.Value() != nil {
		t.Error("something refers to the evaluator after the evaluation")
	}
	if err := e.close(); err != nil {
		t.Error(err)
	}
}
