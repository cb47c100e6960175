package document

import (
	"path/filepath"
	"sync"

	"go.lsp.dev/uri"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// Snapshot is one version of one text. It is immutable and may be shared
// between goroutines.
type Snapshot struct {
	URI     uri.URI
	Path    string // of the file; empty for texts that are not files
	Version int32
	Text    string
	// Open says that an editor owns the text, rather than the disk.
	Open bool

	enc    Encoding
	mapper sync.Once
	m      *Mapper
	memo   memo
}

// New makes a snapshot. Texts of more than 1 GiB are an error.
func New(u uri.URI, version int32, text string, enc Encoding) (*Snapshot, error) {
	if err := checkLength(text); err != nil {
		return nil, err
	}
	return &Snapshot{URI: u, Path: PathOf(u), Version: version, Text: text, enc: enc}, nil
}

// PathOf returns the path of a file URI, and "" for all others.
func PathOf(u uri.URI) string {
	if u.Scheme() != "file" {
		return ""
	}
	return filepath.Clean(u.FsPath())
}

// Mapper returns the position mapper of the text.
func (s *Snapshot) Mapper() *Mapper {
	s.mapper.Do(func() { s.m = NewMapper(s.Text, s.enc) })
	return s.m
}

// Change is one edit of a text. A nil Range replaces the whole.
type Change struct {
	Range *[2]Position
	Text  string
}

// Apply makes the snapshot of the next version. Each change sees the text that
// the one before it left behind.
func (s *Snapshot) Apply(version int32, changes []Change) (*Snapshot, error) {
	text, m := s.Text, s.Mapper()
	for i, c := range changes {
		if c.Range == nil {
			text = c.Text
		} else {
			span := m.Span(c.Range[0], c.Range[1])
			text = text[:span.Start] + c.Text + text[span.End:]
		}
		if err := checkLength(text); err != nil {
			return nil, err
		}
		if i+1 < len(changes) {
			m = NewMapper(text, s.enc)
		}
	}
	next, err := New(s.URI, version, text, s.enc)
	if err != nil {
		return nil, err
	}
	next.Open = s.Open
	return next, nil
}

// File returns the syntax tree of the text, without tokens and comments: most
// requests need neither, and every keystroke pays.
func (s *Snapshot) File() *ast.File { return tree.Of(s) }

var tree = NewAnalysis(func(s *Snapshot) *ast.File {
	name := s.Path
	if name == "" {
		name = string(s.URI)
	}
	return parser.Parse(name, s.Text, parser.PipeOperators)
})
