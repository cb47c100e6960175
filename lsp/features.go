package lsp

import (
	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/action"
)

// addFeatures announces the language features.
func (s *Server) addFeatures(c *protocol.ServerCapabilities) {
	yes := ref(true)
	c.DocumentSymbolProvider = protocol.Boolean(true)
	c.FoldingRangeProvider = protocol.Boolean(true)
	c.SelectionRangeProvider = protocol.Boolean(true)
	c.DocumentHighlightProvider = protocol.Boolean(true)
	c.DocumentLinkProvider = &protocol.DocumentLinkOptions{}
	c.CompletionProvider = &protocol.CompletionOptions{TriggerCharacters: []string{".", "/", "?"}, ResolveProvider: yes}
	c.HoverProvider = protocol.Boolean(true)
	c.SignatureHelpProvider = &protocol.SignatureHelpOptions{TriggerCharacters: []string{" ", "{"}, RetriggerCharacters: []string{";", "="}}
	c.CodeLensProvider = &protocol.CodeLensOptions{}
	c.InlayHintProvider = protocol.Boolean(true)
	c.CodeActionProvider = &protocol.CodeActionOptions{CodeActionKinds: []protocol.CodeActionKind{
		action.QuickFix, action.Rewrite, action.Extract, action.Inline, action.FixAll,
	}, ResolveProvider: ref(s.caps.resolveEdits)}
	c.ExecuteCommandProvider = protocol.ExecuteCommandOptions{Commands: commands}
	c.DefinitionProvider = protocol.Boolean(true)
	c.DeclarationProvider = protocol.Boolean(true)
	c.ReferencesProvider = protocol.Boolean(true)
	c.RenameProvider = &protocol.RenameOptions{PrepareProvider: yes}
	c.WorkspaceSymbolProvider = protocol.Boolean(true)
	c.CallHierarchyProvider = protocol.Boolean(true)
	c.DocumentFormattingProvider = protocol.Boolean(true)
	c.DocumentRangeFormattingProvider = &protocol.DocumentRangeFormattingOptions{RangesSupport: yes}
	c.DocumentOnTypeFormattingProvider = protocol.DocumentOnTypeFormattingOptions{
		FirstTriggerCharacter: "\n", MoreTriggerCharacter: []string{";", "}"},
	}
	c.SemanticTokensProvider = &protocol.SemanticTokensOptions{
		Legend: tokenLegend,
		Range:  protocol.Boolean(true),
		Full:   &protocol.SemanticTokensFullDelta{Delta: yes},
	}
}
