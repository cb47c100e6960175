package lsp

import (
	"context"
	"io"
	"os"
	"strconv"
	"testing"

	"gonix.dev/gonix/lsp/worker"
)

// TestMain makes the test binary the evaluating process, or a server, when it is
// called as such.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "eval-worker" {
		memory, err := strconv.Atoi(os.Args[len(os.Args)-1])
		if err == nil {
			err = worker.Run(context.Background(), os.Stdin, os.Stdout, memory)
		}
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		serveTest()
	}
	os.Exit(m.Run())
}

// serveTest is a server on standard input and output.
func serveTest() {
	exe, err := os.Executable()
	if err == nil {
		err = Serve(context.Background(), stdio{os.Stdin, os.Stdout}, Options{Worker: []string{exe, "eval-worker"}})
	}
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

type stdio struct {
	io.Reader
	io.Writer
}

func (stdio) Close() error { return os.Stdin.Close() }
