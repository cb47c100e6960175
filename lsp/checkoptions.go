package lsp

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/config"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/modules"
	"gonix.dev/gonix/parser/ast"
)

// OptionChecker finds in files what the server reports about the options of modules,
// for who has no editor. It evaluates nothing unless a file is a module of a system
// that is found.
type OptionChecker struct{ s *Server }

// NewOptionChecker makes a checker for the files below some folders. Close must be
// called.
func NewOptionChecker(opts Options, dirs ...string) *OptionChecker {
	if opts.Log == nil {
		opts.Log = io.Discard
	}
	s := newServer(context.Background(), opts)
	v := &view{config: config.Default(), enc: document.UTF8}
	for _, dir := range dirs {
		v.folders = append(v.folders, folder{path: filepath.Clean(dir), name: filepath.Base(dir)})
	}
	s.view.Store(v)
	return &OptionChecker{s}
}

// Check returns what is wrong with the options that a file sets, whose tree is f, as
// far as its modules can be evaluated. What cannot be is an error.
func (c *OptionChecker) Check(ctx context.Context, path string, f *ast.File) ([]analysis.Diagnostic, error) {
	if len(f.Errors) > 0 || !modules.Of(path, f).Any() && !modules.Mentions(f.Src) {
		return nil, nil
	}
	d, err := c.s.file(ctx, path)
	if err != nil {
		return nil, err
	}
	found, err := c.s.checkOptions(ctx, d)
	if errors.Is(err, errNoEval) {
		err = nil
	}
	return found, err
}

// Close ends the evaluating process.
func (c *OptionChecker) Close() { c.s.worker.Close() }
