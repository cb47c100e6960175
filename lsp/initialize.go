package lsp

//lint:file-ignore SA1019 RootURI and RootPath are all that old clients send

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/document"
)

// capabilities is what the client can do, as far as the server cares.
type capabilities struct {
	pullDiagnostics       bool
	relatedInformation    bool
	workDoneProgress      bool
	configuration         bool
	registerConfiguration bool
	registerWatchedFiles  bool
	documentChanges       bool
	createFiles           bool
	hierarchicalSymbols   bool
	locationLinks         bool
	snippets              bool
	markdown              bool
	lineFoldingOnly       bool
	refreshDiagnostics    bool
	refreshTokens         bool
	refreshHints          bool
	refreshLenses         bool
	itemDefaults          bool
	resolveEdits          bool
}

// Initialize agrees with the client on what both can do.
func (s *Server) Initialize(ctx context.Context, p *protocol.InitializeParams) (*protocol.InitializeResult, error) {
	s.caps = clientCapabilities(&p.Capabilities)
	enc := chooseEncoding(&p.Capabilities)

	var folders []folder
	if list, ok := p.WorkspaceFolders.Get(); ok {
		for _, f := range list {
			folders = append(folders, newFolder(f))
		}
	} else if p.RootURI != nil {
		folders = append(folders, newFolder(protocol.WorkspaceFolder{URI: *p.RootURI}))
	} else if root, ok := p.RootPath.Get(); ok && root != "" {
		folders = append(folders, folder{path: filepath.Clean(root), name: filepath.Base(root)})
	}

	cfg, err := s.view.Load().config.Merge(p.InitializationOptions)
	if err != nil {
		s.logf("initializationOptions: %v", err)
	}
	s.update(func(v *view) *view {
		return v.with(func(next *view) { next.enc, next.folders, next.config = enc, folders, cfg })
	})
	if p.Trace != "" {
		s.trace.Store(&p.Trace)
	}
	if p.ProcessID != nil && *p.ProcessID > 0 && int(*p.ProcessID) != os.Getpid() {
		go s.watchParent(int(*p.ProcessID))
	}
	s.state.Store(stateRunning)
	return &protocol.InitializeResult{
		Capabilities: s.serverCapabilities(enc),
		ServerInfo:   protocol.ServerInfo{Name: "gonix", Version: protocol.NewOptional(s.opts.Version)},
	}, nil
}

// watchParent ends the connection when the client's process dies, as the
// protocol asks: its end of a socket may be held open by somebody else.
func (s *Server) watchParent(pid int) {
	if waitExit(s.base, pid) {
		s.logf("the client's process %d is gone", pid)
		s.exit.Do(func() { close(s.exited) })
	}
}

func clientCapabilities(c *protocol.ClientCapabilities) (caps capabilities) {
	yes := func(b *bool) bool { return b != nil && *b }
	if w := c.Workspace; w != nil {
		caps.configuration = yes(w.Configuration)
		if x := w.DidChangeConfiguration; x != nil {
			caps.registerConfiguration = yes(x.DynamicRegistration)
		}
		if x := w.DidChangeWatchedFiles; x != nil {
			caps.registerWatchedFiles = yes(x.DynamicRegistration)
		}
		if x := w.WorkspaceEdit; x != nil {
			caps.documentChanges = yes(x.DocumentChanges)
			for _, op := range x.ResourceOperations {
				caps.createFiles = caps.createFiles || op == protocol.ResourceOperationKindCreate
			}
		}
		if x := w.Diagnostics; x != nil {
			caps.refreshDiagnostics = yes(x.RefreshSupport)
		}
		if x := w.SemanticTokens; x != nil {
			caps.refreshTokens = yes(x.RefreshSupport)
		}
		if x := w.InlayHint; x != nil {
			caps.refreshHints = yes(x.RefreshSupport)
		}
		if x := w.CodeLens; x != nil {
			caps.refreshLenses = yes(x.RefreshSupport)
		}
	}
	if w := c.Window; w != nil {
		caps.workDoneProgress = yes(w.WorkDoneProgress)
	}
	if t := c.TextDocument; t != nil {
		caps.pullDiagnostics = t.Diagnostic != nil
		if x := t.PublishDiagnostics; x != nil {
			caps.relatedInformation = yes(x.RelatedInformation)
		}
		if x := t.Diagnostic; x != nil {
			caps.relatedInformation = caps.relatedInformation || yes(x.RelatedInformation)
		}
		if x := t.DocumentSymbol; x != nil {
			caps.hierarchicalSymbols = yes(x.HierarchicalDocumentSymbolSupport)
		}
		if x := t.Definition; x != nil {
			caps.locationLinks = yes(x.LinkSupport)
		}
		if x := t.FoldingRange; x != nil {
			caps.lineFoldingOnly = yes(x.LineFoldingOnly)
		}
		if x := t.Hover; x != nil {
			for _, kind := range x.ContentFormat {
				caps.markdown = caps.markdown || kind == protocol.MarkupKindMarkdown
			}
		}
		if x := t.CodeAction; x != nil {
			caps.resolveEdits = yes(x.DataSupport) && slices.Contains(x.ResolveSupport.Properties, "edit")
		}
		if x := t.Completion; x != nil {
			if x.CompletionItem != nil {
				caps.snippets = yes(x.CompletionItem.SnippetSupport)
			}
			if x.CompletionList != nil {
				for _, field := range x.CompletionList.ItemDefaults {
					caps.itemDefaults = caps.itemDefaults || field == "editRange"
				}
			}
		}
	}
	return caps
}

// chooseEncoding prefers bytes, which need no conversion, among what the client
// offers. UTF-16 is what a client speaks that offers nothing.
func chooseEncoding(c *protocol.ClientCapabilities) document.Encoding {
	best := document.UTF16
	if c.General != nil {
		for _, kind := range c.General.PositionEncodings {
			switch {
			case kind == protocol.PositionEncodingKindUTF8:
				return document.UTF8
			case kind == protocol.PositionEncodingKindUTF32 && len(c.General.PositionEncodings) == 1:
				best = document.UTF32
			}
		}
	}
	return best
}

func (s *Server) serverCapabilities(enc document.Encoding) protocol.ServerCapabilities {
	yes := ref(true)
	nix := protocol.FileOperationRegistrationOptions{Filters: []protocol.FileOperationFilter{
		{Scheme: ref("file"), Pattern: protocol.FileOperationPattern{Glob: "**/*"}},
	}}
	sync := &protocol.TextDocumentSyncOptions{
		OpenClose: yes,
		Change:    ref(protocol.TextDocumentSyncKindIncremental),
		Save:      &protocol.SaveOptions{IncludeText: ref(false)},
	}
	c := protocol.ServerCapabilities{
		PositionEncoding: protocol.PositionEncodingKind(enc.String()),
		TextDocumentSync: sync,
		Workspace: &protocol.WorkspaceOptions{
			WorkspaceFolders: &protocol.WorkspaceFoldersServerCapabilities{
				Supported: yes, ChangeNotifications: protocol.Boolean(true),
			},
			FileOperations: &protocol.FileOperationOptions{WillRename: nix},
		},
		DiagnosticProvider: &protocol.DiagnosticOptions{
			Identifier: ref("gonix"), InterFileDependencies: true, WorkspaceDiagnostics: true,
		},
	}
	s.addFeatures(&c)
	return c
}
