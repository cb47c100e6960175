package lsp

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/document"
)

var update = flag.Bool("update", false, "rewrite golden sections of testdata/*.txtar")

// Each testdata/*.txtar is an editor session: its sections are the files of a
// workspace, all of them open, and comments in them say what the editor asks and
// what it must get to hear:
//
//	let x = 1; in x #@ definition("x", "a.nix:1:5")
//
// The first argument is a piece of the line; the cursor stands at its start, or
// where the piece has a ‸. A comment on a line of its own is about the line
// above. An argument @name is the section of that name, which -update rewrites.
// Sections settings.json and links (name -> target) prepare the workspace.
func TestSessions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no sessions", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			runSession(t, file)
		})
	}
}

// session is one running txtar file.
type session struct {
	*client
	t       *testing.T
	archive *txtar.Archive
	file    string
	texts   map[string]string
	goldens map[string]bool
}

// mark is one question.
type mark struct {
	name string // of the function
	args []string
	file string
	line int // from zero, that it is about
	self int // where it stands
}

func runSession(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, archive: archive, file: file, texts: map[string]string{}, goldens: map[string]bool{}}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	opts := clientOptions{dir: dir, options: Options{
		NixPath: []string{"proj=" + dir, "nixpkgs=" + filepath.Join(dir, "nixpkgs"), filepath.Join(dir, "channels")}, Home: filepath.Join(dir, "home"),
		System: "x86_64-linux",
	}}
	for _, f := range archive.Files {
		if f.Name == "nixpkgs/default.nix" {
			opts.options.Worker = []string{os.Args[0], "eval-worker"}
		}
	}
	for _, f := range archive.Files {
		switch {
		case strings.HasPrefix(f.Name, "@"):
		case f.Name == "settings.json":
			opts.settings = string(f.Data)
		default:
			s.texts[f.Name] = string(f.Data)
			path := filepath.Join(dir, f.Name)
			os.MkdirAll(filepath.Dir(path), 0o777)
			if err := os.WriteFile(path, f.Data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.client = connect(t, opts)
	var marks []mark
	for _, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".nix") && s.texts[f.Name] != "" {
			s.open(f.Name, s.texts[f.Name])
			marks = append(marks, marksOf(t, f.Name, s.texts[f.Name])...)
		}
	}
	if len(marks) == 0 {
		t.Fatal("the session asks nothing")
	}
	for _, m := range marks {
		ask := questions[m.name]
		if ask == nil {
			t.Errorf("%s:%d: there is no question %s", m.file, m.self+1, m.name)
			continue
		}
		if len(m.args) == 0 {
			t.Errorf("%s:%d: %s needs an expectation", m.file, m.self+1, m.name)
			continue
		}
		n := len(m.args) - 1
		got := strings.ReplaceAll(ask(s, m, m.args[:n]), "file://"+dir+"/", "")
		s.expect(m, m.args[n], strings.ReplaceAll(got, dir+"/", ""))
	}
	s.checkDiagnostics(marks)
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "@") && !s.goldens[f.Name] {
			t.Errorf("nothing refers to section %s", f.Name)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

var (
	markComment = regexp.MustCompile(`# ?@\s*(\w+)\((.*)\)\s*$`)
	markArg     = regexp.MustCompile("^\\s*(\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|@[\\w.-]+)\\s*(,|$)")
)

func marksOf(t *testing.T, file, text string) []mark {
	var out []mark
	code := 0
	for i, line := range strings.Split(text, "\n") {
		m := markComment.FindStringSubmatchIndex(line)
		if m == nil {
			code = i
			continue
		}
		if strings.TrimSpace(line[:m[0]]) != "" {
			code = i
		}
		mk := mark{name: line[m[2]:m[3]], file: file, line: code, self: i}
		for rest := line[m[4]:m[5]]; strings.TrimSpace(rest) != ""; {
			a := markArg.FindStringSubmatch(rest)
			if a == nil {
				t.Fatalf("%s:%d: bad argument: %s", file, i+1, rest)
			}
			arg := a[1]
			if arg[0] != '@' {
				unquoted, err := strconv.Unquote(arg)
				if err != nil {
					t.Fatalf("%s:%d: bad argument: %s", file, i+1, arg)
				}
				arg = "=" + unquoted
			}
			mk.args = append(mk.args, arg)
			rest = rest[len(a[0]):]
		}
		out = append(out, mk)
	}
	return out
}

// expect compares an answer with an argument.
func (s *session) expect(m mark, want, got string) {
	s.t.Helper()
	where := fmt.Sprintf("%s: %s:%d: %s", s.file, m.file, m.self+1, m.name)
	if text, ok := strings.CutPrefix(want, "="); ok {
		if got != text {
			s.t.Errorf("%s:\n got %s\nwant %s", where, got, text)
		}
		return
	}
	s.goldens[want] = true
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	for i, f := range s.archive.Files {
		if f.Name == want {
			if *update {
				s.archive.Files[i].Data = []byte(got)
			} else if diff := cmp.Diff(string(f.Data), got); diff != "" {
				s.t.Errorf("%s (-want +got):\n%s", where, diff)
			}
			return
		}
	}
	if !*update {
		s.t.Errorf("%s: there is no section %s; got\n%s", where, want, got)
	}
	s.archive.Files = append(s.archive.Files, txtar.File{Name: want, Data: []byte(got)})
}

// at finds the cursor that an argument means, in the line of the question.
func (s *session) at(m mark, arg string) protocol.TextDocumentPositionParams {
	s.t.Helper()
	arg = strings.TrimPrefix(arg, "=")
	line := strings.Split(s.texts[m.file], "\n")[m.line]
	text := strings.Replace(arg, "‸", "", 1)
	i := strings.Index(line, text)
	if i < 0 {
		s.t.Fatalf("%s: %s:%d: no %q in the line", s.file, m.file, m.self+1, text)
	}
	if j := strings.Index(arg, "‸"); j >= 0 {
		i += j
	}
	return protocol.TextDocumentPositionParams{
		TextDocument: s.docID(s.uri(m.file)), Position: pos(uint32(m.line), uint32(utf16Len(line[:i]))),
	}
}

// rangeAt finds the piece of the line that an argument means.
func (s *session) rangeAt(m mark, arg string) protocol.Range {
	p := s.at(m, arg).Position
	if strings.Contains(arg, "‸") {
		return protocol.Range{Start: p, End: p}
	}
	return protocol.Range{Start: p, End: pos(p.Line, p.Character+uint32(utf16Len(strings.TrimPrefix(arg, "="))))}
}

func utf16Len(s string) (n int) {
	for _, r := range s {
		n++
		if r >= 0x10000 {
			n++
		}
	}
	return n
}

func (s *session) name(u uri.URI) string {
	rel, err := filepath.Rel(s.dir, u.FsPath())
	if err != nil {
		return string(u)
	}
	return rel
}

// show writes a range as people count: lines and columns from one.
func show(r protocol.Range) string {
	if r.Start.Line == r.End.Line {
		return fmt.Sprintf("%d:%d-%d", r.Start.Line+1, r.Start.Character+1, r.End.Character+1)
	}
	return fmt.Sprintf("%d:%d-%d:%d", r.Start.Line+1, r.Start.Character+1, r.End.Line+1, r.End.Character+1)
}

// checkDiagnostics compares the diagnostics of every file that has diag marks:
// each diagnostic must have its mark on its first line, and the other way round.
func (s *session) checkDiagnostics(marks []mark) {
	byFile := map[string][]mark{}
	for _, m := range marks {
		if m.name == "diag" {
			byFile[m.file] = append(byFile[m.file], m)
		}
	}
	for file, marks := range byFile {
		var got, want []string
		for _, d := range s.waitDiagnostics(s.uri(file)) {
			got = append(got, fmt.Sprintf("%s:%d: %v: %s", file, d.Range.Start.Line+1, d.Code, d.Message))
		}
		for _, m := range marks {
			if len(m.args) == 2 {
				want = append(want, fmt.Sprintf("%s:%d: %s: %s", file, m.line+1, m.args[0][1:], m.args[1][1:]))
			}
		}
		sort.Strings(got)
		sort.Strings(want)
		if diff := cmp.Diff(want, got); diff != "" {
			s.t.Errorf("%s: diagnostics of %s (-want +got):\n%s", s.file, file, diff)
		}
	}
}

// applied makes edits to a file of the session, and leaves out the questions.
func (s *session) applied(file string, edits []protocol.TextEdit) string {
	d, err := document.New(s.uri(file), 1, s.texts[file], document.UTF16)
	if err != nil {
		s.t.Fatal(err)
	}
	var list []analysis.Edit
	for _, e := range edits {
		list = append(list, analysis.Edit{Span: spanOf(d, e.Range), New: e.NewText})
	}
	var out []string
	for _, line := range strings.Split(analysis.Apply(d.Text, list), "\n") {
		if m := markComment.FindStringIndex(line); m != nil {
			if strings.TrimSpace(line[:m[0]]) == "" {
				continue
			}
			line = strings.TrimRight(line[:m[0]], " ")
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// places writes locations, in order.
func (s *session) places(list []protocol.Location) string {
	var out []string
	for _, l := range list {
		out = append(out, s.name(l.URI)+":"+show(l.Range))
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}

// changed writes the lines that an edit of the workspace changes.
func (s *session) changed(edit *protocol.WorkspaceEdit) string {
	if edit == nil {
		return "nothing"
	}
	var out []string
	for _, c := range edit.DocumentChanges {
		change, ok := c.(*protocol.TextDocumentEdit)
		if !ok {
			if create, ok := c.(*protocol.CreateFile); ok {
				out = append(out, "create "+s.name(create.URI))
			}
			continue
		}
		name := s.name(change.TextDocument.URI)
		var edits []protocol.TextEdit
		for _, e := range change.Edits {
			edits = append(edits, *e.(*protocol.TextEdit))
		}
		before, after := strings.Split(s.applied(name, nil), "\n"), strings.Split(s.applied(name, edits), "\n")
		for i, line := range after {
			if i >= len(before) || line != before[i] {
				out = append(out, fmt.Sprintf("%s:%d: %s", name, i+1, line))
			}
		}
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// questions are what a session can ask. Each returns the answer as text.
var questions = map[string]func(s *session, m mark, args []string) string{
	// diag is answered for the whole file at once.
	"diag": func(_ *session, m mark, args []string) string { return strings.TrimPrefix(m.args[len(m.args)-1], "=") },
	"symbols": func(s *session, m mark, _ []string) string {
		r, err := s.DocumentSymbol(context.Background(), &protocol.DocumentSymbolParams{TextDocument: s.docID(s.uri(m.file))})
		if err != nil {
			return err.Error()
		}
		var b strings.Builder
		var list func([]protocol.DocumentSymbol, string)
		list = func(syms []protocol.DocumentSymbol, indent string) {
			for _, sym := range syms {
				detail := ""
				if sym.Detail != nil {
					detail = " " + *sym.Detail
				}
				fmt.Fprintf(&b, "%s%s kind=%d %s%s\n", indent, sym.Name, sym.Kind, show(sym.Range), detail)
				list(sym.Children, indent+"  ")
			}
		}
		list(r.(protocol.DocumentSymbolSlice), "")
		return b.String()
	},
	"folds": func(s *session, m mark, _ []string) string {
		r, err := s.FoldingRanges(context.Background(), &protocol.FoldingRangeParams{TextDocument: s.docID(s.uri(m.file))})
		if err != nil {
			return err.Error()
		}
		var b strings.Builder
		for _, f := range r {
			fmt.Fprintf(&b, "%d:%d-%d:%d %s\n", f.StartLine+1, *f.StartCharacter+1, f.EndLine+1, *f.EndCharacter+1, f.Kind)
		}
		return b.String()
	},
	"selection": func(s *session, m mark, args []string) string {
		at := s.at(m, args[0])
		r, err := s.SelectionRange(context.Background(), &protocol.SelectionRangeParams{TextDocument: at.TextDocument, Positions: []protocol.Position{at.Position}})
		if err != nil {
			return err.Error()
		}
		var out []string
		for sel := &r[0]; sel != nil; sel = sel.Parent {
			out = append(out, show(sel.Range))
		}
		return strings.Join(out, " ")
	},
	"highlight": func(s *session, m mark, args []string) string {
		r, err := s.DocumentHighlight(context.Background(), &protocol.DocumentHighlightParams{TextDocumentPositionParams: s.at(m, args[0])})
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, h := range r {
			text := show(h.Range)
			if h.Kind == protocol.DocumentHighlightKindWrite {
				text += "!"
			}
			out = append(out, text)
		}
		return strings.Join(out, " ")
	},
	"tokens": func(s *session, m mark, _ []string) string {
		r, err := s.SemanticTokensFull(context.Background(), &protocol.SemanticTokensParams{TextDocument: s.docID(s.uri(m.file))})
		if err != nil {
			return err.Error()
		}
		return showTokens(s.texts[m.file], r.Data)
	},
	"definition": func(s *session, m mark, args []string) string {
		r, err := s.Definition(context.Background(), &protocol.DefinitionParams{TextDocumentPositionParams: s.at(m, args[0])})
		if err != nil {
			return err.Error()
		}
		list, _ := r.(protocol.LocationSlice)
		return s.places(list)
	},
	"declaration": func(s *session, m mark, args []string) string {
		r, err := s.Declaration(context.Background(), &protocol.DeclarationParams{TextDocumentPositionParams: s.at(m, args[0])})
		if err != nil {
			return err.Error()
		}
		list, _ := r.(protocol.LocationSlice)
		return s.places(list)
	},
	"references": func(s *session, m mark, args []string) string {
		r, err := s.References(context.Background(), &protocol.ReferenceParams{
			TextDocumentPositionParams: s.at(m, args[0]), Context: protocol.ReferenceContext{IncludeDeclaration: true},
		})
		if err != nil {
			return err.Error()
		}
		return s.places(r)
	},
	// uses are the references without those that define the name.
	"uses": func(s *session, m mark, args []string) string {
		r, err := s.References(context.Background(), &protocol.ReferenceParams{TextDocumentPositionParams: s.at(m, args[0])})
		if err != nil {
			return err.Error()
		}
		return s.places(r)
	},
	// rename answers with the lines that change, in all files.
	"rename": func(s *session, m mark, args []string) string {
		at := s.at(m, args[0])
		_, err := s.PrepareRename(context.Background(), &protocol.PrepareRenameParams{TextDocumentPositionParams: at})
		if err != nil {
			return err.Error()
		}
		r, err := s.Rename(context.Background(), &protocol.RenameParams{TextDocumentPositionParams: at, NewName: args[1][1:]})
		if err != nil {
			return err.Error()
		}
		return s.changed(r)
	},
	"move": func(s *session, m mark, args []string) string {
		r, err := s.WillRenameFiles(context.Background(), &protocol.RenameFilesParams{Files: []protocol.FileRename{
			{OldURI: string(s.uri(args[0][1:])), NewURI: string(s.uri(args[1][1:]))},
		}})
		if err != nil {
			return err.Error()
		}
		return s.changed(r)
	},
	"workspaceSymbols": func(s *session, m mark, args []string) string {
		r, err := s.Symbols(context.Background(), &protocol.WorkspaceSymbolParams{Query: args[0][1:]})
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, sym := range r.(protocol.SymbolInformationSlice) {
			out = append(out, fmt.Sprintf("%s (%s:%s)", sym.Name, *sym.ContainerName, show(sym.Location.Range)))
		}
		return strings.Join(out, ", ")
	},
	"calls": func(s *session, m mark, args []string) string {
		items, err := s.PrepareCallHierarchy(context.Background(), &protocol.CallHierarchyPrepareParams{TextDocumentPositionParams: s.at(m, args[0])})
		if err != nil || len(items) == 0 {
			return fmt.Sprint(err)
		}
		in, err1 := s.IncomingCalls(context.Background(), &protocol.CallHierarchyIncomingCallsParams{Item: items[0]})
		out, err2 := s.OutgoingCalls(context.Background(), &protocol.CallHierarchyOutgoingCallsParams{Item: items[0]})
		if err1 != nil || err2 != nil {
			return fmt.Sprint(err1, err2)
		}
		text := items[0].Name + ":"
		for _, c := range in {
			text += fmt.Sprintf(" <- %s %d", c.From.Name, len(c.FromRanges))
		}
		for _, c := range out {
			text += fmt.Sprintf(" -> %s %d", c.To.Name, len(c.FromRanges))
		}
		return text
	},
	// action answers with the titles of what is offered, or, given the start of a
	// title, with the file after that.
	"action": func(s *session, m mark, args []string) string {
		p := &protocol.CodeActionParams{TextDocument: s.docID(s.uri(m.file)), Range: s.rangeAt(m, args[0])}
		if len(args) > 1 && strings.Contains(args[1], "safe fix") {
			p.Context.Only = []protocol.CodeActionKind{protocol.CodeActionKindSourceFixAll}
		}
		r, err := s.CodeAction(context.Background(), p)
		if err != nil {
			return err.Error()
		}
		var titles []string
		for _, item := range r {
			a := item.(*protocol.CodeAction)
			titles = append(titles, a.Title)
			if len(args) < 2 || !strings.HasPrefix(a.Title, args[1][1:]) || a.Edit == nil {
				continue
			}
			out := ""
			for _, c := range a.Edit.DocumentChanges {
				change, ok := c.(*protocol.TextDocumentEdit)
				if !ok {
					continue
				}
				var edits []protocol.TextEdit
				for _, e := range change.Edits {
					edits = append(edits, *e.(*protocol.TextEdit))
				}
				if name := s.name(change.TextDocument.URI); name != m.file {
					out += "new file " + name + ":\n" + edits[0].NewText + "\n"
				} else {
					out += s.applied(name, edits)
				}
			}
			return out
		}
		if len(args) > 1 {
			return "none of: " + strings.Join(titles, "; ")
		}
		return strings.Join(titles, "; ")
	},
	// complete answers with the first labels; given a name, with the documentation
	// of that item.
	"complete": func(s *session, m mark, args []string) string {
		r, err := s.Completion(context.Background(), &protocol.CompletionParams{TextDocumentPositionParams: s.at(m, args[0])})
		if err != nil {
			return err.Error()
		}
		list := r.(*protocol.CompletionList)
		var out []string
		for _, item := range list.Items {
			out = append(out, item.Label)
			if len(args) > 1 && item.Label == args[1][1:] {
				full, err := s.CompletionResolve(context.Background(), &item)
				if err != nil {
					return err.Error()
				}
				detail, _ := full.Detail.Get()
				doc, _ := full.Documentation.(*protocol.MarkupContent)
				if doc == nil {
					doc = &protocol.MarkupContent{}
				}
				return detail + "\n" + full.TextEdit.(*protocol.TextEdit).NewText + "\n" + doc.Value
			}
		}
		if len(out) > 8 {
			out = append(out[:8], "...")
		}
		return strings.Join(out, " ")
	},
	"hover": func(s *session, m mark, args []string) string {
		r, err := s.Hover(context.Background(), &protocol.HoverParams{TextDocumentPositionParams: s.at(m, args[0])})
		if err != nil {
			return err.Error()
		}
		if r == nil {
			return ""
		}
		return r.Contents.(*protocol.MarkupContent).Value
	},
	"signature": func(s *session, m mark, args []string) string {
		r, err := s.SignatureHelp(context.Background(), &protocol.SignatureHelpParams{TextDocumentPositionParams: s.at(m, args[0])})
		if err != nil || r == nil {
			return fmt.Sprint(err)
		}
		active, _ := r.ActiveParameter.Get()
		return fmt.Sprintf("%s [%d]", r.Signatures[0].Label, active)
	},
	// options answers with what the evaluator says of the options in the line.
	"options": func(s *session, m mark, _ []string) string {
		deadline := time.Now().Add(30 * time.Second)
		for time.Now().Before(deadline) {
			var out []string
			any := false
			for _, d := range s.waitDiagnostics(s.uri(m.file)) {
				if code := fmt.Sprint(d.Code); code == "unknown-option" || code == "option-type" {
					any = true
					if int(d.Range.Start.Line) == m.line {
						out = append(out, fmt.Sprintf("%s: %s", code, d.Message))
					}
				}
			}
			if any {
				return strings.Join(out, "; ")
			}
			time.Sleep(20 * time.Millisecond)
		}
		return "nothing"
	},
	// evaluation answers with what evaluating the file reports.
	"evaluation": func(s *session, m mark, _ []string) string {
		deadline := time.Now().Add(30 * time.Second)
		for time.Now().Before(deadline) {
			for _, d := range s.waitDiagnostics(s.uri(m.file)) {
				if fmt.Sprint(d.Code) == "evaluation" {
					return fmt.Sprintf("%s:%d:%d: %s", m.file, d.Range.Start.Line+1, d.Range.Start.Character+1, d.Message)
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
		return "nothing"
	},
	"lenses": func(s *session, m mark, _ []string) string {
		r, err := s.CodeLens(context.Background(), &protocol.CodeLensParams{TextDocument: s.docID(s.uri(m.file))})
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, l := range r {
			out = append(out, fmt.Sprintf("%d:%s", l.Range.Start.Line+1, l.Command.Title))
		}
		return strings.Join(out, " ")
	},
	// run runs the lens of a title in the line of the question.
	"run": func(s *session, m mark, args []string) string {
		r, err := s.CodeLens(context.Background(), &protocol.CodeLensParams{TextDocument: s.docID(s.uri(m.file))})
		if err != nil {
			return err.Error()
		}
		for _, l := range r {
			if int(l.Range.Start.Line) == m.line && l.Command.Title == args[0][1:] {
				answer, err := s.ExecuteCommand(context.Background(), &protocol.ExecuteCommandParams{Command: l.Command.Command, Arguments: l.Command.Arguments})
				return fmt.Sprintf("%s %v", answer, err)
			}
		}
		return "no such lens"
	},
	"hints": func(s *session, m mark, _ []string) string {
		r, err := s.InlayHint(context.Background(), &protocol.InlayHintParams{TextDocument: s.docID(s.uri(m.file)), Range: span(0, 0, 1000, 0)})
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, h := range r {
			out = append(out, fmt.Sprintf("%d:%d %s", h.Position.Line+1, h.Position.Character+1, h.Label))
		}
		return strings.Join(out, ", ")
	},
	"format": func(s *session, m mark, args []string) string {
		var edits []protocol.TextEdit
		var err error
		if len(args) > 0 {
			edits, err = s.RangeFormatting(context.Background(), &protocol.DocumentRangeFormattingParams{TextDocument: s.docID(s.uri(m.file)), Range: s.rangeAt(m, args[0])})
		} else {
			edits, err = s.Formatting(context.Background(), &protocol.DocumentFormattingParams{TextDocument: s.docID(s.uri(m.file))})
		}
		if err != nil {
			return err.Error()
		}
		return s.applied(m.file, edits)
	},
	// type is what the editor does after a character was typed before the cursor.
	"type": func(s *session, m mark, args []string) string {
		at := s.at(m, args[0])
		if strings.HasSuffix(args[0], `\n`) {
			at.Position = pos(at.Position.Line+1, 0)
		}
		edits, err := s.OnTypeFormatting(context.Background(), &protocol.DocumentOnTypeFormattingParams{
			TextDocument: at.TextDocument, Position: at.Position, Ch: args[1][1:],
		})
		if err != nil {
			return err.Error()
		}
		return s.applied(m.file, edits)
	},
	"links": func(s *session, m mark, _ []string) string {
		r, err := s.DocumentLink(context.Background(), &protocol.DocumentLinkParams{TextDocument: s.docID(s.uri(m.file))})
		if err != nil {
			return err.Error()
		}
		var b strings.Builder
		for _, l := range r {
			fmt.Fprintf(&b, "%s %s\n", show(l.Range), *l.Target)
		}
		return b.String()
	},
}

// showTokens writes each token with its text. It counts columns in bytes, for
// the sessions that ask are ASCII.
func showTokens(text string, data []uint32) string {
	lines := strings.Split(text, "\n")
	var b strings.Builder
	line, char := uint32(0), uint32(0)
	for ; len(data) >= 5; data = data[5:] {
		if data[0] > 0 {
			line, char = line+data[0], 0
		}
		char += data[1]
		fmt.Fprintf(&b, "%d:%d %s %s", line+1, char+1, lines[line][char:char+data[2]], tokenLegend.TokenTypes[data[3]])
		for i, mod := range tokenLegend.TokenModifiers {
			if data[4]&(1<<i) != 0 {
				b.WriteString(" " + mod)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
