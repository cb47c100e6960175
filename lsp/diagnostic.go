package lsp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/document"
)

// resultID identifies a report by what it says.
func resultID(found []protocol.Diagnostic) string {
	data, err := protocol.Marshal(found)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:12])
}

// Diagnostic answers a client that pulls the diagnostics of one text.
func (s *Server) Diagnostic(ctx context.Context, p *protocol.DocumentDiagnosticParams) (protocol.DocumentDiagnosticReport, error) {
	d, err := s.doc(ctx, p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	found := s.diagnostics(ctx, d)
	id := resultID(found)
	if p.PreviousResultID != nil && *p.PreviousResultID == id {
		return &protocol.RelatedUnchangedDocumentDiagnosticReport{
			UnchangedDocumentDiagnosticReport: protocol.UnchangedDocumentDiagnosticReport{
				Kind: string(protocol.DocumentDiagnosticReportKindUnchanged), ResultID: id,
			},
		}, nil
	}
	return &protocol.RelatedFullDocumentDiagnosticReport{
		FullDocumentDiagnosticReport: protocol.FullDocumentDiagnosticReport{
			Kind: string(protocol.DocumentDiagnosticReportKindFull), ResultID: &id, Items: found,
		},
	}, nil
}

// DiagnosticWorkspace reports on every file of the workspace, open or not.
func (s *Server) DiagnosticWorkspace(ctx context.Context, p *protocol.WorkspaceDiagnosticParams) (*protocol.WorkspaceDiagnosticReport, error) {
	previous := map[uri.URI]string{}
	for _, r := range p.PreviousResultIds {
		previous[r.URI] = r.Value
	}
	ctx, progress := s.startProgress(ctx, p.WorkDoneToken, "Checking the workspace")
	defer progress.end("")
	report := &protocol.WorkspaceDiagnosticReport{Items: []protocol.WorkspaceDocumentDiagnosticReport{}}
	err := s.eachFile(ctx, func(d *document.Snapshot) error {
		found := s.diagnostics(ctx, d)
		id := resultID(found)
		var version *int32
		if d.Open {
			version = &d.Version
		}
		if previous[d.URI] == id {
			report.Items = append(report.Items, &protocol.WorkspaceUnchangedDocumentDiagnosticReport{
				UnchangedDocumentDiagnosticReport: protocol.UnchangedDocumentDiagnosticReport{
					Kind: string(protocol.DocumentDiagnosticReportKindUnchanged), ResultID: id,
				},
				URI: d.URI, Version: version,
			})
			return nil
		}
		report.Items = append(report.Items, &protocol.WorkspaceFullDocumentDiagnosticReport{
			FullDocumentDiagnosticReport: protocol.FullDocumentDiagnosticReport{
				Kind: string(protocol.DocumentDiagnosticReportKindFull), ResultID: &id, Items: found,
			},
			URI: d.URI, Version: version,
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return report, nil
}
