package lsp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/internal/shellquote"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
)

// The commands that the server runs.
const (
	cmdOpen  = "gonix.open"  // a web page
	cmdEval  = "gonix.eval"  // a binding; shows its value
	cmdBuild = "gonix.build" // a derivation; shows its store path
	// cmdShell is run by the client, which has terminals. A client that has it run here
	// gets to hear what to type.
	cmdShell = "gonix.shell"
)

var commands = []string{cmdOpen, cmdEval, cmdBuild}

// ExecuteCommand runs a command of a code action or code lens.
func (s *Server) ExecuteCommand(ctx context.Context, p *protocol.ExecuteCommandParams) (protocol.LSPAny, error) {
	switch p.Command {
	case cmdOpen:
		var target string
		if len(p.Arguments) != 1 || json.Unmarshal(p.Arguments[0], &target) != nil {
			return nil, refusal("%s needs an address", p.Command)
		}
		u, err := uri.Parse(target)
		if err != nil {
			return nil, err
		}
		waiting(ctx, func() {
			_, err = s.client.ShowDocument(ctx, &protocol.ShowDocumentParams{URI: u, External: ref(true)})
		})
		return nil, err
	case cmdEval, cmdBuild, cmdShell:
		var arg lensArgument
		if len(p.Arguments) != 1 || json.Unmarshal(p.Arguments[0], &arg) != nil {
			return nil, refusal("%s needs an argument", p.Command)
		}
		text, err := "", error(nil)
		switch p.Command {
		case cmdEval:
			text, err = s.evalBinding(ctx, arg)
		case cmdBuild:
			text, err = s.build(ctx, arg, p.WorkDoneToken)
		default:
			text = "run in a terminal: " + shellquote.Join(arg.Argv)
		}
		kind := protocol.MessageTypeInfo
		if err != nil {
			text, kind = err.Error(), protocol.MessageTypeError
		}
		if err := s.client.ShowMessage(ctx, &protocol.ShowMessageParams{Type: kind, Message: text}); err != nil {
			return nil, err
		}
		return json.Marshal(text)
	}
	return nil, refusal("there is no command %s", p.Command)
}

// evalBinding evaluates the binding whose name a lens stands above.
func (s *Server) evalBinding(ctx context.Context, arg lensArgument) (string, error) {
	u, err := parseURI(arg.URI)
	if err != nil {
		return "", err
	}
	d, err := s.doc(ctx, u)
	if err != nil {
		return "", err
	}
	path := cursor.Path(d.File().Root, min(arg.Offset, ast.Pos(len(d.Text))))
	a, i := cursor.Innermost[*ast.Attr](path)
	if i < 0 {
		return "", refusal("there is no binding any more")
	}
	text := inScope(d, path[:i], "("+d.Text[a.Value.Pos():a.Value.Stop()]+")", arg.Offset)
	resp, err := s.evaluate(ctx, d, worker.Request{Op: "value", Text: text, Dir: dirOf(d)})
	if err != nil {
		return "", err
	}
	return arg.Attr + " = " + resp.Value.Text, nil
}

// build builds an attribute of a file, by the command line's verb.
func (s *Server) build(ctx context.Context, arg lensArgument, token protocol.ProgressToken) (string, error) {
	if len(s.opts.Worker) == 0 {
		return "", errNoEval
	}
	ctx, progress := s.startProgress(ctx, token, "Building "+arg.Attr)
	defer progress.end("")
	args := []string{"build", "--no-link", "--print-out-paths", "--file", arg.File}
	if arg.Attr != "" {
		args = append(args, arg.Attr)
	}
	cmd := exec.CommandContext(ctx, s.opts.Worker[0], args...)
	cmd.Dir = filepath.Dir(arg.File)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var err error
	waiting(ctx, func() { err = cmd.Run() })
	if err != nil {
		text := strings.TrimSpace(stderr.String())
		if len(text) > 2000 {
			text = "... " + strings.ToValidUTF8(text[len(text)-2000:], "")
		}
		return "", refusal("%s", text)
	}
	return strings.TrimSpace(stdout.String()), nil
}

// docsAt returns the page about the library function at an offset.
func (s *Server) docsAt(_ context.Context, d *document.Snapshot, off ast.Pos) (string, bool) {
	sel, i := cursor.Innermost[*ast.Select](cursor.Path(d.File().Root, off))
	if i < 0 {
		return "", false
	}
	names, ok := cursor.StaticPath(sel.Path)
	x, isIdent := sel.X.(*ast.Ident)
	if !ok || !isIdent {
		return "", false
	}
	if x.Name == "pkgs" && len(names) > 1 && names[0] == "lib" {
		names = names[1:]
	} else if x.Name != "lib" && x.Name != "builtins" {
		return "", false
	}
	top := "lib"
	if x.Name == "builtins" {
		top = "builtins"
	}
	return fmt.Sprintf("https://noogle.dev/f/%s/%s", top, strings.Join(names, "/")), true
}
