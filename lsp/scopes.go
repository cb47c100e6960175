package lsp

import (
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/scope"
)

// scopes resolves the names of a text.
var scopes = document.NewAnalysis(func(d *document.Snapshot) *scope.Info {
	return scope.Resolve(d.File())
})
