package lsp

import (
	"context"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/scope"
)

// scopes resolves all names of a text.
var scopes = document.NewAnalysis(func(d *document.Snapshot) *scope.Info {
	return scope.ResolveUntil(d.Stopped, d.File())
})

// nearby resolves the names of a text that somebody asks about. Requests about one place
// are answered with it while scopes is not needed anyway.
var nearby = document.NewAnalysis(func(d *document.Snapshot) *scope.Lazy {
	d = d.For(context.Background()) // this is remembered for all who ask
	known := func() *scope.Info {
		info, _ := scopes.Known(d)
		return info
	}
	return scope.NewLazy(d.File(), func() *scope.Info { return scopes.Of(d) }, known)
})
