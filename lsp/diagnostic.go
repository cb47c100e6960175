package lsp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

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
	found, err := s.settledDiagnostics(ctx, d)
	if err != nil {
		return nil, err
	}
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

// atOnce is the length, in bytes, up to which a text is checked while somebody types.
const atOnce = 64 << 10

// settledDiagnostics returns what is wrong with a text once typing pauses. A key
// meanwhile ends the check: what it would find is about a text that is no more. It
// begins anew with the text that there is now, since that is what the client will show
// the answer in.
func (s *Server) settledDiagnostics(ctx context.Context, d *document.Snapshot) ([]protocol.Diagnostic, error) {
	key := docKey(d.URI)
	for {
		check, end := s.checks.begin(ctx, key)
		if v := s.view.Load(); v.docs[key] != nil {
			d, check = v.docs[key], withView(check, v)
		}
		err := s.awaitPause(ctx, check, d)
		var found []protocol.Diagnostic
		if err == nil {
			found = s.diagnostics(check, d.For(check))
			err = check.Err()
		}
		end()
		if err == nil || ctx.Err() != nil {
			return found, ctx.Err()
		}
	}
}

// awaitPause waits until typing pauses, for as long as pushed diagnostics do. Who pulls
// after each key means the last, and checking a large text takes what answers to the
// others need. It returns the error of the check's context when that is done.
func (s *Server) awaitPause(ctx, check context.Context, d *document.Snapshot) error {
	if len(d.Text) <= atOnce {
		return check.Err()
	}
	delay := time.Duration(s.viewOf(ctx).config.Diagnostics.DelayMS) * time.Millisecond
	waiting(ctx, func() {
		for check.Err() == nil {
			left := delay - time.Since(time.Unix(0, s.typed.Load()))
			if left <= 0 {
				return
			}
			select {
			case <-time.After(left):
			case <-check.Done():
			}
		}
	})
	return check.Err()
}

// DiagnosticWorkspace reports on every file of the workspace, open or not. All at the
// end: the list of problems in VS Code stays empty when they come in parts.
func (s *Server) DiagnosticWorkspace(ctx context.Context, p *protocol.WorkspaceDiagnosticParams) (*protocol.WorkspaceDiagnosticReport, error) {
	previous := map[uri.URI]string{}
	for _, r := range p.PreviousResultIds {
		previous[r.URI] = r.Value
	}
	ctx, progress := s.startWalk(ctx, p.WorkDoneToken, "Checking the workspace")
	defer progress.end("")
	items := []protocol.WorkspaceDocumentDiagnosticReport{}
	err := s.eachFile(ctx, func(d *document.Snapshot) error {
		found := s.diagnostics(ctx, d)
		id := resultID(found)
		var version *int32
		if d.Open {
			version = &d.Version
		}
		if previous[d.URI] == id {
			items = append(items, &protocol.WorkspaceUnchangedDocumentDiagnosticReport{
				UnchangedDocumentDiagnosticReport: protocol.UnchangedDocumentDiagnosticReport{
					Kind: string(protocol.DocumentDiagnosticReportKindUnchanged), ResultID: id,
				},
				URI: d.URI, Version: version,
			})
			return nil
		}
		items = append(items, &protocol.WorkspaceFullDocumentDiagnosticReport{
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
	return &protocol.WorkspaceDiagnosticReport{Items: items}, nil
}
