package lsp

import (
	"context"
	"os"
	"testing"

	"gonix.dev/gonix/lsp/worker"
)

// TestMain makes the test binary the evaluating process when it is called as such.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "eval-worker" {
		if err := worker.Run(context.Background(), os.Stdin, os.Stdout, 1024); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
