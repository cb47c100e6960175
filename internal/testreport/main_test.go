package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const pass = `{"Action":"pass","Package":"gonix.dev/gonix/store","Test":"TestA","Elapsed":0.1}` + "\n"
	tests := []struct {
		name   string
		in     string
		strict bool
		ok     bool
		want   string
	}{
		{"pass", pass, true, true, "1 passed, 0 failed, 0 skipped\n"},
		{"nothing ran", "", false, false, "0 passed"},
		{
			"failure shows its output",
			pass + `{"Action":"output","Package":"gonix.dev/gonix/store","Test":"TestB","Output":"want 1\n"}` + "\n" +
				`{"Action":"fail","Package":"gonix.dev/gonix/store","Test":"TestB"}` + "\n",
			false, false, "want 1\n",
		},
		{
			"skip is fine at home",
			pass + `{"Action":"skip","Package":"gonix.dev/gonix/store","Test":"TestB"}` + "\n",
			false, true, "1 skipped",
		},
		{
			"skip fails in CI and says why",
			pass + `{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN TestB\n"}` + "\n" +
				`{"Action":"output","Package":"p","Test":"TestB","Output":"    x_test.go:1: no nix\n"}` + "\n" +
				`{"Action":"skip","Package":"p","Test":"TestB"}` + "\n",
			true, false, "p TestB: x_test.go:1: no nix",
		},
		{"a package that does not build", pass + `{"Action":"build-fail","ImportPath":"p"}` + "\n", false, false, ""},
		{
			"a test that did not end",
			pass + `{"Action":"output","Package":"gonix.dev/gonix/store","Test":"TestB","Output":"SIGQUIT\n"}` + "\n" +
				`{"Action":"fail","Package":"gonix.dev/gonix/store"}` + "\n",
			false, false, "SIGQUIT\nfailed:\n  store TestB (did not end)\n",
		},
		{"a package without tests is no skipped test", pass + `{"Action":"skip","Package":"p"}` + "\n", true, true, "0 skipped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			r := &report{out: &out, output: map[string][]string{}}
			if err := r.read(strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			if ok := r.summary(tt.strict); ok != tt.ok {
				t.Errorf("ok = %v, want %v", ok, tt.ok)
			}
			if !strings.Contains(out.String(), tt.want) {
				t.Errorf("output %q lacks %q", out.String(), tt.want)
			}
		})
	}
}
